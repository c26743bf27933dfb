import { expect } from 'chai';
import { readSources } from './source-tree.js';

/**
 * The files that need the time of day: for what is stored, sent or shown, and for what is valid
 * until a time. All others measure durations, by performance.now(): a clock that is set back must
 * not make a wait longer, nor keep what has expired.
 */
const needTimeOfDay: readonly string[] = [
  'access/api-keys.ts',
  'access/bearer-tokens.ts',
  'access/issuer-keys.ts',
  'access/stream-tickets.ts',
  'cli/commands/doctor.ts',
  'cli/commands/keys.ts',
  'event-log/heads/log-continuity.ts',
  'http/batch/parse-line.ts',
  'http/routes/command-routes.ts',
  'http/routes/operators/key-routes.ts',
  'import/checking/memory-log.ts',
  'projector/generations/filling-store.ts',
  'service/health/check-health.ts',
  'service/system/process-registry.ts',
  'service/tracing/trace-deliveries.ts',
  'service/wire-commands.ts',
  'webhooks/deliver-event.ts',
];

describe('The clocks of the service', () => {
  const users = [...readSources()].filter(([, text]) => text.includes('Date.now()'));

  it('only files that need the time of day read it, and durations are measured by performance.now()', () => {
    expect(users.map(([file]) => file).sort()).to.deep.equal([...needTimeOfDay].sort());
  });

  it('no duration is a difference of two readings of the time of day', () => {
    const differences = users.filter(([, text]) =>
      /Date\.now\(\) -|- Date\.now\(\)|Date\.now\(\) [<>]=? deadline/.test(text),
    );
    // The age of a stored checkpoint, and the start of a process, are differences to a time of day.
    expect(differences.map(([file]) => file)).to.deep.equal([
      'cli/commands/doctor.ts',
      'service/system/process-registry.ts',
    ]);
  });
});
