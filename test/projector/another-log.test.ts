import { expect } from 'chai';
import { appender, orderIdIn, place, startProjector } from '../support/events.js';
import { projected } from '../support/read-models.js';
import { checkpointText } from '../support/redis-keys.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';

describe('another log', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await createTestLog(4);
  });
  afterEach(() => log.close());

  it('a projection stops if the log is not the one that its read model was built from', async () => {
    const first = await startProjector(log);
    const append = appender(log);
    await place(append, orderIdIn(1, 4));
    await projected(log);
    await first.stop();
    const [key] = await checkpointText(log, 'metrics', 1);
    await log.redis.set(key, `1:${'ab'.repeat(32)}`);
    await place(append, orderIdIn(1, 4));
    const second = await startProjector(log);
    const [stopped] = await eventually(
      'the stop',
      () => second.projector.stoppedProjections().length > 0 && second.projector.stoppedProjections(),
    );
    expect(stopped?.stopped.error).to.match(/not the one/);
    await second.stop();
  });
});
