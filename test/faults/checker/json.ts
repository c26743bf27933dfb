/** The value of a JSON text, or undefined if it is none: what servers send is never trusted. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
