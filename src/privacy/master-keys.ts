import { deriveKey, open } from './cipher.js';

/** The keys that are derived from the master keys in the file, and the one that finds persons. */
export interface MasterKeys {
  /**
   * They open the persons' keys: the one that a rotation changes to first, then earlier ones. New
   * persons' keys are wrapped by the one that wraps the stored lookup key, so that all processes
   * can open them before, during and after a rotation.
   */
  readonly wrapping: readonly [Buffer, ...Buffer[]];
  /** The key of the HMAC of user ids by which the table finds a person. */
  readonly lookup: Buffer;
}

/** The keys that follow from a master key that was never rotated. @param masterKey 32 bytes. */
export function masterKeysOf(masterKey: Buffer): MasterKeys {
  return { wrapping: [wrappingKeyOf(masterKey)], lookup: deriveKey(masterKey, 'person lookup') };
}

/** Tries the keys one after the other. Throws the first error if none opens the value. */
export function openWithAny(keys: MasterKeys['wrapping'], wrapped: Buffer, context: string): Buffer {
  let first: unknown;
  for (const key of keys) {
    try {
      return open(key, wrapped, context);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}

/** The key that wraps the persons' keys. @param masterKey 32 bytes. */
export function wrappingKeyOf(masterKey: Buffer): Buffer {
  return deriveKey(masterKey, 'person key wrapping');
}

/** Whether a key opens a value. */
export function opens(key: Buffer, wrapped: Buffer, context: string): boolean {
  try {
    open(key, wrapped, context);
    return true;
  } catch {
    return false;
  }
}
