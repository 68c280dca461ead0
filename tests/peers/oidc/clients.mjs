// Who may ask: one client for each way to authenticate and to log in. Private keys are written for the
// client beside the certificates, as PEM (PKCS#8) or JWK.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';

export const SCOPES = 'orders.read orders.write';

// Breaks a client which does not form-encode before Basic (RFC 6749 section 2.3.1); visible ASCII, appendix A.
const ODD = '50%25+a&b=c:d/e f?g';
const LONG = 'a secret of at least thirty-two characters';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
// A native application may come back to any port of these (RFC 8252 section 7.3).
const LOOPBACK = ['http://127.0.0.1/callback', 'http://127.0.0.1/', 'http://127.0.0.1'];

const machine = (client_id, token_endpoint_auth_method, more = {}) => ({
  client_id,
  token_endpoint_auth_method,
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  scope: SCOPES,
  ...more,
});

const app = (client_id, token_endpoint_auth_method, more = {}) => ({
  client_id,
  token_endpoint_auth_method,
  application_type: 'native',
  grant_types: ['authorization_code', 'refresh_token', DEVICE],
  response_types: ['code'],
  redirect_uris: LOOPBACK,
  scope: `openid offline_access email ${SCOPES}`,
  ...more,
});

export async function clients(dir, selfSigned) {
  const signing = async (name, alg, form) => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `${name}-1`;
    const text = form === 'jwk'
      ? JSON.stringify({ ...(await exportJWK(privateKey)), alg, kid })
      : await exportPKCS8(privateKey);
    writeFileSync(join(dir, `${name}.${form}`), text, { mode: 0o600 });
    return { jwks: { keys: [{ ...(await exportJWK(publicKey)), alg, kid, use: 'sig' }] } };
  };
  const bound = { tls_client_certificate_bound_access_tokens: true };
  return [
    machine('plain', 'client_secret_basic', { client_secret: 'plain-secret' }),
    machine('in-body', 'client_secret_post', { client_secret: ODD }),
    machine('odd:id/1%', 'client_secret_basic', { client_secret: ODD }),
    machine('secret-jwt', 'client_secret_jwt', { client_secret: LONG }),
    machine('rs256', 'private_key_jwt', await signing('rs256', 'RS256', 'pem')),
    machine('ps256', 'private_key_jwt', await signing('ps256', 'PS256', 'jwk')),
    machine('es256', 'private_key_jwt', await signing('es256', 'ES256', 'pem')),
    machine('eddsa', 'private_key_jwt', await signing('eddsa', 'Ed25519', 'jwk')),
    machine('dpop', 'client_secret_basic', { client_secret: 'plain-secret', dpop_bound_access_tokens: true }),
    machine('tls-signed', 'tls_client_auth', { tls_client_auth_subject_dn: 'CN=signed-client', ...bound }),
    machine('tls-self', 'self_signed_tls_client_auth', { jwks: { keys: [selfSigned] }, ...bound }),
    app('app', 'none'),
    app('app-secret', 'client_secret_basic', { client_secret: 'app-secret' }),
    app('app-crowd', 'client_secret_basic', { client_secret: 'app-secret' }),
    app('app-pushed', 'none', { require_pushed_authorization_requests: true }),
    app('app-dpop', 'none', { dpop_bound_access_tokens: true }),
    app('app-signed', 'private_key_jwt', {
      ...(await signing('app-signed', 'ES256', 'pem')),
      require_signed_request_object: true,
    }),
  ];
}
