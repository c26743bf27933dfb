const quote = '"';
const [quoteCode, backslash, colon] = [0x22, 0x5c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];
const [space, tab, lineFeed, carriageReturn] = [0x20, 0x09, 0x0a, 0x0d];

/**
 * A name that an object of a JSON text has twice. JSON.parse keeps the last of its values: another
 * program that reads the text, such as a proxy, may take the first.
 *
 * Names are compared only if the text has more of them than the value. So a text that merely looks
 * like that, with colons and braces within its strings, takes no longer than any other.
 * @param text valid JSON.
 * @param names the number of names of all objects of the parsed value.
 */
export function repeatedName(text: string, names: number): string | undefined {
  return namesIn(text) === names ? undefined : findRepeated(text);
}

/** The number of names in a JSON text, each as often as it is there. Exported for tests. */
export function namesIn(text: string): number {
  let count = 0;
  for (let start = text.indexOf(quote); start !== -1; ) {
    const end = endOfString(text, start);
    if (hasColonAfter(text, end)) count += 1;
    start = text.indexOf(quote, end + 1);
  }
  return count;
}

/** The index of the quote that ends the string that begins at an index. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf(quote, start + 1); ; end = text.indexOf(quote, end + 1)) {
    let at = end;
    while (text.charCodeAt(at - 1) === backslash) at -= 1;
    // Two backslashes are one of the string, which does not escape the quote.
    if ((end - at) % 2 === 0) return end;
  }
}

function hasColonAfter(text: string, end: number): boolean {
  let next = end + 1;
  while (isBlank(text.charCodeAt(next))) next += 1;
  return text.charCodeAt(next) === colon;
}

function isBlank(code: number): boolean {
  return code === space || code === lineFeed || code === carriageReturn || code === tab;
}

function findRepeated(text: string): string | undefined {
  /** The names of each object or array that is open; undefined as long as it has none. */
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === openBrace || code === openBracket) open.push(undefined);
    else if (code === closeBrace || code === closeBracket) open.pop();
    else if (code === quoteCode) {
      const end = endOfString(text, at);
      if (hasColonAfter(text, end)) {
        const name: string = JSON.parse(text.slice(at, end + 1));
        const names = open.at(-1) ?? new Set();
        if (names.has(name)) return name;
        open[open.length - 1] = names.add(name);
      }
      at = end;
    }
  }
  return undefined;
}
