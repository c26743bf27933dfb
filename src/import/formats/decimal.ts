import { Refused } from '../refused.js';

/** Decimals that are kept: more than any price has. */
const scale = 12;

/** The exact value of a decimal text in units of 10^-12. Throws Refused for more decimals. */
export function decimal(text: string): bigint {
  const negative = text.startsWith('-');
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const decimals = fraction.replace(/0+$/, '');
  if (decimals.length > scale) throw new Refused(`"${text}" has more than ${scale} decimals`);
  const value = BigInt(whole + decimals.padEnd(scale, '0'));
  return negative ? -value : value;
}

/** The shortest text with this value. */
export function decimalText(value: bigint): string {
  const negative = value < 0n;
  const digits = String(negative ? -value : value).padStart(scale + 1, '0');
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  return `${negative ? '-' : ''}${digits.slice(0, -scale)}${fraction && `.${fraction}`}`;
}
