import { orderLimits } from '../limits.js';

/** An amount as callers give it: a JSON number or a decimal string, in major units. */
export type MoneyInput = number | string;

/** Integer minor units, or the reason why the input is not an amount of the currency. */
export type ParsedMoney = { readonly minor: number } | { readonly error: string };

const [zero, nine, point] = [0x30, 0x39, 0x2e];

/**
 * Converts an amount in major units to integer minor units, exactly, without floating-point
 * fractions. The value counts, not the digits: zeros at either end change nothing, so "59.9800",
 * ".5" and "012.00" are amounts of dollars, and "705.00" is one of yen. A number is read in its
 * shortest decimal form. Up to 15 digits, that is the text that the caller wrote; the limit rejects
 * longer ones.
 */
export function parseMoney(input: MoneyInput, exponent: number): ParsedMoney {
  const plain = plainMinor(String(input), exponent);
  if (plain !== undefined) return { minor: plain };
  const text = typeof input === 'number' ? plainDecimal(input) : input;
  if (text === undefined) return { error: 'must be a finite number' };
  const match = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text);
  const [, sign, whole = '', decimals = ''] = match ?? [];
  if (whole + decimals === '') return { error: 'must be a decimal number such as 59.98 or "59.98"' };
  const fraction = decimals.replace(/0+$/, '');
  if (sign && /[1-9]/.test(whole + fraction)) return { error: 'must not be negative' };
  if (fraction.length > exponent) return { error: `must have at most ${exponent} decimals` };
  // Integers up to the limit are exact as numbers; rounding cannot bring larger ones below it.
  const minor = Number(whole + fraction.padEnd(exponent, '0'));
  if (minor > orderLimits.maxAmountMinor) {
    return { error: `must be at most ${formatMinor(orderLimits.maxAmountMinor, exponent)}` };
  }
  return { minor };
}

/**
 * Parses the common form, digits with at most one point before or among them, without a regular
 * expression. Returns undefined for any other text: `parseMoney` then examines it in full. Each
 * step is exact, or its result exceeds the limit.
 */
function plainMinor(text: string, exponent: number): number | undefined {
  if (text === '') return undefined;
  let minor = 0;
  let pointAt = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= zero && code <= nine) minor = minor * 10 + code - zero;
    else if (code === point && pointAt === text.length) pointAt = at;
    else return undefined;
  }
  const decimals = Math.max(0, text.length - pointAt - 1);
  if (pointAt === text.length - 1 || decimals > exponent) return undefined;
  minor *= 10 ** (exponent - decimals);
  return minor <= orderLimits.maxAmountMinor ? minor : undefined;
}

/** Writes a number without an exponent, so that its decimals can be counted: 1e-7 → 0.0000001. */
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

/** Formats minor units in major units with all decimals of the currency: 2000 → "20.00". */
export function formatMinor(minor: number | bigint, exponent: number): string {
  const negative = minor < 0;
  const digits = String(negative ? -minor : minor).padStart(exponent + 1, '0');
  const cut = digits.length - exponent;
  const text = exponent === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`;
  return negative ? `-${text}` : text;
}

/**
 * Converts integer minor units of at most `orderLimits.maxAmountMinor` to a number in major units:
 * the number whose shortest decimal form is the amount. One division suffices, since IEEE 754
 * rounds the quotient of two exact numbers to the same double as the decimal itself.
 */
export function toMajor(minor: number, exponent: number): number {
  return minor / 10 ** exponent;
}
