import { withdrawnCurrencies } from './withdrawn-currencies.js';

/**
 * The active ISO 4217 currencies by their minor-unit exponent, the number of decimals that an
 * amount may have. Intl is no source for it: it follows CLDR, which shows some currencies (IQD,
 * AFN, …) with fewer decimals than ISO 4217 defines.
 */
const byExponent: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW ' +
    'CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ' +
    'ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV ' +
    'MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD ' +
    'SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const exponents = new Map<string, number>(
  Object.entries(byExponent).flatMap(([exponent, codes]) => codes.split(' ').map((code) => [code, Number(exponent)])),
);

/** The month of withdrawal of each withdrawn currency, as YYYY-MM. */
const withdrawals = new Map<string, string>();
for (const [exponent, entries] of Object.entries(withdrawnCurrencies)) {
  for (const entry of entries.split(' ')) {
    const [code = '', month = ''] = entry.split(':');
    exponents.set(code, Number(exponent));
    withdrawals.set(code, month);
  }
}

/**
 * Every currency code that an order may have, withdrawn ones included, in alphabetical order.
 */
export const currencyCodes: readonly string[] = [...exponents.keys()].sort();

/** Returns the number of decimals of a currency, or undefined if ISO 4217 has no such code. */
export function currencyExponent(code: string): number | undefined {
  return exponents.get(code);
}

/** The exponent of almost all currencies. */
const usualExponent = 2;

/**
 * Returns the number of decimals of the currency of an order that exists. Reading never depends on
 * the codes that this version of the service accepts: an order in another code, which a newer
 * version placed, is shown with two decimals.
 */
export function exponentOf(code: string): number {
  return exponents.get(code) ?? usualExponent;
}

/** Returns the month, YYYY-MM, in which ISO 4217 withdrew a currency. Undefined if it is active. */
export function withdrawnIn(code: string): string | undefined {
  return withdrawals.get(code);
}
