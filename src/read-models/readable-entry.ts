/**
 * What an entry of a read model says, for people who look at differences: the order that it is about and what of it, and JSON
 * text instead of the compact form. May throw on an entry that it can't read.
 * @param key the key within the generation. @param entry within the key: a field, a member, or an index.
 * @param text what is stored there; undefined where nothing is.
 */
export type ReadableEntry = (
  key: string,
  entry: string,
  text: string | undefined,
) => { readonly orderId?: string | undefined; readonly entry?: string; readonly text: string | undefined };
