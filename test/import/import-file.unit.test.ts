import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { BatchOutcome } from '../../src/commands/command-outcome.js';
import { Overloaded } from '../../src/event-log/overloaded.js';
import { dryRunHandlers } from '../../src/import/checking/dry-run.js';
import { importFile } from '../../src/import/import-file.js';
import { progressFile } from '../../src/import/import-progress.js';
import { readNdjson } from '../../src/import/input/read-ndjson.js';
import { importLimits } from '../../src/import/limits.js';
import { listFiles } from '../../src/import/rejected-records.js';
import { MalformedEvent, UnreadableEvent } from '../../src/orders/upcast.js';

/** Imports a file of new orders. @param outcomeOf the outcome of placing the order of a user. */
function importPlaced(file: string, outcomeOf: (userId: string, index: number) => BatchOutcome) {
  return importFile({
    file,
    source: basename(file),
    input: 'content',
    reasonOf: ({ problem }) => problem.detail,
    read: (from) => readNdjson(file, from),
    handlers: {
      handleCommand: () => Promise.reject(new Error('every line places another order')),
      placeOrders: async (requests) =>
        requests.map(({ command }, index) => outcomeOf(command.command === 'place' ? command.userId : '', index)),
    },
    defaultCurrency: 'USD',
    restart: false,
  });
}

describe('importFile', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orders-import-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('an import resumes at the line that failed, and counts each line and lists each rejected line once', async () => {
    const file = join(folder, 'orders.ndjson');
    const lines = 400;
    const broken = [10, 150, 199, 201, 390];
    const failing = 200;
    const line = (number: number) =>
      broken.includes(number)
        ? 'no JSON'
        : JSON.stringify({ command: 'place', user_id: `u-${number}`, item_ids: ['a'], total_amount: 1 });
    await writeFile(file, Array.from({ length: lines }, (_, nth) => `${line(nth + 1)}\n`).join(''));

    const placed = new Set<string>();
    let fails = true;
    const outcome = (userId: string): BatchOutcome => {
      if (fails && userId === `u-${failing}`) return { outcome: 'failed', error: new Overloaded('appends', 1) };
      const replayed = placed.has(userId);
      placed.add(userId);
      return { outcome: 'handled', orderId: '', version: 1, partition: 0, position: placed.size, replayed };
    };
    const run = () => importPlaced(file, outcome);

    const failure = await run().catch((error: Error) => error.message);
    expect(failure).to.match(new RegExp(`^line ${failing}: .*Nothing is lost`));
    const { position } = JSON.parse(await readFile(progressFile(file), 'utf8'));
    expect(position.lines).to.equal(failing - 1);

    fails = false;
    const { imported, alreadyThere, rejected } = await run();
    expect(imported + alreadyThere).to.equal(lines - broken.length);
    expect(placed.size).to.equal(lines - broken.length);
    expect(rejected).to.equal(broken.length);
    const listed = (await readFile(listFiles(file, false).rejected, 'utf8')).trim().split('\n');
    expect(listed.map((one) => JSON.parse(one).line)).to.deep.equal(broken);
  });

  it('an import rejects the line of an order with an event that cannot be read, and continues', async () => {
    const file = join(folder, 'unreadable.ndjson');
    const line = { command: 'place', user_id: 'u-1', item_ids: ['a'], total_amount: 1 };
    await writeFile(file, `${JSON.stringify(line)}\n${JSON.stringify({ ...line, user_id: 'u-2' })}\n`);
    const inLog = { orderId: 'o-1', version: 1, type: 'OrderPlaced', partition: 0, position: 7 };
    const error = new UnreadableEvent(inLog, new MalformedEvent('its data is no object'));
    const progress = await importPlaced(file, (userId, position) => {
      if (userId === 'u-1') return { outcome: 'failed', error };
      return { outcome: 'handled', orderId: '', version: 1, partition: 0, position, replayed: false };
    });
    expect([progress.imported, progress.rejected]).to.deep.equal([1, 1]);
    const rejected = JSON.parse(await readFile(listFiles(file, false).rejected, 'utf8'));
    expect(rejected.line).to.equal(1);
    expect(JSON.stringify(rejected)).to.include('OrderPlaced at position 7 of partition 0, version 1 of order o-1');
  });

  it('an import has few steps of orders in flight, however many the file has', async () => {
    const file = join(folder, 'steps.ndjson');
    const lines = Array.from({ length: 2_000 }, (_, nth) =>
      JSON.stringify({ command: 'process', order_id: `018f0000-0000-7000-8000-${String(nth).padStart(12, '0')}` }),
    );
    await writeFile(file, `${lines.join('\n')}\n`);
    let inFlight = 0;
    let most = 0;
    const { imported } = await importFile({
      file,
      source: 'steps.ndjson',
      input: 'content',
      reasonOf: ({ problem }) => problem.detail,
      read: (from) => readNdjson(file, from),
      handlers: {
        ...dryRunHandlers(),
        async handleCommand(request) {
          inFlight += 1;
          most = Math.max(most, inFlight);
          await setTimeout(1);
          inFlight -= 1;
          return dryRunHandlers().handleCommand(request);
        },
      },
      defaultCurrency: 'USD',
      restart: false,
    });
    expect(imported).to.equal(2_000);
    expect(most).to.equal(importLimits.maxStepsInFlight);
  });

  it('an import handles the steps of an order in the order of the file, however slow the lines between them are', async () => {
    const file = join(folder, 'order-of-steps.ndjson');
    const { maxGroupLines } = importLimits;
    const idOf = (nth: number) => `018f0000-0000-7000-8000-${String(nth).padStart(12, '0')}`;
    const watched = idOf(0);
    const slow = Array.from({ length: maxGroupLines }, (_, nth) => ({ command: 'process', order_id: idOf(nth + 1) }));
    const notes = Array.from({ length: maxGroupLines - 1 }, () => ({ command: 'note', order_id: watched, text: 'x' }));
    const steps = ['process', 'ship', 'deliver'];
    const lines = [...slow, ...steps.flatMap((command) => [{ command, order_id: watched }, ...notes])];
    await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const handled: string[] = [];
    let release: () => void = () => undefined;
    const isDelivered = new Promise<void>((resolve) => {
      release = resolve;
    });
    await importFile({
      file,
      source: 'order-of-steps.ndjson',
      input: 'content',
      reasonOf: ({ problem }) => problem.detail,
      read: (from) => readNdjson(file, from),
      handlers: {
        ...dryRunHandlers(),
        async handleCommand(request) {
          const { command } = request.command;
          if (request.orderId !== watched) await isDelivered;
          else if (command !== 'note') handled.push(command);
          if (command === 'deliver') release();
          return dryRunHandlers().handleCommand(request);
        },
      },
      defaultCurrency: 'USD',
      restart: false,
    });
    expect(handled).to.deep.equal(steps);
  });

  it('a dry run tells repeated lines from lines that reuse a key, as the import does', async () => {
    const file = join(folder, 'keys.ndjson');
    const line = (key: string, total: number) =>
      JSON.stringify({
        ...{ command: 'place', idempotency_key: key, user_id: 'u-1', item_ids: ['a'], total_amount: total },
      });
    await writeFile(file, `${[line('k-1', 1), line('k-2', 1), line('k-1', 1), line('k-2', 2)].join('\n')}\n`);
    const { imported, alreadyThere, rejected } = await importFile({
      file,
      source: 'keys.ndjson',
      input: 'content',
      reasonOf: ({ problem }) => problem.detail,
      read: (from) => readNdjson(file, from),
      handlers: dryRunHandlers(),
      defaultCurrency: 'USD',
      restart: true,
      dryRun: true,
    });
    expect({ imported, alreadyThere, rejected }).to.deep.equal({ imported: 2, alreadyThere: 1, rejected: 1 });
    expect((await readFile(listFiles(file, true).rejected, 'utf8')).trim()).to.match(/"line":4,.*another command/);
  });

  describe('with a record that is rejected before the run fails', () => {
    let file: string;
    beforeEach(async () => {
      file = join(folder, 'lists.ndjson');
      const line = { command: 'place', user_id: 'u-1', item_ids: ['a'], total_amount: 1 };
      await writeFile(file, `no JSON\n${JSON.stringify(line)}\nno JSON either\n`);
      await expectFailure(run(new Overloaded('appends', 1)));
      expect(await listed()).to.deep.equal([1]);
    });

    const run = (failure?: Error, dryRun = false) => {
      const { placeOrders, ...others } = dryRunHandlers();
      return importFile({
        file,
        source: 'lists.ndjson',
        input: 'content',
        reasonOf: ({ problem }) => problem.detail,
        read: (from) => readNdjson(file, from),
        handlers: {
          ...others,
          placeOrders: async (requests) =>
            failure ? requests.map(() => ({ outcome: 'failed', error: failure })) : placeOrders(requests),
        },
        defaultCurrency: 'USD',
        restart: false,
        dryRun,
      });
    };
    const expectFailure = async (running: Promise<unknown>) =>
      expect(await running.catch((error: Error) => error.message)).to.match(/Nothing is lost/);
    const listed = async (dryRun = false) =>
      (await readFile(listFiles(file, dryRun).rejected, 'utf8'))
        .trim()
        .split('\n')
        .map((one) => JSON.parse(one).line);

    it('a dry run leaves the rejected records of the import as they are, and lists its own beside them', async () => {
      await run(undefined, true);
      expect(await listed()).to.deep.equal([1]);
      expect(await listed(true)).to.deep.equal([1, 3]);
      await run();
      expect(await listed()).to.deep.equal([1, 3]);
    });

    it('an import resumes although its file of rejected records was removed or emptied', async () => {
      await rm(listFiles(file, false).rejected);
      await expectFailure(run(new Overloaded('appends', 1)));
      await writeFile(listFiles(file, false).rejected, '');
      expect((await run()).rejected).to.equal(2);
      expect(await listed()).to.deep.equal([3]);
    });
  });
});
