/** A format is costly to make, so each one is kept. */
const formats = new Map<string, Intl.NumberFormat>();

function formatOf(currency: string, style: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${style} ${currency}`;
  const format =
    formats.get(key) ??
    // The narrow symbols would be "$" for eight currencies.
    new Intl.NumberFormat('en', { style: 'currency', currency, ...options });
  formats.set(key, format);
  return format;
}

/** An amount in major units with its currency: "€1,234.50". */
export function money(amount: number, currency: string): string {
  return formatOf(currency, 'full', {}).format(amount);
}

/** A headline has room for this many characters, in the narrowest of its tiles. */
const headlineLength = 10;

/** An amount for a headline: above a thousand without its decimals, and "¥117.7M" if it is long. */
export function roundMoney(amount: number, currency: string): string {
  if (Math.abs(amount) < 1_000) return money(amount, currency);
  const text = formatOf(currency, 'round', { maximumFractionDigits: 0 }).format(amount);
  return text.length > headlineLength ? shortMoney(amount, currency) : text;
}

/** A large amount in few characters, for axes and tiles: "€12.3K". */
export function shortMoney(amount: number, currency: string): string {
  return formatOf(currency, 'short', { notation: 'compact', maximumFractionDigits: 1 }).format(amount);
}

/** An amount of an event, which is in minor units. */
export function minorMoney(minor: number, currency: string): string {
  const digits = formatOf(currency, 'full', {}).resolvedOptions().maximumFractionDigits ?? 2;
  return money(minor / 10 ** digits, currency);
}
