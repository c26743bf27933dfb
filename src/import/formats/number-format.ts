import { Refused } from '../refused.js';

/** How a file writes numbers. */
export interface NumberFormat {
  /** The character before the decimals: a point, or what `--decimal` says. */
  readonly decimal: string;
  /** The character between groups of digits, as `--thousands` says. Undefined if there is none. */
  readonly thousands: string | undefined;
  /** The text before or after amounts that `--currency-sign` names. Undefined if there is none. */
  readonly currencySign: string | undefined;
}

export const plainNumbers: NumberFormat = { decimal: '.', thousands: undefined, currencySign: undefined };

const decimals = ['.', ','];
const separators = ['.', ',', ' ', "'", '_'];
/** Such as $, US$, €, CHF, Rs. or kr. CR and DR mean a credit and a debit. */
const signText = '(?!(?:CR|DR)\\.?(?!\\p{L}))[\\p{L}\\p{Sc}]{1,5}\\.?';
const currencySigns = new RegExp(`^${signText}$`, 'iu');
const blank = '[ \\u00a0\\u202f]';

/** Checks the options for numbers. Throws Error with a message for the user. */
export function numberFormat(decimal = '.', thousands?: string, currencySign?: string): NumberFormat {
  if (!decimals.includes(decimal)) throw new Error(`--decimal "${decimal}": use a point or a comma`);
  if (thousands !== undefined && !separators.includes(thousands)) {
    throw new Error(`--thousands "${thousands}": use one of ${separators.map((one) => `"${one}"`).join(' ')}`);
  }
  if (thousands === decimal) throw new Error(`--decimal and --thousands are both "${decimal}"`);
  if (currencySign !== undefined && !currencySigns.test(currencySign)) {
    throw new Error(
      `--currency-sign "${currencySign}": use 1 to 5 letters or currency signs, which may end with a point`,
    );
  }
  return { decimal, thousands, currencySign };
}

/**
 * Returns a function that reads a number of the file as decimal text with a point. Digits are kept
 * as the file has them. The function throws Refused for any other text: nothing is guessed.
 * @param kind whether the currency sign may stand before or after the number.
 */
export function numberReader(
  { decimal, thousands, currencySign }: NumberFormat,
  kind: 'amount' | 'count',
): (text: string) => string {
  const point = escaped(decimal);
  const plain = new RegExp(`^-?(?:\\d+${point}?\\d*|${point}\\d+)$`);
  // The last group has three digits. Groups before it have two or three, as in 12,34,567.00.
  const group = thousands === undefined ? undefined : groupPattern(thousands);
  const grouped = group && new RegExp(`^-?\\d{1,3}(?:${group}\\d{2,3})*${group}\\d{3}(?:${point}\\d*)?$`);
  const groups = group && new RegExp(group, 'g');
  const withoutSign = signRemover(kind === 'amount' ? currencySign : undefined);
  return (given) => {
    const text = withoutSign(given);
    if (plain.test(text)) return decimal === '.' ? text : text.replace(decimal, '.');
    if (grouped && groups && grouped.test(text)) return text.replace(groups, '').replace(decimal, '.');
    const reason = (kind === 'amount' && signHint(text, decimal, thousands)) || hint(text, decimal, thousands);
    throw new Refused(`"${shortened(given)}" is not a number${reason || ': correct the cell'}`);
  };
}

/** Removes the sign before or after a number, with a blank between them, and keeps a minus. */
function signRemover(sign: string | undefined): (text: string) => string {
  if (sign === undefined) return (text) => text;
  const escapedSign = sign.replace(/[$.]/g, '\\$&');
  const before = new RegExp(`^(-?)${escapedSign}${blank}?`, 'u');
  const after = new RegExp(`${blank}?${escapedSign}$`, 'u');
  return (text) => (before.test(text) ? text.replace(before, '$1') : text.replace(after, ''));
}

/** A blank also stands for the non-breaking blanks, and an apostrophe for the typographic one. */
function groupPattern(thousands: string): string {
  if (thousands === ' ') return blank;
  return thousands === "'" ? "['\\u2019]" : escaped(thousands);
}

/** An amount with a sign before or after it. */
const signed = new RegExp(
  `^-?(${signText})?${blank}?(-?[\\d.,'’](?:[\\d.,'’ \\u00a0\\u202f]*[\\d.,'’])?)${blank}?(${signText})?$`,
  'iu',
);
/** Other characters for a minus, one after the number, or brackets, as accountants write it. */
const otherMinus = /^\([\d.,]+\)$|^[^\d]{0,6}[\u2010-\u2015\u2212\ufe63\uff0d][^\d]{0,6}\d|\d\s?[-\u2212]$/u;

function escaped(character: string): string {
  return `\\${character}`.replace('\\_', '_');
}

function signHint(text: string, decimal: string, thousands: string | undefined): string | undefined {
  const [, before, amount = '', after] = signed.exec(text) ?? [];
  const sign = before ?? after;
  if (sign === undefined) return undefined;
  const others = hint(amount, decimal, thousands).replace(/^: set /, ' and ');
  return `: set --currency-sign '${sign}'${others}; the currency is a column or --set currency=CODE`;
}

function hint(text: string, decimal: string, thousands: string | undefined): string {
  if (otherMinus.test(text)) return ': write a negative number as -12.00';
  const digits = text.replace(/^-/, '');
  if (/^\d{1,3}(?:\.\d{3})+,\d*$/.test(digits)) return ': set --decimal , and --thousands .';
  if (/^\d{1,3}(?:,\d{2,3})*,\d{3}\.\d*$/.test(digits) || /^\d{1,3}(?:,\d{3}){2,}$/.test(digits))
    return ': set --thousands ,';
  if (/^\d{1,3},\d{3}$/.test(digits)) return ': set --thousands , or --decimal ,';
  if (/^\d*,\d+$/.test(digits)) return ': set --decimal ,';
  if (/^\d{1,3}(?:\.\d{3})+$/.test(digits) && decimal === ',') return ': set --thousands .';
  if (/^\d+\.\d+$/.test(digits) && decimal === ',') return ` with --decimal ,`;
  if (/^\d{1,3}(?:[ \u00a0\u202f]\d{3})+[.,]?\d*$/.test(digits)) return ": set --thousands ' '";
  if (/^\d{1,3}(?:['\u2019]\d{3})+[.,]?\d*$/.test(digits)) return `: set --thousands "'"`;
  if (/^\d+(?:[.,]\d+)?e[+-]?\d+$/i.test(digits)) return ': write it without an exponent';
  return thousands === undefined ? '' : ` with --decimal ${decimal} and --thousands ${inShell(thousands)}`;
}

function inShell(character: string): string {
  if (character === "'") return `"'"`;
  return character === ' ' ? "' '" : character;
}

/** Keeps a message short whatever a cell holds. */
export function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
