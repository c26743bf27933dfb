/** The issuer's keys cannot be read, so tokens cannot be verified. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}
