// A certified OpenID Connect server (npm `oidc-provider`) and an API behind it, on loopback.
//
// The API verifies every token with `jose` against the server's JWKS, as a real one would: nothing here
// shares code or keys with hallpass. Prints `listening http://127.0.0.1:PORT`; ends when its input does.

import { createServer } from 'node:http';
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { Provider } from 'oidc-provider';

const SCOPES = 'orders.read orders.write';

// Breaks a client which does not form-encode before Basic (RFC 6749 section 2.3.1); visible ASCII, appendix A.
const ODD = '50%25+a&b=c:d/e f?g';

const server = createServer();
server.listen(0, '127.0.0.1', async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = await authorizationServer(issuer);
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const callback = provider.callback();
  server.on('request', (request, response) => {
    const path = new URL(request.url, issuer).pathname;
    if (path.startsWith('/api/')) api(request, response, issuer, keys, path);
    else callback(request, response);
  });
  console.log(`listening ${issuer}`);
});
process.stdin.on('end', () => process.exit(0)).resume();

async function authorizationServer(issuer) {
  const rsa = await key('RS256', 'rsa-1');
  const ec = await key('ES256', 'ec-1');
  const client = (client_id, client_secret, token_endpoint_auth_method) => ({
    client_id,
    client_secret,
    token_endpoint_auth_method,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    scope: SCOPES,
  });
  return new Provider(issuer, {
    clients: [
      client('plain', 'plain-secret', 'client_secret_basic'),
      client('in-body', ODD, 'client_secret_post'),
      client('odd:id/1%', ODD, 'client_secret_basic'),
    ],
    jwks: { keys: [rsa, ec] },
    scopes: SCOPES.split(' '),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // Without a `resource` the token is opaque, as this server has it by default.
        defaultResource: () => undefined,
        getResourceServerInfo: (_, resource) => ({
          scope: SCOPES,
          audience: resource,
          accessTokenTTL: 600,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: resource.includes('es256') ? 'ES256' : 'RS256' } },
        }),
      },
    },
  });
}

async function key(alg, kid) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, kid, use: 'sig' };
}

// GET /api/NAME wants a token whose audience is `https://NAME.example.test/`; POST the scope orders.write too.
async function api(request, response, issuer, keys, path) {
  const audience = `https://${path.split('/')[2]}.example.test/`;
  const answer = (status, body, challenge) => {
    if (challenge) response.setHeader('WWW-Authenticate', `Bearer realm="orders"${challenge}`);
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const token = /^Bearer ([^\s]+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!token) return answer(401, { error: 'no token' }, '');
  let claims;
  try {
    ({ payload: claims } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' }));
  } catch (error) {
    const text = error.message.replaceAll('"', "'");
    return answer(401, { error: text }, `, error="invalid_token", error_description="${text}"`);
  }
  if (request.method === 'POST' && !(claims.scope ?? '').split(' ').includes('orders.write')) {
    return answer(403, { error: 'scope' }, ', error="insufficient_scope", scope="orders.write"');
  }
  return answer(request.method === 'POST' ? 201 : 200, { ok: true, ...claims });
}
