const illFormed = /[\0\p{Surrogate}]/u;

/** The rule for all text from outside, as the end of a sentence that begins with a field's name. */
export const wellFormedRule = 'must be well-formed Unicode without U+0000';

/**
 * Whether a text can be stored and compared everywhere. A lone surrogate has no UTF-8, so different
 * texts would be stored and hashed as the same bytes. PostgreSQL stores no U+0000.
 */
export function isWellFormed(text: string): boolean {
  return !illFormed.test(text);
}

export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
