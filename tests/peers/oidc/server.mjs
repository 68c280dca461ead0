// The authorization server's configuration, and the count of what it granted and refused.

import { randomBytes, X509Certificate } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { clients, SCOPES } from './clients.mjs';
import { pages } from './pages.mjs';

export async function authorizationServer(issuer, tls, dir, { selfSigned }) {
  const certificate = (ctx) => {
    const raw = ctx.socket.getPeerCertificate?.()?.raw;
    return raw && new X509Certificate(raw);
  };
  const provider = new Provider(issuer, {
    clients: await clients(dir, selfSigned),
    jwks: { keys: [await key('RS256', 'rsa-1'), await key('ES256', 'ec-1')] },
    scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
    claims: { openid: ['sub'], email: ['email'] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.test` }),
    }),
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt',
      'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'],
    cookies: { keys: [randomBytes(16).toString('hex')] },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    // RFC 8705 section 5: where a client certificate is looked at.
    discovery: {
      mtls_endpoint_aliases: Object.fromEntries(
        [['token', '/token'], ['revocation', '/token/revocation'], ['introspection', '/token/introspection'],
          ['pushed_authorization_request', '/request'], ['device_authorization', '/device/auth']]
          .map(([name, path]) => [`${name}_endpoint`, tls + path]),
      ),
    },
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    // Each refresh token works once; one that comes again ends them all.
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      requestObjects: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: certificate,
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
          property === 'tls_client_auth_subject_dn' && certificate(ctx)?.subject === expected,
      },
      resourceIndicators: {
        enabled: true,
        // Without a `resource` the token is opaque, as this server has it by default.
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: SCOPES,
          audience: resource,
          accessTokenTTL: resource.includes('short') && ctx.oidc.params.grant_type !== 'refresh_token' ? 1 : 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: resource.includes('es256') ? 'ES256' : 'RS256' } },
        }),
      },
    },
  });
  return { provider, counts: counted(provider), page: pages(provider) };
}

async function key(alg, kid) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, kid, use: 'sig' };
}

// What came of each token request: `{ "client grant ok": 2, "client grant invalid_grant": 1 }`.
function counted(provider) {
  const counts = {};
  const count = (ctx, outcome) => {
    const name = `${ctx.oidc.client?.clientId} ${ctx.oidc.params?.grant_type} ${outcome}`;
    counts[name] = (counts[name] ?? 0) + 1;
  };
  provider.on('grant.success', (ctx) => count(ctx, 'ok'));
  provider.on('grant.error', (ctx, error) => count(ctx, error.error));
  return counts;
}
