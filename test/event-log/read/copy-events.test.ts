import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { PoolClient } from 'pg';
import { chainHash, copiedChainHash, genesisHash } from '../../../src/event-log/hash-chain.js';
import { copyEvents } from '../../../src/event-log/read/copy-events.js';
import { readPage } from '../../../src/event-log/read/read-page.js';
import { readPartition } from '../../../src/event-log/read/read-partition.js';
import { createPartitionsReader } from '../../../src/event-log/read/read-partitions.js';
import { scanPartition } from '../../../src/event-log/read/scan-partition.js';
import { appender, noteEvent, orderIdIn } from '../../support/events.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

describe('reading events by COPY', () => {
  let log: TestLog;
  const texts = ['plain', 'Grüße €', '日本語 🎉', 'a "quoted" \\ backslash', 'x'.repeat(200_000), '', '\t'];
  const times = [
    '1970-01-01T00:00:00.000Z',
    '1999-12-31T23:59:59.999Z',
    '2000-01-01T00:00:00.000Z',
    '2024-02-29T12:30:05.007Z',
    '2026-11-26T09:08:07.060Z',
    '2199-12-31T23:59:59.999Z',
  ];
  before(async () => {
    log = await createTestLog(2);
    // COPY sends any type and any time; the log accepts names and times from 1970 to 9999.
    await log.owner.query(`alter table events drop constraint events_type_is_a_name,
                                              drop constraint events_occurred_at_is_readable`);
    const append = appender(log, true);
    for (const occurredAt of times) {
      const events = texts.map((text) => ({
        ...noteEvent(text),
        type: text.length < 9 ? `Note${text}` : 'Note',
        occurredAt,
      }));
      await append({ orderId: orderIdIn(1, 2), expectedVersion: 0, events });
    }
  });
  after(() => log.close());

  const all = { partition: 1, after: 0, upTo: 1_000_000, maxEvents: 1_000_000 };
  async function positions(range: Partial<typeof all>): Promise<number[]> {
    const seen: number[] = [];
    const count = await copyEvents(log.pool, { ...all, ...range }, ({ position }) => seen.push(position));
    expect(count).to.equal(seen.length);
    return seen;
  }

  it('events read by COPY equal events read by a query, byte for byte, and have the same hash', async () => {
    const read = await readPartition(log.pool, 1, 0);
    expect(read).to.have.length(texts.length * times.length);
    const copied: (typeof read)[number][] = [];
    const hashes: string[] = [];
    let previous = genesisHash;
    await copyEvents(log.pool, all, (event) => {
      const { partition, position, orderId, version, type, occurredAt, recordedAt, bytes } = event;
      const text = ({ start, end }: { start: number; end: number }) => bytes.toString('utf8', start, end);
      const hash = Buffer.from(bytes.subarray(event.hash.start, event.hash.end));
      const texts = { data: text(event.data), metadata: text(event.metadata) };
      copied.push({ partition, position, orderId, version, type, ...texts, occurredAt, recordedAt, hash });
      previous = copiedChainHash(previous, event);
      hashes.push(previous.toString('hex'));
    });
    expect(copied).to.deep.equal(read);
    expect(hashes).to.deep.equal(read.map(({ hash }) => hash.toString('hex')));
    expect(chainHash(genesisHash, read[0]!).toString('hex')).to.equal(hashes[0]);
  });

  it('a page of events stays unchanged while further pages are read', async () => {
    const pages = await Promise.all([0, 1, 20, 41, 100].map((after) => readPage(log.pool, 1, after, 21)));
    for (const [index, after] of [0, 1, 20, 41, 100].entries()) {
      expect(pages[index]).to.deep.equal(await readPartition(log.pool, 1, after, 21));
    }
  });

  it('every way to read a partition ends a page at the limit of bytes, after at least one event', async () => {
    const large = await createTestLog(2);
    try {
      const append = appender(large, true);
      // Eight events of 1 MiB in each partition: four of them reach the limit of 4 MiB.
      for (const partition of [0, 1]) {
        for (let nth = 0; nth < 8; nth += 1) {
          const events = [noteEvent('x'.repeat(1024 * 1024))];
          await append({ orderId: orderIdIn(partition, 2), expectedVersion: 0, events });
        }
      }
      const lengthsOf = async (read: (after: number) => Promise<{ position: number }[]>) => {
        const lengths: number[] = [];
        for (let after = 0; ; ) {
          const page = await read(after);
          const last = page.at(-1);
          if (!last) return lengths;
          expect(page.map(({ position }) => position)).to.deep.equal(page.map((_, nth) => after + nth + 1));
          lengths.push(page.length);
          after = last.position;
        }
      };
      const readEvents = createPartitionsReader(large.pool);
      expect(await lengthsOf((after) => readPage(large.pool, 0, after, 100))).to.deep.equal([4, 4]);
      expect(await lengthsOf((after) => readPartition(large.pool, 0, after, 100))).to.deep.equal([4, 4]);
      // The first read is in flight; the two others share the next query, and its limit.
      const [alone, ...shared] = await Promise.all([0, 0, 1].map((partition) => readEvents(partition, 0, 100)));
      expect([alone?.length, ...shared.map(({ length }) => length)]).to.deep.equal([4, 2, 2]);
      const scanned: number[] = [];
      for await (const { position } of scanPartition(large.pool, 1)) scanned.push(position);
      expect(scanned).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
    } finally {
      await large.close();
    }
  });

  describe('that PostgreSQL ends before the end of the range', () => {
    let large: TestLog;
    // More bytes than the buffers of a connection hold: the COPY cannot end by itself.
    const events = Array.from({ length: 40 }, () => noteEvent('x'.repeat(500_000)));
    const range = { ...all, partition: 0 };
    before(async () => {
      large = await createTestLog(1);
      await appender(large, true)({ orderId: orderIdIn(0, 1), expectedVersion: 0, events });
    });
    after(() => large.close());

    /** Reads by a COPY that is canceled at its first event: a time limit has the same SQLSTATE. */
    function copyCanceled(onEvent: (position: number) => void): Promise<number> {
      let client: PoolClient | undefined;
      const pool = {
        connect: async () => {
          client = await large.pool.connect();
          return client;
        },
      } as unknown as typeof large.pool;
      return copyEvents(pool, range, ({ position }) => {
        if (position === 1 && client) {
          const { processID, connection } = client as unknown as { processID: number; connection: { stream: Socket } };
          connection.stream.pause();
          void large.owner.query('select pg_cancel_backend($1)', [processID]).finally(() => connection.stream.resume());
        }
        onEvent(position);
      });
    }

    it('counts as a short page, and the next one continues', async () => {
      const seen: number[] = [];
      const first = await copyCanceled((position) => seen.push(position));
      expect(first).to.be.within(1, 39);
      expect(seen).to.have.length(first);
      await copyEvents(large.pool, { ...range, after: first }, ({ position }) => seen.push(position));
      expect(seen).to.deep.equal(events.map((_, nth) => nth + 1));
    });

    it('fails if an event could not be read', async () => {
      const failure = await copyCanceled(() => {
        throw new Error('not this one');
      }).catch(String);
      expect(failure).to.equal('Error: not this one');
    });
  });

  it('COPY reads the events after one position and up to another, within the requested number', async () => {
    expect(await positions({ after: 3, upTo: 7 })).to.deep.equal([4, 5, 6, 7]);
    expect(await positions({ after: 3, maxEvents: 2 })).to.deep.equal([4, 5]);
    expect(await positions({ after: 3, upTo: 3 })).to.deep.equal([]);
    expect(await positions({ partition: 0 })).to.deep.equal([]);
  });

  it('events after a gap of any width in a damaged log are read', async () => {
    const damaged = await createTestLog(1);
    try {
      const events = Array.from({ length: 20 }, (_, nth) => noteEvent(`${nth}`));
      await appender(damaged, true)({ orderId: orderIdIn(0, 1), expectedVersion: 0, events });
      await damaged.owner.query('alter table events disable trigger all');
      await damaged.owner.query('delete from events where "position" in (3, 7, 8, 9, 10, 11, 12)');
      const page = async (after: number) => (await readPage(damaged.pool, 0, after, 4)).map(({ position }) => position);
      expect(await page(0)).to.deep.equal([1, 2, 4]);
      expect(await page(4)).to.deep.equal([5, 6]);
      expect(await page(6)).to.deep.equal([13, 14, 15, 16]);
      expect(await page(20)).to.deep.equal([]);
      const scanned: number[] = [];
      for await (const { position } of scanPartition(damaged.pool, 0)) scanned.push(position);
      expect(scanned).to.deep.equal([1, 2, 4, 5, 6, 13, 14, 15, 16, 17, 18, 19, 20]);
    } finally {
      await damaged.close();
    }
  });

  it('times that the service never writes are read without an error, and are recognisable', async () => {
    const client = log.owner;
    await client.query('begin');
    await client.query('alter table events disable trigger all');
    for (const [position, time] of ['infinity', '-infinity', '0044-03-15 BC', '12026-01-01'].entries()) {
      await client.query('update events set occurred_at = $1 where partition = 1 and "position" = $2', [
        time,
        position + 1,
      ]);
    }
    await client.query('commit');
    const seen: string[] = [];
    await copyEvents(log.pool, { ...all, upTo: 5 }, ({ occurredAt }) => seen.push(occurredAt));
    expect(seen.map((time) => time.endsWith('Z'))).to.deep.equal([false, false, false, false, true]);
  });

  it('an error of the callback or of PostgreSQL ends the COPY, and later reads succeed', async () => {
    const failure = await copyEvents(log.pool, all, ({ position }) => {
      if (position === 3) throw new Error('not this one');
    }).catch(String);
    expect(failure).to.equal('Error: not this one');
    expect(String(await copyEvents(log.pool, { ...all, partition: 1.5 }, () => undefined).catch(String))).to.match(
      /whole number/,
    );
    const tooLarge = await copyEvents(log.pool, { ...all, maxEvents: -1 }, () => undefined).catch(String);
    expect(tooLarge).to.match(/LIMIT must not be negative/);
    for (let nth = 0; nth < 20; nth += 1) expect(await positions({ upTo: 2 })).to.deep.equal([1, 2]);
  });
});
