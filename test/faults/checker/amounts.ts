/** Currencies whose minor unit is not a hundredth (ISO 4217). Runs use no others. */
const decimals: Record<string, number> = { JPY: 0, KRW: 0, CLP: 0, VND: 0, BHD: 3, JOD: 3, KWD: 3, OMR: 3, TND: 3 };

export function decimalsOf(currency: string): number {
  return decimals[currency] ?? 2;
}

/** An amount of a request, in units of 10^-places; null if it is no decimal with so few places. */
export function parseDecimal(amount: unknown, places: number): bigint | null {
  const text = typeof amount === 'number' ? plainNumber(amount) : amount;
  const parts = typeof text === 'string' ? /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) : null;
  if (!parts) return null;
  const [, sign, whole, fraction = ''] = parts;
  const kept = fraction.slice(0, places).padEnd(places, '0');
  if (/[1-9]/.test(fraction.slice(places))) return null;
  return BigInt(`${sign}${whole}${kept}`);
}

/** Writes a number without an exponent. */
function plainNumber(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text;
}

/** Minor units as the JSON number of a response. */
export function toMajor(minor: bigint, currency: string): number {
  return Number(`${minor}e-${decimalsOf(currency)}`);
}

/** Minor units of an amount of a response; throws if it has more decimals than the currency. */
export function toMinor(amount: unknown, currency: string): bigint {
  const minor = parseDecimal(amount, decimalsOf(currency));
  if (minor === null) throw new Error(`${JSON.stringify(amount)} is no amount of ${currency}`);
  return minor;
}
