import { codeAt } from '../../orders/values/code-at.js';

/** Words of a command, as Redis's protocol sends them. */
export interface EncodedWords {
  readonly count: number;
  readonly bytes: Buffer;
}

/**
 * Words are written here, and copied once all of them are known. One buffer is enough, since
 * nothing is awaited meanwhile.
 */
let scratch = Buffer.allocUnsafe(64 * 1024);
/** A buffer that has become larger than this is not kept. */
const maxKeptBytes = 4 * 1024 * 1024;
/** Bytes around a word, at most: a dollar sign, its length and two line breaks. */
const frameBytes = 20;
/** Bytes that a character takes at most. */
const maxCharacterBytes = 3;
/** Up to this length, writing characters one by one is faster than a call that writes them all. */
const maxShortLength = 48;

const [dollar, carriageReturn, lineFeed, zero] = [0x24, 0x0d, 0x0a, 0x30];

/**
 * Encodes the words of a command. ioredis makes one text of all words, which V8 then copies twice;
 * a step has ten thousand of them.
 */
export function encodeWords(words: readonly (string | number)[]): EncodedWords {
  let end = 0;
  for (const word of words) end = writeWord(typeof word === 'string' ? word : String(word), end);
  const bytes = Buffer.from(scratch.subarray(0, end));
  if (scratch.length > maxKeptBytes) scratch = Buffer.allocUnsafe(64 * 1024);
  return { count: words.length, bytes };
}

/** Writes a word at an index. Returns the index after it. */
function writeWord(word: string, at: number): number {
  const needed = at + maxCharacterBytes * word.length + frameBytes;
  if (needed > scratch.length) {
    const larger = Buffer.allocUnsafe(2 * needed);
    scratch.copy(larger, 0, 0, at);
    scratch = larger;
  }
  // Mostly a character is a byte.
  const start = writeLength(word.length, at);
  const end = start + writeCharacters(word, start);
  if (end - start === word.length) return writeLineBreak(end);
  const afterLength = writeLength(end - start, at);
  return writeLineBreak(afterLength + scratch.write(word, afterLength));
}

/** Writes the characters of a word. Returns the number of their bytes. */
function writeCharacters(word: string, start: number): number {
  if (word.length > maxShortLength) return scratch.write(word, start);
  for (let index = 0; index < word.length; index += 1) {
    const code = codeAt(word, index);
    if (code > 0x7f) return scratch.write(word, start);
    scratch[start + index] = code;
  }
  return word.length;
}

function writeLength(length: number, at: number): number {
  let end = at;
  scratch[end++] = dollar;
  if (length < 100) {
    const tens = Math.floor(length / 10);
    if (tens > 0) scratch[end++] = zero + tens;
    scratch[end++] = zero + length - 10 * tens;
  } else {
    end += scratch.write(String(length), end, 'latin1');
  }
  return writeLineBreak(end);
}

function writeLineBreak(at: number): number {
  scratch[at] = carriageReturn;
  scratch[at + 1] = lineFeed;
  return at + 2;
}
