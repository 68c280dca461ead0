// Certificates of one run, made by openssl in the forms in which people have them: a CA, the server's own,
// one for a client signed by the CA (key apart, PKCS#8), one that is self-signed (SEC1 key in the same file).

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';

export function certificates(dir) {
  const at = (name) => join(dir, name);
  const read = (name) => readFileSync(at(name), 'utf8');
  const openssl = (...words) => execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Without one of our own the distribution's adds extensions.
  writeFileSync(at('openssl.cnf'), '[req]\ndistinguished_name = dn\n[dn]\n');
  const certificate = (name, subject, key, ...more) =>
    openssl('req', '-x509', '-config', at('openssl.cnf'), '-new', '-key', at(key), '-out', at(name),
      '-days', '30', '-subj', subject, ...more.flatMap((m) => (m.includes('=') ? ['-addext', m] : [m])));
  const ec = ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  openssl(...ec, '-out', at('ca.key'));
  openssl(...ec, '-out', at('server.key'));
  openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048', '-out', at('client.key'));
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('self.key'));
  certificate('ca.pem', '/CN=hallpass peer CA', 'ca.key', 'basicConstraints=critical,CA:TRUE',
    'keyUsage=critical,keyCertSign,cRLSign', 'subjectKeyIdentifier=hash');
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), 'basicConstraints=critical,CA:FALSE'];
  certificate('server.pem', '/CN=127.0.0.1', 'server.key', ...signed, 'subjectAltName=IP:127.0.0.1');
  certificate('client.pem', '/CN=signed-client', 'client.key', ...signed, 'extendedKeyUsage=clientAuth');
  certificate('self.pem', '/CN=self-signed-client', 'self.key', 'basicConstraints=critical,CA:FALSE');
  writeFileSync(at('self-both.pem'), read('self.pem') + read('self.key'));
  const self = new X509Certificate(read('self.pem'));
  return {
    server: { key: read('server.key'), cert: read('server.pem'), ca: read('ca.pem') },
    // The public half as a client registers it (RFC 8705 section 2.2.2).
    selfSigned: { ...self.publicKey.export({ format: 'jwk' }), x5c: [self.raw.toString('base64')] },
  };
}
