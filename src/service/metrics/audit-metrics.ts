import type { Registry } from 'prom-client';
import { lastTakenAt } from '../../audit/checkpoints-taken.js';
import type { Pool } from '../../event-log/database.js';
import { shareFor } from '../../http/shared-calls.js';
import { addGauge } from './metric.js';

/** Milliseconds for which scrapes share one reading. */
const takenSharedMs = 10_000;

/** Registers when a signed checkpoint was last taken: without one, nobody can prove a change. */
export function measureCheckpoints(registry: Registry, pool: Pool): void {
  const taken = shareFor(takenSharedMs, () => lastTakenAt(pool));
  addGauge(registry, {
    name: 'orders_signed_checkpoint_timestamp_seconds',
    help: 'When a signed checkpoint was last taken from this log, in seconds since 1970. 0: never.',
    collect: async (set) => set(((await taken()) ?? 0) / 1000),
  });
}
