const base = 36;
/** Numbers below this have at most two digits. */
const twoDigitNumbers = base * base;
/** The texts of all numbers with up to two digits, without and with a leading zero. */
const texts = Array.from({ length: twoDigitNumbers }, (_, number) => number.toString(base));
const padded = texts.map((text) => text.padStart(2, '0'));

/**
 * Writes an integer in base 36, as `Number.prototype.toString` does, in a fifth of the time: V8
 * divides floating-point numbers for each digit.
 */
export function base36(number: number): string {
  if (!Number.isSafeInteger(number)) return number.toString(base);
  if (number < 0) return `-${base36(-number)}`;
  if (number < twoDigitNumbers) return texts[number] ?? '';
  const upper = Math.floor(number / twoDigitNumbers);
  return base36(upper) + padded[number - upper * twoDigitNumbers];
}

/** The number at the beginning of a text; NaN if there is none. */
export function fromBase36(text: string): number {
  return Number.parseInt(text, base);
}
