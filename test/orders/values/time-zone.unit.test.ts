import { expect } from 'chai';
import fc from 'fast-check';
import { isTimeZone, timeZone } from '../../../src/orders/values/time-zone.js';

const hourMs = 3_600_000;
const utc = (text: string) => Date.parse(`${text}Z`);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 19);

describe('A time zone', () => {
  const offsets: [zone: string, at: string, hours: number][] = [
    ['UTC', '2026-07-01T00:00', 0],
    ['Europe/Berlin', '2026-01-01T00:00', 1],
    ['Europe/Berlin', '2026-07-01T12:34:56.789', 2],
    ['Europe/Berlin', '2026-03-29T00:59:59.999', 1],
    ['Europe/Berlin', '2026-03-29T01:00', 2],
    ['Europe/Berlin', '2026-03-29T23:00', 2],
    ['Europe/Berlin', '2026-10-25T00:59:59.999', 2],
    ['Europe/Berlin', '2026-10-25T01:00', 1],
    ['Europe/Berlin', '1970-01-01T00:00', 1],
    ['America/New_York', '2026-01-01T00:00', -5],
    ['Asia/Kathmandu', '2026-01-01T00:00', 5.75],
    ['Australia/Lord_Howe', '2026-01-01T00:00', 11],
    ['Australia/Lord_Howe', '2026-07-01T00:00', 10.5],
    // Samoa has no 30 December 2011.
    ['Pacific/Apia', '2011-12-30T09:59:59', -10],
    ['Pacific/Apia', '2011-12-30T10:00', 14],
  ];
  for (const [zone, at, hours] of offsets) {
    it(`${zone} is ${hours} hours from UTC at ${at}Z`, () => {
      expect(timeZone(zone).offset(utc(at))).to.equal(hours * hourMs);
    });
  }

  const local: [zone: string, local: string, utc: string, kind: 'once' | 'twice' | 'skipped'][] = [
    ['Europe/Berlin', '2026-01-01T00:00:00', '2025-12-31T23:00:00', 'once'],
    ['Europe/Berlin', '2026-07-01T12:00:00', '2026-07-01T10:00:00', 'once'],
    ['Europe/Berlin', '2026-03-29T01:59:59', '2026-03-29T00:59:59', 'once'],
    ['Europe/Berlin', '2026-03-29T02:00:00', '2026-03-29T01:00:00', 'skipped'],
    ['Europe/Berlin', '2026-03-29T02:59:59', '2026-03-29T01:59:59', 'skipped'],
    ['Europe/Berlin', '2026-03-29T03:00:00', '2026-03-29T01:00:00', 'once'],
    ['Europe/Berlin', '2026-10-25T01:59:59', '2026-10-24T23:59:59', 'once'],
    ['Europe/Berlin', '2026-10-25T02:00:00', '2026-10-25T00:00:00', 'twice'],
    ['Europe/Berlin', '2026-10-25T02:59:59', '2026-10-25T00:59:59', 'twice'],
    ['Europe/Berlin', '2026-10-25T03:00:00', '2026-10-25T02:00:00', 'once'],
    ['America/New_York', '2026-03-08T02:30:00', '2026-03-08T07:30:00', 'skipped'],
    ['America/New_York', '2026-11-01T01:30:00', '2026-11-01T05:30:00', 'twice'],
    ['Australia/Lord_Howe', '2026-10-04T02:15:00', '2026-10-03T15:45:00', 'skipped'],
  ];
  const words = { once: 'occurred once', twice: 'occurred twice: the earlier one counts', skipped: 'was skipped' };
  for (const [zone, text, expected, kind] of local) {
    it(`the local time ${text} of ${zone} ${words[kind]}`, () => {
      const { zonedTime, toUtc } = timeZone(zone);
      const found = zonedTime(utc(text));
      if (kind === 'skipped') expect(found).to.equal(undefined);
      else expect(found).to.deep.equal({ ms: utc(expected), ambiguous: kind === 'twice' });
      expect(iso(toUtc(utc(text)))).to.equal(expected);
    });
  }

  it('leads from every time to a local time and back, or to the earlier of two times', () => {
    const names = ['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Africa/Cairo'];
    const zones = names.map((name) => timeZone(name));
    // Half of the times are near a change of Berlin's clocks.
    const change = fc.integer({ min: 0, max: 30 }).map((year) => Date.UTC(2000 + year, 9, 28));
    const near = fc.tuple(change, fc.integer({ min: -100, max: 100 })).map(([ms, hours]) => ms + hours * hourMs);
    const any = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.oneof(near, any), (zone, ms) => {
        const localMs = ms + zone.offset(ms);
        const found = zone.zonedTime(localMs);
        expect(zone.toUtc(localMs)).to.equal(found?.ms);
        if (found?.ambiguous) expect(found.ms).to.be.at.most(ms);
        else expect(found?.ms).to.equal(ms);
        expect(found && found.ms + zone.offset(found.ms)).to.equal(localMs);
      }),
      { numRuns: 500 },
    );
  });

  it('has a name of IANA; an offset is none', () => {
    for (const name of ['UTC', 'Europe/Berlin', 'europe/berlin', 'America/Argentina/Buenos_Aires']) {
      expect(isTimeZone(name), name).to.equal(true);
    }
    for (const name of ['', 'Europe/Bern', '+05:30', '-08', '05:30', ' UTC', 'Europe']) {
      expect(isTimeZone(name), name).to.equal(false);
    }
    expect(() => timeZone('Europe/Bern')).to.throw(RangeError);
  });
});
