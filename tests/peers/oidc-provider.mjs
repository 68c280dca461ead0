// A certified OpenID Connect server (npm `oidc-provider`) and APIs behind it, on loopback.
//
// Three origins: the issuer, the API, and the same two behind TLS that asks for a client certificate.
// The API verifies every token with `jose` against the server's JWKS, as a real one would: nothing here
// shares code or keys with hallpass. Prints one line, `listening {"issuer","api","tls","keys"}`, where
// `keys` is a directory with what a client needs; ends, and removes it, when its input does.

import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet } from 'jose';
import { protectedApi } from './oidc/api.mjs';
import { certificates } from './oidc/certificates.mjs';
import { authorizationServer } from './oidc/server.mjs';

const keys = mkdtempSync(join(tmpdir(), 'hallpass-peer-'));
process.on('exit', () => rmSync(keys, { recursive: true, force: true }));
process.stdin.on('end', () => process.exit(0)).resume();

const listening = (server) =>
  new Promise((done) => server.listen(0, '127.0.0.1', () => done(`127.0.0.1:${server.address().port}`)));

const made = certificates(keys);
const plain = createServer();
const behind = createServer();
const secure = createTlsServer({ ...made.server, requestCert: true, rejectUnauthorized: false });
const issuer = `http://${await listening(plain)}`;
const api = `http://${await listening(behind)}`;
const tls = `https://${await listening(secure)}`;

const { provider, counts, page } = await authorizationServer(issuer, tls, keys, made);
const callback = provider.callback();
const jwks = createRemoteJWKSet(new URL(`${issuer}/jwks`));
const resource = protectedApi({ issuer, jwks, counts });

const authorize = (request, response) => page(request, response) || callback(request, response);
plain.on('request', authorize);
behind.on('request', (request, response) => resource(api, request, response));
secure.on('request', (request, response) => {
  if (request.url.startsWith('/api/')) resource(tls, request, response);
  else authorize(request, response);
});
console.log(`listening ${JSON.stringify({ issuer, api, tls, keys })}`);
