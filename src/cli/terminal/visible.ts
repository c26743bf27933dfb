/** Control characters besides line breaks and tabs, and those that change the direction of text. */
const unsafe = /(?!\t|\n|\r\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Replaces the characters of a text that a terminal would obey. Notes, reasons and the names of
 * callers come from strangers: control characters in them could hide lines, or type commands.
 */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
