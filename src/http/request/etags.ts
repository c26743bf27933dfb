/** One entity tag: W/ if it is weak, and the text between its quotes (RFC 9110, 8.8.3). */
const entityTag = /^(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/;

/**
 * The suffixes that proxies add to a tag when they compress a response: Apache `-gzip`, others the
 * name of their encoding. nginx makes the tag weak instead.
 */
const encodingSuffix = /-(gzip|br|zstd)$/;

/**
 * The tags in If-Match or If-None-Match, without quotes. Undefined if the header is not a list of
 * tags. Weak tags and tags with the suffix of an encoding count as the tag that this service sent:
 * RFC 9110 lets no weak tag match in If-Match, but then a client behind a compressing proxy could
 * not use If-Match.
 */
export function entityTags(header: string): string[] | undefined {
  const tags: string[] = [];
  let rest = header.trim();
  for (;;) {
    // Empty elements of a list are legal (RFC 9110, 5.6.1).
    rest = rest.replace(/^[\s,]+/, '');
    if (rest === '') return tags;
    const [whole, tag] = entityTag.exec(rest) ?? [];
    if (whole === undefined || tag === undefined) return undefined;
    tags.push(tag.replace(encodingSuffix, ''));
    rest = rest.slice(whole.length).trimStart();
    if (rest !== '' && !rest.startsWith(',')) return undefined;
  }
}
