import { signIn, signOut } from '../api/session.js';
import type { Access } from '../api/types.js';

/**
 * Finishes a sign-in at the token issuer: the issuer has sent the browser back to this page with a
 * code. The code of the protocol is loaded only then.
 */
export async function finishSignIn({ oidc }: Access): Promise<void> {
  const query = new URLSearchParams(location.search);
  if (!oidc || !(query.has('code') || query.has('error')) || !query.has('state')) return;
  const returned = new URL(location.href);
  // The code works once, and it does not belong into the history of the browser.
  history.replaceState(null, '', `${location.pathname}${location.hash}`);
  try {
    const { redeemCode } = await import('./oidc.js');
    const { token, hash } = await redeemCode(oidc, returned);
    if (hash !== '') location.hash = hash;
    signIn(token);
  } catch (error) {
    signOut(`The sign-in did not finish: ${error instanceof Error ? error.message : String(error)}`);
  }
}
