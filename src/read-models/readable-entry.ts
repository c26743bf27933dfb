/**
 * Describes an entry of a read model to people who look at differences: the order it belongs to,
 * its name within the order, and its content as JSON. May throw if the entry cannot be decoded.
 *
 * @param key the key within the generation.
 * @param entry the entry within the key: a hash field, a set member or a list index.
 * @param text the stored text; undefined if there is none.
 */
export type ReadableEntry = (
  key: string,
  entry: string,
  text: string | undefined,
) => { readonly orderId?: string | undefined; readonly entry?: string; readonly text: string | undefined };
