const { charCodeAt } = String.prototype;

/**
 * Returns the UTF-16 code unit at an index of a text, or NaN beyond its end, as
 * `text.charCodeAt(at)` does. It is for loops over characters: there V8 looks the method up again
 * for each character once the loop has seen strings of more than four internal kinds (sliced,
 * concatenated, internalized, …). Those lookups take three times as long as the rest of the loop.
 */
export function codeAt(text: string, at: number): number {
  return charCodeAt.call(text, at);
}
