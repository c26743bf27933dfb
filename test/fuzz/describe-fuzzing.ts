import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readSigningKeys } from '../../src/audit/signing-key.js';
import { expectIntactLog, expectReadModelsEqualTheLog, projected } from '../support/read-models.js';
import { createTestLog, eventually, type TestLog } from '../support/servers.js';
import { type RunningService, startService } from '../support/service.js';
import { fuzz } from './fuzz.js';

/**
 * Sends random requests to a service of its own, then checks the service, the log and the read
 * models. @param count the number of requests. @param seed the same seed gives the same requests.
 */
export function describeFuzzing(count: number, seed: number): void {
  describe('Fuzzing', function () {
    this.timeout(60_000 + count * 20);
    let log: TestLog;
    let service: RunningService;
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'orders-fuzz-'));
      const key = join(folder, 'signing-key.pem');
      await readSigningKeys([key], true);
      log = await createTestLog();
      service = await startService(log, { LOG_LEVEL: 'silent', ORDERS_SIGNING_KEY_FILES: key });
    });
    after(async () => {
      await service.stop();
      await log.close();
      await rm(folder, { recursive: true });
    });
    const gauge = async (name: string) =>
      Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(`${service.url}/metrics`)).text())?.[1]);

    it(`${count} random requests get only documented responses and no 5xx, leak nothing, and leave the log intact`, async () => {
      const filesBefore = await gauge('process_open_fds');
      const { answers, failures, overloaded } = await fuzz(service.url, count, seed);
      console.log(
        `      ${[...answers]
          .toSorted()
          .map(([what, times]) => `${what}: ${times}`)
          .join(', ')}`,
      );
      expect(failures.join('\n'), `seed ${seed}`).to.equal('');
      expect(overloaded / count, 'the share of requests that met an overloaded service').to.be.below(0.01);
      // All three kinds of requests reached the code that they were made for.
      for (const one of ['valid 200', 'valid 201', 'valid 409', 'nearly-valid 422', 'absurd 404', 'absurd 400'])
        expect(answers.get(one), one).to.be.greaterThan(0);
      await eventually(
        'the connections to be closed',
        async () => (await gauge('process_open_fds')) <= filesBefore + 15,
        30_000,
      );
      expect(await gauge('process_resident_memory_bytes')).to.be.lessThan(400 * 1024 * 1024);
      await projected(log);
      await expectIntactLog(log);
      if (count <= 5_000) await expectReadModelsEqualTheLog(log);
    });
  });
}
