import { expect } from 'chai';
import { FailureLog } from '../src/failure-log.js';

describe('the log of a failure that repeats', () => {
  function createLog(quietMs = 0) {
    const lines: { level: string; message: string; failures: unknown }[] = [];
    const write = (level: string) => (fields: object, message: string) => {
      lines.push({ level, message, failures: 'failures' in fields ? fields.failures : undefined });
    };
    const clock = { ms: 0 };
    const log = { info: write('info'), warn: write('warn'), error: write('error') } as ConstructorParameters<
      typeof FailureLog
    >[0];
    const failures = new FailureLog(log, { failing: 'it fails', over: 'it works' }, { quietMs, now: () => clock.ms });
    return { failures, lines, clock };
  }
  const nextTimers = () => new Promise((resolve) => setTimeout(resolve, 5));

  it('a failure logs one line when it starts, one per minute with a count, and one when it is over', async () => {
    const { failures, lines, clock } = createLog();
    failures.succeeded();
    for (; clock.ms < 130_000; clock.ms += 1_000) failures.failed(new Error('away'));
    failures.succeeded();
    failures.succeeded();
    await nextTimers();
    expect(lines).to.deep.equal([
      { level: 'warn', message: 'it fails', failures: undefined },
      { level: 'warn', message: 'it fails', failures: 60 },
      { level: 'warn', message: 'it fails', failures: 60 },
      { level: 'info', message: 'it works', failures: 130 },
    ]);
    failures.failed(new Error('away'));
    expect(lines).to.have.length(5);
  });

  it('a failure that comes and goes is one failure', async () => {
    const { failures, lines, clock } = createLog(60_000);
    for (let nth = 0; nth < 50; nth += 1) {
      failures.failed(new Error('away'));
      failures.succeeded();
      clock.ms += 10;
    }
    await nextTimers();
    expect(lines).to.deep.equal([{ level: 'warn', message: 'it fails', failures: undefined }]);
  });
});
