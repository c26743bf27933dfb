/** The issuer's keys can't be had, so nobody can tell whether a token is good. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}
