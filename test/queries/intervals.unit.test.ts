import { expect } from 'chai';
import fc from 'fast-check';
import { timeZone } from '../../src/orders/values/time-zone.js';
import { piecesOf } from '../../src/queries/figure-pieces.js';
import { type Interval, intervalEnd, intervalStart } from '../../src/queries/intervals.js';
import { blockMs, dayMs, hourMs, partRanges, partsAt, quarterMs } from '../../src/read-models/figure-fields.js';

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
  it('add up to the range, each quarter once, of whole parts of their fields', () => {
    const quarters = fc.integer({ min: 0, max: 200 * 96 });
    const property = fc.property(quarters, quarters, (one, other) => {
      const [from, to] = [Math.min(one, other) * quarterMs, Math.max(one, other) * quarterMs];
      const counts = new Map<number, number>();
      const pieces = piecesOf({ from, to });
      for (const piece of pieces) {
        const partsOf = (field: string) =>
          partRanges(field).filter((part) => part.from >= piece.from && part.to <= piece.to);
        const parts = partsOf(piece.field);
        if (piece.otherField !== undefined) expect(partsOf(piece.otherField)).to.deep.equal(parts);
        for (const part of parts)
          for (let ms = part.from; ms < part.to; ms += quarterMs) counts.set(ms, (counts.get(ms) ?? 0) + 1);
      }
      expect([...counts].every(([ms, count]) => count === 1 && ms >= from && ms < to)).to.equal(true);
      expect(counts.size).to.equal((to - from) / quarterMs);
      expect(new Set(pieces.map(({ field }) => field)).size).to.equal(pieces.length);
      expect(pieces.filter(({ field }) => field.startsWith('block')).length).to.be.at.most(2);
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('a time is counted in the part of each field that holds it', () => {
    const times = fc.integer({ min: -(10 ** 12), max: 3 * 10 ** 12 });
    fc.assert(
      fc.property(times, (ms) => {
        for (const { field, part } of partsAt(ms).slice(1)) {
          const range = partRanges(field)[part];
          expect(range && range.from <= ms && ms < range.to, field).to.equal(true);
        }
      }),
    );
  });

  it('the parts of a field follow each other without a gap', () => {
    for (const field of ['month:673', 'month:0', 'month:-1', 'day:20000', 'block:-1']) {
      const ranges = partRanges(field);
      for (const [nth, { to }] of ranges.slice(0, -1).entries()) expect(ranges[nth + 1]?.from, field).to.equal(to);
      expect(
        ranges.every(
          ({ from, to }) => from < to && (to - from) % (field.startsWith('block') ? quarterMs : blockMs) === 0,
        ),
      ).to.equal(true);
    }
  });
});
