const formats = new Map<string, Intl.NumberFormat>();

/** An amount in major units with its currency: "€1,234.50". */
export function money(amount: number, currency: string): string {
  const format =
    formats.get(currency) ??
    new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
  formats.set(currency, format);
  return format.format(amount);
}

/** An amount for a headline: above a thousand without its decimals. */
export function roundMoney(amount: number, currency: string): string {
  if (Math.abs(amount) < 1_000) return money(amount, currency);
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    maximumFractionDigits: 0,
  }).format(amount);
}

/** A large amount in few characters, for axes and tiles: "€12.3K". */
export function shortMoney(amount: number, currency: string): string {
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    notation: 'compact',
    maximumFractionDigits: 1,
  }).format(amount);
}

/** An amount of an event, which is in minor units. */
export function minorMoney(minor: number, currency: string): string {
  const digits =
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
  return money(minor / 10 ** digits, currency);
}
