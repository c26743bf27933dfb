/** Control characters besides line breaks and tabs, and those that turn the direction of text. */
const unsafe = /(?!\t|\n|\r\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A text as a screen may show it. Notes, reasons and the names of callers come from strangers. A
 * terminal obeys control characters in them: they could hide lines, or type into it.
 */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
