// APIs that verify what they are sent. GET /api/NAME wants a token whose audience is
// `https://NAME.example.test/`, POST the scope orders.write too. A token bound to a key (`cnf.jkt`) wants a
// DPoP proof with a nonce of this API's own (RFC 9449 section 9); one bound to a certificate wants that
// certificate (RFC 8705 section 3). GET /denied/JTI puts a token on the deny list; GET /counts tells what
// the token endpoint granted and refused.

import { createHash, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';

const sha256 = (data) => createHash('sha256').update(data).digest('base64url');

export function protectedApi({ issuer, jwks, counts }) {
  const denied = new Set();
  const proofs = new Set();
  const nonce = randomBytes(8).toString('hex');

  return async (origin, request, response) => {
    const [, kind, name] = new URL(request.url, origin).pathname.split('/');
    const answer = (status, body, challenge) => {
      if (challenge) response.setHeader('WWW-Authenticate', challenge);
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (kind === 'counts') return answer(200, counts);
    if (kind === 'denied') return answer(200, { denied: [...denied.add(name)] });
    const [, scheme, token] = /^(Bearer|DPoP) ([^\s]+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (!token) return answer(401, { error: 'no token' }, 'Bearer realm="orders", DPoP algs="ES256 RS256 Ed25519"');
    const refuse = (error, text, status = 401, more = '') =>
      answer(status, { error: text }, `${scheme} realm="orders", error="${error}", `
        + `error_description="${text.replaceAll('"', "'")}"${more}`);
    let claims;
    try {
      const audience = `https://${name}.example.test/`;
      ({ payload: claims } = await jwtVerify(token, jwks, { issuer, audience, typ: 'at+jwt' }));
    } catch (error) {
      return refuse('invalid_token', error.message);
    }
    if (denied.has(claims.jti)) return refuse('invalid_token', 'this token was withdrawn');
    if (claims.cnf?.['x5t#S256']) {
      const raw = request.socket.getPeerCertificate?.()?.raw;
      if (!raw || sha256(raw) !== claims.cnf['x5t#S256']) {
        return refuse('invalid_token', 'the token belongs to another certificate, or none came');
      }
    }
    if (Boolean(claims.cnf?.jkt) !== (scheme === 'DPoP')) {
      return refuse('invalid_token', `a token of another kind than ${scheme}`);
    }
    if (scheme === 'DPoP') {
      response.setHeader('DPoP-Nonce', nonce);
      let why;
      try {
        why = await wrong(request, `${origin}${new URL(request.url, origin).pathname}`, token, claims);
      } catch (error) {
        why = ['invalid_dpop_proof', error.message];
      }
      if (why) return refuse(...why);
    }
    if (request.method === 'POST' && !(claims.scope ?? '').split(' ').includes('orders.write')) {
      return refuse('insufficient_scope', 'scope', 403, ', scope="orders.write"');
    }
    return answer(request.method === 'POST' ? 201 : 200, { ok: true, ...claims });
  };

  // Why a proof does not do (RFC 9449 section 4.3), as error and text; undefined: it does.
  async function wrong(request, url, token, claims) {
    const proof = request.headers.dpop ?? '';
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' });
    const not = (text) => ['invalid_dpop_proof', text];
    if ('d' in protectedHeader.jwk) return not('a private key in the header');
    if (payload.htm !== request.method) return not('htm');
    if (payload.htu !== url) return not(`htu ${payload.htu} is not ${url}`);
    if (payload.ath !== sha256(token)) return not('ath');
    if (Math.abs(payload.iat - Date.now() / 1000) > 60) return not('iat');
    if (await calculateJwkThumbprint(protectedHeader.jwk) !== claims.cnf.jkt) return not('another key');
    if (payload.nonce !== nonce) return ['use_dpop_nonce', 'a nonce, please'];
    if (!payload.jti || proofs.has(payload.jti)) return not('a jti that came before');
    proofs.add(payload.jti);
  }
}
