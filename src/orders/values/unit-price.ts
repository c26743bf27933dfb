import { orderLimits } from '../limits.js';
import { type MoneyInput, parseMoney, toMajor } from './money.js';

const microExponent = orderLimits.maxUnitPriceDecimals;

/**
 * The price of one unit in minor units or, if it is not whole in minor units, in millionths of the
 * major unit.
 */
export type UnitPrice =
  | { readonly minor: number; readonly micro?: undefined }
  | { readonly minor: null; readonly micro: number };

/**
 * Converts a unit price in major units, exactly. It may have more decimals than its currency.
 * Returns the reason if the input is no price.
 */
export function parseUnitPrice(input: MoneyInput, exponent: number): UnitPrice | { readonly error: string } {
  const inMinor = parseMoney(input, exponent);
  if (!('error' in inMinor)) return inMinor;
  if (!/decimals/.test(inMinor.error)) return inMinor;
  const inMicro = parseMoney(input, microExponent);
  if (!('error' in inMicro)) return { minor: null, micro: inMicro.minor };
  if (/decimals/.test(inMicro.error)) return inMicro;
  return { error: `${inMicro.error} if it has more than ${exponent} decimals` };
}

/** The price of a unit of a line, or null twice if the line has none. */
interface LinePrice {
  readonly unitPriceMinor: number | null;
  readonly unitPriceMicro: number | null;
}

/** Returns the price as a number in major units, exact; undefined if the line has none. */
export function unitPriceMajor({ unitPriceMinor, unitPriceMicro }: LinePrice, exponent: number): number | undefined {
  if (unitPriceMinor !== null) return toMajor(unitPriceMinor, exponent);
  return unitPriceMicro === null ? undefined : toMajor(unitPriceMicro, microExponent);
}

/**
 * Returns the price of a number of units in minor units, exactly; undefined if it is not whole in
 * minor units.
 */
export function priceOf(
  { unitPriceMinor, unitPriceMicro }: LinePrice,
  quantity: number,
  exponent: number,
): bigint | undefined {
  if (unitPriceMicro === null) return BigInt(unitPriceMinor ?? 0) * BigInt(quantity);
  const micro = BigInt(unitPriceMicro) * BigInt(quantity);
  const perMinor = 10n ** BigInt(microExponent - exponent);
  return micro % perMinor === 0n ? micro / perMinor : undefined;
}
