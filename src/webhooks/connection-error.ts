/** Sentences for the error codes of Node and OpenSSL whose own messages explain little. */
const explanations: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before a response arrived',
  EPIPE: 'the connection was closed while the request was sent',
  ETIMEDOUT: 'the connection was not accepted in time',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EADDRNOTAVAIL: 'this host has no address of that kind',
  ENOTFOUND: 'the name does not exist',
  EAI_AGAIN: 'the name could not be resolved at this time',
  EPROTO: 'the TLS handshake failed',
  CERT_HAS_EXPIRED: 'the certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is signed by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is signed by an authority that is not trusted',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_REVOKED: 'the certificate was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
  HPE_HEADER_OVERFLOW: 'the headers of the response are too long',
};

function explanationOf(code: string): string | undefined {
  if (Object.hasOwn(explanations, code)) return explanations[code];
  // The texts of OpenSSL name its source files, and those of the HTTP parser its states.
  if (code.startsWith('ERR_SSL_')) return explanations.EPROTO;
  return code.startsWith('HPE_') ? 'the response is not valid HTTP/1.1' : undefined;
}

interface SystemError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
}

/**
 * Describes in words why a connection or a request failed, with the address that was called. Node
 * tries all addresses of a name and then reports an AggregateError, whose own message is empty: its
 * errors are described one by one.
 */
export function describeConnectionError(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(describeConnectionError))].join('; ');
  }
  if (!(error instanceof Error)) return String(error);
  const { code, address, hostname, port } = error as SystemError;
  const explanation = code === undefined ? undefined : explanationOf(code);
  if (explanation === undefined) {
    // fetch and jose wrap the cause in an error that says only "fetch failed".
    if (error.cause instanceof Error) return describeConnectionError(error.cause);
    return error.message || code || error.name;
  }
  const host = address ?? hostname;
  if (host === undefined) return explanation;
  const called = host.includes(':') ? `[${host}]` : host;
  return `${called}${port === undefined ? '' : `:${port}`}: ${explanation}`;
}
