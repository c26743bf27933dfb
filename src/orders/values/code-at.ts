const { charCodeAt } = String.prototype;

/**
 * The UTF-16 code at a place of a text; NaN behind its end. The same as `text.charCodeAt(at)` for loops over characters: there V8 looks the method up
 * anew for each character once it has met texts of more than four kinds (whole, sliced, concatenated, internalized, …), which takes three times
 * as long as the rest.
 */
export function codeAt(text: string, at: number): number {
  return charCodeAt.call(text, at);
}
