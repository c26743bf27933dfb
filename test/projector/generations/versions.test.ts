import { expect } from 'chai';
import { LogContinuity } from '../../../src/event-log/heads/log-continuity.js';
import { problemOf } from '../../../src/http/contract/problems.js';
import { allProjections } from '../../../src/projections/all-projections.js';
import type { Projection } from '../../../src/projections/projection.js';
import { getMetrics } from '../../../src/queries/get-metrics.js';
import { getProjections } from '../../../src/queries/get-projections.js';
import { lookUpServed } from '../../../src/queries/live-generation.js';
import { metrics } from '../../../src/read-models/metrics.js';
import { orderStatus } from '../../../src/read-models/order-status.js';
import { ReadModelBeingBuilt } from '../../../src/read-models/read-model-unavailable.js';
import { checkHealth } from '../../../src/service/health/check-health.js';
import { appender, orderIdIn, place, startProjector } from '../../support/events.js';
import { expectReadModelsEqualTheLog, projected, queriesOf } from '../../support/read-models.js';
import { createTestLog, eventually, silent, type TestLog } from '../../support/servers.js';

const partitions = 4;

describe('versions side by side', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(partitions);
  });
  afterEach(() => log.close());

  it('a new version builds its own generation at start, while both versions continue with theirs', async () => {
    const old = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 40; nth += 1) await place(append, orderIdIn(nth % partitions, partitions));
    await projected(log);

    const newVersion = metrics.version + 1;
    const newer = allProjections.map((projection) =>
      projection.name === 'metrics' ? { ...projection, version: newVersion } : projection,
    );
    const fresh = await startProjector(log, newer);
    await eventually('the new version to be live', async () => {
      const built = (await getProjections(queriesOf(log, newer))).find(({ name }) => name === 'metrics');
      return built?.version === newVersion && built.rebuild === null;
    });
    for (let nth = 0; nth < 40; nth += 1) await place(append, orderIdIn(nth % partitions, partitions));
    await projected(log);
    await eventually('both to count on', async () => {
      const [before, after] = await Promise.all([
        getProjections(queriesOf(log)),
        getProjections(queriesOf(log, newer)),
      ]);
      return [...before, ...after].every(({ lag }) => lag === 0);
    });
    await expectReadModelsEqualTheLog(log);
    const versions = async (projections: readonly Projection[]) =>
      (await getProjections(queriesOf(log, projections))).map(({ version, generation }) => [version, generation]);
    const asTheyWere = allProjections.map(({ version }) => [version, 1]);
    expect(await versions(allProjections)).to.deep.equal(asTheyWere);
    const withNewMetrics = newer.map(({ name, version }) => [version, name === 'metrics' ? 2 : 1]);
    expect(await versions(newer)).to.deep.equal(withNewMetrics);
    await old.stop();
    await fresh.stop();
  });

  it('a version that cannot read the older shape is not ready until its own generation is built', async () => {
    const old = await startProjector(log);
    const append = appender(log);
    for (let nth = 0; nth < 40; nth += 1) await place(append, orderIdIn(nth % partitions, partitions));
    await projected(log);
    await old.stop();

    const version = orderStatus.version + 1;
    const newer = allProjections.map((projection) => {
      if (projection.name === orderStatus.name) return { ...projection, version, readsFrom: version };
      return projection.name === metrics.name ? { ...projection, version: metrics.version + 1 } : projection;
    });
    const models = queriesOf(log, newer);
    const continuity = new LogContinuity(log.pool, log.settings, silent);
    const projections = () => getProjections(models);
    const health = () => checkHealth({ pool: log.pool, models, continuity, projections, shuttingDown: false });
    const [status, , counts] = newer;
    if (!status || !counts) throw new Error('a projection is missing');
    const refused = await lookUpServed(models, status).catch((error: unknown) => error);
    expect(problemOf(refused)).to.include({ status: 503, type: '/problems/read-models-unavailable' });
    expect(problemOf(refused).detail).to.contain(`order-status is being built for version ${version}`);
    expect(await lookUpServed(models, counts), 'still read').to.include({ version: metrics.version });
    expect(await health()).to.deep.equal({
      status: 'not-ready',
      checks: {
        event_log: 'up',
        read_models: 'being built: order-status',
        projections: `no living projector in all ${partitions} partitions`,
      },
    });

    const fresh = await startProjector(log, newer);
    await eventually('readiness', async () => (await health()).status === 'ready');
    expect(await lookUpServed(models, status)).to.include({ version });
    await fresh.stop();
  });

  it('after going back, the older version answers only once its generation holds the whole log', async () => {
    const newer = allProjections.map((projection) => ({ ...projection, version: projection.version + 1 }));
    const append = appender(log);
    const orders = 2_000;
    await Promise.all(
      Array.from({ length: orders }, (_, nth) => place(append, orderIdIn(nth % partitions, partitions))),
    );
    const released = await startProjector(log, newer);
    await eventually('the newer version to be filled', async () =>
      (await getProjections(queriesOf(log, newer))).every(({ lag, generation }) => generation === 1 && lag === 0),
    );
    await released.stop();
    const models = { ...queriesOf(log), knownHead: () => orders / partitions };
    const back = await startProjector(log);
    const first = await eventually('the first answer', () =>
      getMetrics(models, { currency: 'USD' }).catch((error: unknown) => {
        if (error instanceof ReadModelBeingBuilt) return undefined;
        throw error;
      }),
    );
    expect(first).to.include({ total_orders: orders });
    await back.stop();
  });
});
