import { expect } from 'chai';
import fc from 'fast-check';
import { timeReader } from '../../../src/import/formats/date-format.js';

const read = (text: string, format: string | string[], zone?: string) =>
  timeReader([format].flat(), zone)(text).utc.replace('.000Z', 'Z');

describe('Date formats of an import', () => {
  const times: [text: string, format: string, utc: string, zone?: string][] = [
    ['19970101', 'YYYYMMDD', '1997-01-01T00:00:00Z'],
    ['2026-03-07 23:30:00 -0500', 'YYYY-MM-DD HH:mm:ss ZZ', '2026-03-08T04:30:00Z'],
    ['2026-08-04 05:24:22 +0530', 'YYYY-MM-DD HH:mm:ss Z', '2026-08-03T23:54:22Z'],
    ['2026-08-04T05:24:22+05:30', 'YYYY-MM-DDTHH:mm:ssZ', '2026-08-03T23:54:22Z'],
    ['2026-08-04 05:24Z', 'YYYY-MM-DD HH:mmZ', '2026-08-04T05:24:00Z'],
    ['2026-08-04 05:24:22.123456+02', 'YYYY-MM-DD HH:mm:ss.SSSSSSZ', '2026-08-04T03:24:22.123Z'],
    ['12/1/2010 8:26', 'M/D/YYYY H:mm', '2010-12-01T08:26:00Z'],
    ['1/12/10 12:05 AM', 'M/D/YY h:mm A', '2010-01-12T00:05:00Z'],
    ['01/12/99 12:05 pm', 'MM/DD/YY hh:mm a', '1999-01-12T12:05:00Z'],
    ['3 Mar 2026, 1:00 p.m.', 'D MMM YYYY, h:mm A', '2026-03-03T13:00:00Z'],
    ['Tue, 03 March 2026', 'ddd, DD MMMM YYYY', '2026-03-03T00:00:00Z'],
    ['03.03.2026 at 14h', 'DD.MM.YYYY [at] HH[h]', '2026-03-03T14:00:00Z'],
    ['1772546400', 'X', '2026-03-03T14:00:00Z'],
    ['1772546400123', 'x', '2026-03-03T14:00:00.123Z'],
    ['2026-07-01 12:00', 'YYYY-MM-DD HH:mm', '2026-07-01T10:00:00Z', 'Europe/Berlin'],
    ['2026-01-01 12:00', 'YYYY-MM-DD HH:mm', '2026-01-01T11:00:00Z', 'Europe/Berlin'],
    ['2026-01-01 12:00', 'YYYY-MM-DD HH:mm', '2026-01-01T06:15:00Z', 'Asia/Kathmandu'],
    ['2026-01-01 12:00 Asia/Kolkata', 'YYYY-MM-DD HH:mm z', '2026-01-01T06:30:00Z', 'Europe/Berlin'],
    ['2026-01-01 12:00 UTC', 'YYYY-MM-DD HH:mm z', '2026-01-01T12:00:00Z', 'Europe/Berlin'],
    ['1972-01-06 12:00', 'YYYY-MM-DD HH:mm', '1972-01-06T12:44:30Z', 'Africa/Monrovia'],
  ];
  for (const [text, format, utc, zone] of times) {
    it(`"${text}" in the format ${format}${zone ? ` in ${zone}` : ''} is ${utc}`, () =>
      expect(read(text, format, zone)).to.equal(utc));
  }

  const refused: [text: string, format: string | string[], reason: RegExp, zone?: string][] = [
    ['2024111', 'YYYYMMDD', /"2024111" is not of the format YYYYMMDD.*--date-format/],
    ['2026-1-05', 'YYYY-MM-DD', /not of the format/],
    ['2026/01/05', 'YYYY-MM-DD', /not of the format YYYY-MM-DD/],
    ['2026-01-05 10:00', 'YYYY-MM-DD', /not of the format/],
    ['2026-02-30', 'YYYY-MM-DD', /no time that exists/],
    ['2026-01-05 24:00', 'YYYY-MM-DD HH:mm', /no time that exists/],
    ['2026-01-05 13:00 PM', 'YYYY-MM-DD hh:mm A', /12-hour clock/],
    ['2026-01-05 10:00 +9999', 'YYYY-MM-DD HH:mm ZZ', /not of the format/],
    ['Mon, 03 Mar 2026', 'ddd, DD MMM YYYY', /not a mon/],
    ['03 Foo 2026', 'DD MMM YYYY', /no time that exists/],
    ['2026-01-01 12:00 IST', 'YYYY-MM-DD HH:mm z', /zone "IST".*write \[IST\] instead of z.*set --time-zone$/],
    ['2026-01-01 12:00 Mars/Base', 'YYYY-MM-DD HH:mm z', /no IANA time zone/],
    ['1969-12-31', 'YYYY-MM-DD', /not from 1970 to 2199/],
    ['2026-03-29 02:30', 'YYYY-MM-DD HH:mm', /was skipped/, 'Europe/Berlin'],
    ['05.01.2026', ['YYYY-MM-DD', 'MM/DD/YYYY'], /not of the format YYYY-MM-DD or MM\/DD\/YYYY/],
  ];
  for (const [text, format, reason, zone] of refused) {
    it(`"${text}" is refused in the format ${format}, with a reason`, () =>
      expect(() => read(text, format, zone)).to.throw(reason));
  }

  it('a time without a format is RFC 3339, and the message for another one names --date-format', () => {
    expect(timeReader([], undefined)('2026-01-31T12:00:00+02:00').utc).to.equal('2026-01-31T10:00:00.000Z');
    expect(() => timeReader([], undefined)('31.01.2026')).to.throw(/RFC3339 \(such as 2026.*--date-format/);
  });

  it('the first of several formats that fits is taken', () => {
    const several = timeReader(['M/D/YYYY H:mm', 'YYYY-MM-DD HH:mm:ss', 'RFC3339'], undefined);
    expect(several('12/1/2010 8:26').utc).to.equal(several('2010-12-01 08:26:00').utc);
    expect(several('2010-12-01T08:26:00Z').utc).to.equal('2010-12-01T08:26:00.000Z');
  });

  it('the cure for the short name of a zone reads it: fixed text, and --time-zone', () => {
    const cured = timeReader(['YYYY-MM-DD HH:mm [CET]', 'YYYY-MM-DD HH:mm [CEST]'], 'Europe/Berlin');
    expect(cured('2026-01-01 12:00 CET').utc).to.equal('2026-01-01T11:00:00.000Z');
    expect(cured('2026-07-01 12:00 CEST').utc).to.equal('2026-07-01T10:00:00.000Z');
  });

  it('a local time that occurred twice is the earlier one, and is marked', () => {
    const time = timeReader(['YYYY-MM-DD HH:mm'], 'Europe/Berlin')('2026-10-25 02:30');
    expect(time).to.deep.equal({ utc: '2026-10-25T00:30:00.000Z', ambiguous: true });
  });

  for (const [format, reason] of [
    ['DD.MM', /needs YYYY or YY/],
    ['YYYY-MM', /needs DD or D/],
    ['YYYYMD', /needs a separator before it/],
    ['YYYY-MM-DD hh:mm', /need A/],
    ['YYYY-MM-DD HH:mm A', /A needs hh/],
    ['YYYY-MM-DD MM', /twice/],
    ['YYYY-MM-DD at HH', /"at" is no token; write fixed text in brackets.*YYYY YY/],
    ['YYYY-QQ-DD', /"QQ" is no token/],
  ] as const) {
    it(`the format ${format} is refused with a reason`, () =>
      expect(() => timeReader([format], undefined)).to.throw(reason));
  }

  it('an unknown time zone is refused', () =>
    expect(() => timeReader(['YYYYMMDD'], 'Europe/Bern')).to.throw(/--time-zone Europe\/Bern.*Europe\/Berlin/));

  it('every time of every zone comes back from its local time', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia', 'UTC'];
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 86_400, max: 4_102_444_800 }), (zone, seconds) => {
        const parts = Object.fromEntries(
          new Intl.DateTimeFormat('en', {
            timeZone: zone,
            hourCycle: 'h23',
            year: 'numeric',
            month: '2-digit',
            day: '2-digit',
            hour: '2-digit',
            minute: '2-digit',
            second: '2-digit',
          })
            .formatToParts(seconds * 1_000)
            .map(({ type, value }) => [type, value]),
        );
        const local = `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}:${parts.second}`;
        const { utc, ambiguous } = timeReader(['YYYY-MM-DD HH:mm:ss'], zone)(local);
        if (ambiguous) expect(Date.parse(utc)).to.be.at.most(seconds * 1_000);
        else expect(Date.parse(utc)).to.equal(seconds * 1_000);
      }),
      { numRuns: 500 },
    );
  });
});
