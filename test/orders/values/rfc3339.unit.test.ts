import { expect } from 'chai';
import { rfc3339 } from '../../../src/event-log/database.js';
import { isLocalDate, parseRfc3339, timeForms } from '../../../src/orders/values/rfc3339.js';
import { utcTime } from '../../../src/orders/values/utc-time.js';

describe('RFC 3339 times', () => {
  const read: [string, string][] = [
    ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31t12:00:00.5z', '2026-01-31T12:00:00.500Z'],
    ['2026-01-31T12:00:00.1239Z', '2026-01-31T12:00:00.123Z'],
    ['2026-01-31T12:00:00+02:00', '2026-01-31T10:00:00.000Z'],
    ['2026-01-31T12:00:00-05:30', '2026-01-31T17:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-01-31T12:00:00+14:00', '2026-01-30T22:00:00.000Z'],
    ['2026-01-31T12:00:00-23:59', '2026-02-01T11:59:00.000Z'],
    ['2026-01-31T12:00:00-00:00', '2026-01-31T12:00:00.000Z'],
  ];
  for (const [text, utc] of read) {
    it(`the parser accepts the RFC 3339 time ${text}`, () => expect(utcTime(parseRfc3339(text) ?? -1)).to.equal(utc));
  }
  for (const text of [
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-01-31 12:00:00Z',
    '1969-12-31T23:59:59Z',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:00:60Z',
    '2026-01-31T12:00:00+99:99',
    '2026-01-31T12:00:00+24:00',
    '2026-01-31T12:00:00-05:60',
    '2026-01-31T12:00:00+0530',
    'now',
    '',
  ]) {
    it(`the parser rejects "${text}", which is not an RFC 3339 time of this service`, () =>
      expect(parseRfc3339(text)).to.equal(undefined));
  }
  it('the messages about times name the years that orders may have', () => {
    for (const form of [timeForms.time, timeForms.quarter]) expect(form).to.include('1970 to 2199');
  });
  it('a date is four digits, two and two of a day that exists in a year that orders may have', () => {
    for (const date of ['2026-01-31', '2024-02-29', '1970-01-01', '2199-12-31']) {
      expect(isLocalDate(date), date).to.equal(true);
    }
    const none = ['2026-02-29', '2026-13-01', '1969-12-31', '2200-01-01', '2026-1-31', '26-01-31', '2026-01-31T00:00'];
    for (const date of [...none, '2026-01-31 ', ' 2026-01-31', '2026-01-3x', '2026-xx-31', 'x026-01-31', '']) {
      expect(isLocalDate(date), date).to.equal(false);
    }
  });
  const fromPostgres: [string, string][] = [
    ['2026-01-31 12:00:00+00', '2026-01-31T12:00:00.000Z'],
    ['2026-01-31 12:00:00.5+00', '2026-01-31T12:00:00.500Z'],
    ['2026-01-31 12:00:00.123+00', '2026-01-31T12:00:00.123Z'],
  ];
  for (const [text, utc] of fromPostgres) {
    it(`PostgreSQL’s ${text} is converted to RFC 3339`, () => expect(rfc3339(text)).to.equal(utc));
  }
});
