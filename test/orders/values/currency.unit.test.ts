import { expect } from 'chai';
import { currencyCodes, currencyExponent, exponentOf, withdrawnIn } from '../../../src/orders/values/currency.js';

/**
 * Every code that a released version has accepted, by its exponent. Codes may be added here, but
 * none may be removed or moved: logs hold orders in them.
 */
const everAccepted: Record<number, string> = {
  0:
    'ADP BEC BEF BEL BIF BYB BYR CLP DJF ESA ESB ESP GNF GRD ISK ITL JPY KMF KRW LUC LUF LUL MGF PTE PYG ROL RWF ' +
    'TPE TRL UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFA AFN ALK ALL AMD ANG AOA AOK AON AOR ARA ARP ARS ARY ATS AUD AWG AYM AZM AZN BAD BAM BBD BDT BGJ BGK ' +
    'BGL BGN BMD BND BOB BOP BOV BRB BRC BRE BRL BRN BRR BSD BTN BUK BWP BYN BZD CAD CDF CHC CHE CHF CHW CNX CNY ' +
    'COP COU CRC CSD CSJ CSK CUC CUP CVE CYP CZK DDM DEM DKK DOP DZD ECS ECV EEK EGP EQE ERN ETB EUR FIM FJD FKP ' +
    'FRF GBP GEK GEL GHC GHP GHS GIP GMD GNE GNS GQE GTQ GWE GWP GYD HKD HNL HRD HRK HTG HUF IDR IEP ILP ILR ILS ' +
    'INR IRR ISJ JMD KES KGS KHR KPW KYD KZT LAJ LAK LBP LKR LRD LSL LSM LTL LTT LVL LVR MAD MAF MDL MGA MKD MLF ' +
    'MMK MNT MOP MRO MRU MTL MTP MUR MVQ MVR MWK MXN MXP MXV MYR MZE MZM MZN NAD NGN NIC NIO NLG NOK NPR NZD PAB ' +
    'PEH PEI PEN PES PGK PHP PKR PLN PLZ QAR RHD ROK RON RSD RUB RUR SAR SBD SCR SDD SDG SDP SEK SGD SHP SIT SKK ' +
    'SLE SLL SOS SRD SRG SSP STD STN SUR SVC SYP SZL THB TJR TJS TMM TMT TOP TRY TTD TWD TZS UAH UAK UGS UGW USD ' +
    'USN USS UYN UYP UYU UZS VEB VED VEF VES VNC WST XAD XCD XCG XEU YDD YER YUD YUM YUN ZAL ZAR ZMK ZMW ZRN ZRZ ' +
    'ZWC ZWD ZWG ZWL ZWN ZWR',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

describe('Currencies', () => {
  it('no currency code is ever removed, and none changes its exponent', () => {
    const codes = Object.entries(everAccepted).flatMap(([exponent, text]) =>
      text.split(' ').map((code) => [code, Number(exponent)] as const),
    );
    expect(codes).to.have.length(294);
    for (const [code, exponent] of codes) expect(currencyExponent(code), code).to.equal(exponent);
    expect(currencyCodes, 'a new code belongs into this list too').to.have.length(codes.length);
  });

  it('a withdrawn currency names the month of its withdrawal, and an active one none', () => {
    const months = currencyCodes.flatMap((code) => withdrawnIn(code) ?? []);
    expect(months).to.have.length(129);
    for (const month of months) expect(month).to.match(/^(19[78]\d|199\d|20[0-2]\d)-(0[1-9]|1[0-2])$/);
    const known = { HRK: '2023-01', ANG: '2025-03', ZWL: '2024-09', SLL: '2023-12', CUC: '2021-06', DEM: '2002-03' };
    for (const [code, month] of Object.entries(known)) expect(withdrawnIn(code), code).to.equal(month);
    for (const code of ['USD', 'EUR', 'XCG', 'ZWG', 'SLE']) expect(withdrawnIn(code), code).to.equal(undefined);
  });

  it('an order in a code that this version does not know is read with two decimals', () => {
    expect(currencyExponent('QQQ')).to.equal(undefined);
    expect(exponentOf('QQQ')).to.equal(2);
  });
});
