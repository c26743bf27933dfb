import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of a certification authority that no system trusts, and of a server's certificate. */
export interface PrivateCa {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Creates an authority and a certificate for 127.0.0.1 and localhost, in a folder. */
export function createPrivateCa(folder: string): PrivateCa {
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    path('ca.key'),
    '-out',
    path('ca.crt'),
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  );
  openssl('req', ...newKey, '-keyout', path('server.key'), '-out', path('server.csr'), '-subj', '/CN=server');
  writeFileSync(path('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const signing = [
    '-CA',
    path('ca.crt'),
    '-CAkey',
    path('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    path('names'),
  ];
  openssl('x509', '-req', '-in', path('server.csr'), '-out', path('server.crt'), ...signing);
  return { ca: path('ca.crt'), certificate: path('server.crt'), key: path('server.key') };
}

/** The lines by which Redis, or a sentinel, serves TLS on a port, and uses it for replication. */
export function tlsSettings({ ca, certificate, key }: PrivateCa, port: number): string[] {
  return [
    `tls-port ${port}`,
    `tls-cert-file ${certificate}`,
    `tls-key-file ${key}`,
    `tls-ca-cert-file ${ca}`,
    'tls-auth-clients no',
    'tls-replication yes',
  ];
}
