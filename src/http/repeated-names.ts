const quote = '"';
const [colon, space, tab, lineFeed, carriageReturn] = [0x3a, 0x20, 0x09, 0x0a, 0x0d];

/**
 * A name that an object of a JSON text has twice. JSON.parse keeps the last of its values: another
 * program that reads the text, such as a proxy, may take the first.
 * @param text valid JSON.
 * @param names the names of all objects of the parsed value.
 */
export function repeatedName(text: string, names: number): string | undefined {
  return countPossibleNames(text) === names ? undefined : findRepeated(text);
}

/** Counts the quotes before a colon: those that end names, and any such quotes within strings. */
function countPossibleNames(text: string): number {
  let count = 0;
  for (let at = text.indexOf(quote); at !== -1; at = text.indexOf(quote, at + 1)) {
    let next = at + 1;
    while (isBlank(text.charCodeAt(next))) next += 1;
    if (text.charCodeAt(next) === colon) count += 1;
  }
  return count;
}

function isBlank(code: number): boolean {
  return code === space || code === lineFeed || code === carriageReturn || code === tab;
}

/** A string, with the colon behind a name, or a bracket. */
const tokens = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g;

function findRepeated(text: string): string | undefined {
  /** The names of each object that is open; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  for (const [token, string, isName] of text.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (string !== undefined && isName !== undefined) {
      const name: string = JSON.parse(string);
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}
