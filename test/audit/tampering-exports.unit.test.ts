import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type ExportedEvent, exportedColumns, recomputedHash } from '../../src/audit/exported-event.js';
import { auditLimits as limits } from '../../src/audit/limits.js';
import { type ExportResult, verifyExport } from '../../src/audit/verify-export.js';
import { csvLine } from '../../src/csv-line.js';
import { genesisHash } from '../../src/event-log/hash-chain.js';

describe('an exported file that was tampered with or damaged', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-exports-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The data of the second event has a line break: its record in CSV has two lines. */
  const events = chained(['{"n":1}', '{"n":\n2}', '{"n":3}']);
  const ndjson = events.map((event) => `${JSON.stringify(event)}\n`);
  const csv = [csvLine(exportedColumns), ...events.map((event) => csvLine(exportedColumns.map((name) => event[name])))];

  async function verified(name: string, text: string): Promise<ExportResult> {
    const file = join(folder, name);
    await writeFile(file, text);
    return verifyExport(file);
  }

  /** Expects a flaw on a line, after some events without one. */
  async function expectFlaw(name: string, text: string, events: number, line: number, broken: RegExp): Promise<void> {
    const result = await verified(name, text);
    expect([result.events, result.flaw?.line], result.flaw?.broken).to.deep.equal([events, line]);
    expect(result.flaw?.broken).to.match(broken);
  }

  it('a file that is whole has no flaw, with or without events', async () => {
    expect(await verified('whole.ndjson', ndjson.join(''))).to.deep.equal({ events: 3, leftOut: 0 });
    expect(await verified('whole.csv', csv.join(''))).to.deep.equal({ events: 3, leftOut: 0 });
    expect(await verified('empty.ndjson', '')).to.deep.equal({ events: 0, leftOut: 0 });
    expect(await verified('empty.csv', csv[0] ?? '')).to.deep.equal({ events: 0, leftOut: 0 });
  });

  it('a changed event is reported with its line, after empty lines and in CSV after the header', async () => {
    const changed = (lines: readonly string[]) => lines.join('').replace(/n(\\?"+):3/, 'n$1:4');
    await expectFlaw('changed.ndjson', `\n\r\n${changed(ndjson)}`, 2, 5, /does not match its hash/);
    await expectFlaw('changed.csv', changed(csv), 2, 5, /does not match its hash/);
  });

  it('a file whose last line was cut off is reported with that line', async () => {
    await expectFlaw('cut.ndjson', ndjson.join('').slice(0, -20), 2, 3, /cannot be read as JSON/);
    await expectFlaw('cut-hash.csv', csv.join('').slice(0, -20), 2, 5, /does not match its hash/);
    await expectFlaw('cut.csv', csv.join('').slice(0, -200), 2, 5, /cannot be read as CSV/);
    await expectFlaw('cut-off-header.csv', '', 0, 1, /header is missing/);
  });

  it('a quote that is not closed is reported with the line on which its record begins', async () => {
    const [header = '', first = '', second = '', third = ''] = csv;
    const unclosed = second.replace('}"', '}');
    await expectFlaw('unclosed.csv', header + first + unclosed + third, 1, 3, /cannot be read as CSV/);
    await expectFlaw('unclosed-header.csv', `"${csv.join('')}`, 0, 1, /cannot be read as CSV/);
  });

  it('a line that is no JSON, or is JSON but no event, is reported with its number', async () => {
    const [first = '', second = ''] = ndjson;
    await expectFlaw('damaged.ndjson', `${first}\u0000${second}`, 1, 2, /cannot be read as JSON/);
    const { data, ...noData } = events[1] ?? expect.fail();
    const texts = { ...noData, data, position: '2' };
    for (const line of ['42', 'null', '[]', '{}', '"text"', JSON.stringify(noData), JSON.stringify(texts)])
      await expectFlaw('no-event.ndjson', `${first}${line}\n`, 1, 2, /no exported event/);
    const [header = '', row = ''] = csv;
    await expectFlaw('no-event.csv', header + row.replace(/^\d+/, 'x'), 0, 2, /no exported event/);
    await expectFlaw('no-position.csv', header + row.replace(/^(\d+),\d+/, '$1,'), 0, 2, /no exported event/);
    await expectFlaw('columns.csv', header.replace('data', 'date') + row, 0, 1, /header of an export/);
  });

  it('a line or a record that is too long for an event is reported, and not read to its end', async () => {
    const long = 'x'.repeat(limits.maxExportedEventLength + 1);
    await expectFlaw('long.ndjson', `${ndjson[0]}${long}`, 1, 2, /too long/);
    await expectFlaw('long.csv', `${csv[0]}${csv[1]}"${long}`, 1, 3, /too long/);
  });

  it('events that the file leaves out are counted', async () => {
    const [first = '', , third = ''] = ndjson;
    expect(await verified('gap.ndjson', first + third)).to.deep.equal({ events: 2, leftOut: 1 });
    expect(await verified('begins-late.ndjson', third)).to.deep.equal({ events: 1, leftOut: 2 });
  });

  it('a forged event is found although an event of another partition lies before it', async () => {
    const [first = '', second = ''] = ndjson;
    const forged = { ...(events[2] ?? expect.fail()), previous_hash: 'ab'.repeat(32) };
    const other = JSON.stringify(chained(['{}'], 1)[0]);
    const text = `${first}${second}${other}\n${JSON.stringify({ ...forged, hash: recomputedHash(forged) })}\n`;
    await expectFlaw('interleaved.ndjson', text, 3, 4, /does not follow the preceding event/);
  });

  it('a file that lacks an event of a checkpoint, or has another one, is reported', async () => {
    const signed = (position: number, hash = events[position - 1]?.hash ?? '') => ({
      ...{ partition: 0, position, hash, root: '' },
    });
    const compared = async (lines: readonly string[], partition: ReturnType<typeof signed>) => {
      const name = join(folder, 'against.ndjson');
      await writeFile(name, lines.join(''));
      return (await verifyExport(name, { log_id: '', created_at: '', partitions: [partition] })).flaw;
    };
    const [first = '', second = '', third = ''] = ndjson;
    expect(await compared(ndjson, signed(3))).to.equal(undefined);
    expect(await compared(ndjson, signed(2))).to.equal(undefined);
    expect(await compared([first, third], signed(1))).to.equal(undefined);
    const missing = (text: string) => `partition 0: ${text} missing, which the checkpoint holds`;
    expect(await compared([first, third], signed(3))).to.deep.equal({ line: 2, broken: missing('position 2 is') });
    expect(await compared([third], signed(2))).to.deep.equal({ line: 1, broken: missing('positions 1 to 2 are') });
    const cut = { line: null, broken: missing('position 3 is') };
    expect(await compared([first, second], signed(3))).to.deep.equal(cut);
    expect(await compared([], signed(3))).to.have.property('broken', missing('positions 1 to 3 are'));
    const other = { line: 3, broken: 'partition 0, position 3 is not the event that was signed' };
    expect(await compared(ndjson, signed(3, 'ab'.repeat(32)))).to.deep.equal(other);
  });

  it('a file that cannot be read is an error and no flaw', async () => {
    for (const name of ['missing.ndjson', 'missing.csv']) {
      const error = await verifyExport(join(folder, name)).catch((error: unknown) => error);
      expect(error).to.have.property('code', 'ENOENT');
    }
  });
});

/** Events of one partition with these data, chained by their hashes. */
function chained(datas: readonly string[], partition = 0): ExportedEvent[] {
  const events: ExportedEvent[] = [];
  for (const [index, data] of datas.entries()) {
    const event = {
      partition,
      position: index + 1,
      order_id: '018f0000-0000-7000-8000-000000000000',
      version: index + 1,
      type: 'OrderNoteAdded',
      occurred_at: '2026-01-01T00:00:00.000Z',
      recorded_at: '2026-01-01T00:00:00.000Z',
      data,
      metadata: '{"schema":1}',
      previous_hash: events.at(-1)?.hash ?? genesisHash.toString('hex'),
    };
    events.push({ ...event, hash: recomputedHash(event) });
  }
  return events;
}
