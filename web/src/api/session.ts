import { computed, signal } from '@preact/signals';
import type { Access, Caller, Scope } from './types.js';

/**
 * The credential of the signed-in user: an API key, or an access token of the issuer. It is kept
 * for the tab alone, and gone once the tab is closed.
 */
const storedCredential = 'orders-credential';

export const credential = signal<string | null>(sessionStorage.getItem(storedCredential));
/** How callers are identified; undefined until the service has said it. */
export const access = signal<Access | undefined>(undefined);
/** The user who is signed in; undefined until it is known. */
export const caller = signal<Caller | undefined>(undefined);
/** Why the user has to sign in again. */
export const signedOutBecause = signal<string | undefined>(undefined);

/** Whether a user has to sign in before anything can be shown. */
export const needsSignIn = computed(() => access.value?.required === true && credential.value === null);

export function signIn(text: string): void {
  sessionStorage.setItem(storedCredential, text);
  signedOutBecause.value = undefined;
  credential.value = text;
}

export function signOut(because?: string): void {
  sessionStorage.removeItem(storedCredential);
  signedOutBecause.value = because;
  caller.value = undefined;
  credential.value = null;
}

/** Whether the caller has one of the scopes. Parts that no scope permits are not shown. */
export function may(...scopes: readonly Scope[]): boolean {
  return scopes.some((scope) => caller.value?.scopes.includes(scope) ?? false);
}
