import { expect } from 'chai';
import fc from 'fast-check';
import { timeZone } from '../../src/orders/values/time-zone.js';
import { piecesOf } from '../../src/queries/figure-pieces.js';
import { type Interval, intervalEnd, intervalStart } from '../../src/queries/intervals.js';
import { dayMs, hourMs, quarterMs } from '../../src/read-models/metrics.js';

const at = (text: string) => Date.parse(text);
const text = (ms: number) => new Date(ms).toISOString().replace(':00.000Z', 'Z');

/** The interval that holds a time, and its hours. */
function interval(zone: string, name: Interval, time: string): string {
  const start = intervalStart(at(time), name, timeZone(zone));
  const end = intervalEnd(start, name, timeZone(zone));
  return `${text(start)} ${(end - start) / hourMs}`;
}

describe('Intervals in a time zone', () => {
  const cases: [zone: string, name: Interval, time: string, expected: string][] = [
    ['UTC', 'day', '2026-03-29T12:00Z', '2026-03-29T00:00Z 24'],
    ['UTC', 'week', '2026-03-29T12:00Z', '2026-03-23T00:00Z 168'],
    ['Europe/Berlin', 'day', '2026-03-29T12:00Z', '2026-03-28T23:00Z 23'],
    ['Europe/Berlin', 'day', '2026-10-25T12:00Z', '2026-10-24T22:00Z 25'],
    ['Europe/Berlin', 'week', '2026-03-29T12:00Z', '2026-03-22T23:00Z 167'],
    ['Europe/Berlin', 'month', '2026-10-31T23:30Z', '2026-10-31T23:00Z 720'],
    ['Europe/Berlin', 'month', '2026-10-31T22:30Z', '2026-09-30T22:00Z 745'],
    ['Asia/Kolkata', 'day', '2026-01-01T00:00Z', '2025-12-31T18:30Z 24'],
    ['Asia/Kolkata', 'hour', '2026-01-01T00:00Z', '2025-12-31T23:30Z 1'],
    ['Asia/Kathmandu', 'day', '2026-01-01T00:00Z', '2025-12-31T18:15Z 24'],
    // The zone had an offset of 5:30 until 1986.
    ['Asia/Kathmandu', 'day', '1985-06-01T00:00Z', '1985-05-31T18:30Z 24'],
    ['Australia/Adelaide', 'day', '2026-04-05T00:00Z', '2026-04-04T13:30Z 25'],
    // Clocks change by half an hour.
    ['Australia/Lord_Howe', 'day', '2026-04-04T20:00Z', '2026-04-04T13:00Z 24.5'],
    ['Australia/Lord_Howe', 'hour', '2026-10-03T15:40Z', '2026-10-03T15:30Z 0.5'],
    ['Australia/Lord_Howe', 'hour', '2026-04-04T15:00Z', '2026-04-04T15:00Z 0.5'],
    // Clocks change a minute after midnight.
    ['America/St_Johns', 'hour', '2010-03-14T03:45Z', '2010-03-14T03:30Z 1'],
    ['America/St_Johns', 'day', '2010-11-07T02:45Z', '2010-11-07T02:30Z 25'],
    // Clocks skip midnight: the day begins at 1:00.
    ['America/Sao_Paulo', 'day', '2018-11-04T12:00Z', '2018-11-04T03:00Z 23'],
    // Midnight occurs twice: the first one counts.
    ['America/Havana', 'day', '2026-11-01T12:00Z', '2026-11-01T04:00Z 25'],
    // The island skipped the 30th.
    ['Pacific/Apia', 'day', '2011-12-30T09:00Z', '2011-12-29T10:00Z 24'],
    ['Pacific/Apia', 'day', '2011-12-30T11:00Z', '2011-12-30T10:00Z 24'],
    ['Africa/Monrovia', 'day', '1971-06-01T12:00Z', '1971-06-01T00:44:30.000Z 24'],
  ];
  for (const [zone, name, time, expected] of cases) {
    it(`the ${name} of ${time} in ${zone} begins, and has so many hours: ${expected}`, () => {
      expect(interval(zone, name, time)).to.equal(expected);
    });
  }

  it('an interval holds the time that it is of, and intervals follow each other without gap or overlap', () => {
    const names = ['America/Sao_Paulo', 'America/Havana', 'America/Nuuk', 'America/Asuncion', 'America/New_York'];
    names.push('Asia/Amman', 'Asia/Beirut', 'Asia/Tehran', 'Asia/Gaza', 'Asia/Kathmandu', 'Europe/Berlin');
    names.push('Africa/Casablanca', 'Antarctica/Troll', 'Pacific/Apia', 'Pacific/Chatham');
    names.push('America/St_Johns', 'Australia/Lord_Howe');
    for (const zone of names.map(timeZone)) {
      for (let day = at('2010-01-01T00:00Z'); day < at('2027-01-01T00:00Z'); day += dayMs) {
        if (zone.offset(day) === zone.offset(day + dayMs)) continue;
        let change = day;
        while (zone.offset(change) === zone.offset(day)) change += hourMs;
        for (const name of ['hour', 'day', 'week', 'month'] as const) {
          let [last, end] = [Number.NaN, 0];
          for (let ms = change - 2 * hourMs; ms <= change + 2 * hourMs; ms += quarterMs) {
            const start = intervalStart(ms, name, zone);
            if (start !== last && !Number.isNaN(last)) expect(start, text(ms)).to.equal(end);
            [last, end] = [start, intervalEnd(start, name, zone)];
            expect(start <= ms && ms < end, `${text(ms)} in ${name} ${text(start)}`).to.equal(true);
          }
        }
      }
    }
  });
});

describe('The pieces of a range', () => {
  it('add up to the range, each quarter once, and to at most a day and twelve hours at each end', () => {
    const quarters = fc.integer({ min: 0, max: 200 * 96 });
    const property = fc.property(quarters, quarters, (one, other) => {
      const [from, to] = [Math.min(one, other) * quarterMs, Math.max(one, other) * quarterMs];
      const counts = new Map<number, number>();
      const add = (first: number, end: number, sign: number) => {
        for (let ms = first; ms < end; ms += quarterMs) counts.set(ms, (counts.get(ms) ?? 0) + sign);
      };
      const pieces = piecesOf({ from, to });
      for (const { field, sign, part } of pieces) {
        const [kind, number] = field.split(':');
        const unit = Number(number);
        if (part) add(part.from, part.to, sign);
        else if (kind === 'day') add(unit * dayMs, (unit + 1) * dayMs, sign);
        else add(Date.UTC(1970, unit, 1), Date.UTC(1970, unit + 1, 1), sign);
      }
      const counted = [...counts].filter(([, count]) => count !== 0);
      expect(counted.every(([ms, count]) => count === 1 && ms >= from && ms < to)).to.equal(true);
      expect(counted.length).to.equal((to - from) / quarterMs);
      expect(pieces.filter(({ field }) => field.startsWith('hour')).length).to.be.at.most(26);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
