import { orderLimits } from '../limits.js';

/** An amount as callers give it: a JSON number or a decimal string, in major units. */
export type MoneyInput = number | string;

/** Integer minor units, or why the input is no amount of that currency. */
export type ParsedMoney = { readonly minor: number } | { readonly error: string };

const [zero, nine, point] = [0x30, 0x39, 0x2e];
const maxPlainLength = 15;

/**
 * Reads an amount in major units as integer minor units, exactly: no float arithmetic is involved.
 * A number is read by its shortest decimal form, which is what the caller wrote for up to 15 digits;
 * more are refused by the limit.
 */
export function parseMoney(input: MoneyInput, exponent: number): ParsedMoney {
  const plain = plainMinor(String(input), exponent);
  if (plain !== undefined) return { minor: plain };
  const text = typeof input === 'number' ? plainDecimal(input) : input;
  if (text === undefined) return { error: 'must be a finite number' };
  const match = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/.exec(text);
  if (!match) return { error: 'must be a decimal number such as 59.98 or "59.98"' };
  const [, sign, whole = '', fraction = ''] = match;
  if (sign && /[1-9]/.test(whole + fraction)) return { error: 'must not be negative' };
  if (fraction.length > exponent) return { error: `must have no more than ${exponent} decimals` };
  // Whole numbers up to the limit are exact as a number, and those above it stay above it.
  const minor = Number(whole + fraction.padEnd(exponent, '0'));
  if (minor > orderLimits.maxAmountMinor) {
    return { error: `must be at most ${formatMinor(orderLimits.maxAmountMinor, exponent)}` };
  }
  return { minor };
}

/** Most amounts are a few digits with a point among them: those without a regular expression. Undefined: what needs a closer look. */
function plainMinor(text: string, exponent: number): number | undefined {
  // With so few digits every step is exact, or ends above the limit.
  if (text === '' || text.length > maxPlainLength || (text.charCodeAt(0) === zero && text.charCodeAt(1) !== point))
    return undefined;
  let minor = 0;
  let pointAt = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= zero && code <= nine) minor = minor * 10 + code - zero;
    else if (code === point && pointAt === text.length && at > 0) pointAt = at;
    else return undefined;
  }
  const decimals = Math.max(0, text.length - pointAt - 1);
  if (pointAt === text.length - 1 || decimals > exponent) return undefined;
  minor *= 10 ** (exponent - decimals);
  return minor <= orderLimits.maxAmountMinor ? minor : undefined;
}

/** A number without an exponent part: 1e-7 becomes 0.0000001, so that "too many decimals" is seen as such. */
function plainDecimal(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined;
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign = '', digit = '', decimals = '', power = '0'] = match;
  const shift = Number(power);
  return shift < 0
    ? `${sign}0.${'0'.repeat(-shift - 1)}${digit}${decimals}`
    : sign + digit + decimals.padEnd(shift, '0');
}

/** Integer minor units as a decimal in major units, with exactly the currency's decimals: 2000 → "20.00". */
export function formatMinor(minor: number | bigint, exponent: number): string {
  const negative = minor < 0;
  const digits = String(negative ? -minor : minor).padStart(exponent + 1, '0');
  const cut = digits.length - exponent;
  const text = exponent === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`;
  return negative ? `-${text}` : text;
}

/**
 * Integer minor units as a number in major units, for amounts within `orderLimits.maxAmountMinor`: the very number whose shortest decimal
 * form is the amount. IEEE 754 rounds a quotient of two exact numbers as it rounds the decimal itself, so no sum or text is needed.
 */
export function toMajor(minor: number, exponent: number): number {
  return minor / 10 ** exponent;
}
