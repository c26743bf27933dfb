import { expect } from 'chai';
import { allProjections } from '../../../src/projections/all-projections.js';
import { orderStatusProjection } from '../../../src/projections/order-status.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import { createProjectionStore } from '../../../src/projector/steps/projection-store.js';
import { appender, event, noteEvent, orderIdIn, startProjector } from '../../support/events.js';
import { expectReadModelsEqualTheLog, projected } from '../../support/read-models.js';
import { createTestLog, type TestLog } from '../../support/servers.js';

/** Orders of about 200 KB: together several times the bytes that one step may load. */
const orders = 120;

describe('steps of large orders', () => {
  let log: TestLog;
  before(async () => {
    log = await createTestLog(1);
    const append = appender(log, true);
    const items = Array.from({ length: 500 }, (_, nth) => ({
      item_id: `${nth}`.padEnd(200, '-'),
      quantity: 1,
      unit_price_minor: 1,
    }));
    const placed = event('OrderPlaced', { user_id: 'u', currency: 'USD', total_minor: 500, items, metadata: {} });
    const ids = Array.from({ length: orders }, () => orderIdIn(0, 1));
    for (const orderId of ids) await append({ orderId, expectedVersion: 0, events: [placed] });
    // The notes are small: all of them fit into one page of the log.
    for (const orderId of ids) await append({ orderId, expectedVersion: 1, events: [noteEvent('a note')] });
  });
  after(() => log.close());

  it('a step loads and writes a bounded number of bytes, however large the orders are, and misses no event', async () => {
    /** The bytes that each step loads and writes. */
    const steps: { loaded: number; written: number }[] = [];
    const measured: typeof orderStatusProjection = {
      ...orderStatusProjection,
      async load(events, key, read, last) {
        let loaded = 0;
        const fields: typeof read.fields = async (entries) => {
          const values = await read.fields(entries);
          loaded += values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
          return values;
        };
        const state = await orderStatusProjection.load(events, key, Object.assign(read.bind(null), { fields }), last);
        steps.push({ loaded, written: 0 });
        return state;
      },
      project(events, key, state) {
        const writes = orderStatusProjection.project(events, key, state);
        const step = steps.at(-1);
        if (step) step.written = writes.flat().reduce<number>((sum, word) => sum + String(word).length, 0);
        return writes;
      },
    };
    const others = allProjections.filter(({ name }) => name !== measured.name);
    const { stop } = await startProjector(log, [measured, ...others]);
    await projected(log);
    await stop();
    await expectReadModelsEqualTheLog(log);
    expect(Math.max(...steps.map(({ loaded }) => loaded))).to.be.within(1, limits.maxLoadedBytes);
    expect(Math.max(...steps.map(({ written }) => written))).to.be.at.most(2 * limits.maxLoadedBytes);
    expect(steps.length).to.be.greaterThan(4);
  });

  it('fields of missing orders are null, among few and among many', async () => {
    const { read } = createProjectionStore(log.redis, log.keys);
    for (const count of [2, 100]) {
      const values = await read.fields(Array.from({ length: count }, (_, nth) => ['{none}:hash', `${nth}`]));
      expect(values).to.deep.equal(Array.from({ length: count }, () => null));
    }
  });
});
