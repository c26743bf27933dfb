import type pg from 'pg';
import { type Epoch, LogEpochs } from '../log-epochs.js';

/** Reads the epochs of the log. The table is empty in the first epoch. */
export async function readEpochs(pool: Pick<pg.Pool, 'query'>): Promise<LogEpochs> {
  const { rows } = await pool.query<{
    epoch: string;
    partition: number;
    start_position: number;
    started_at: string;
    clock_reset: boolean;
  }>(
    // Takes no lock. The table has one row per partition for each epoch after the first.
    `select l.epoch, l.partition, l.start_position, l.started_at, l.clock_reset
     from log_epochs l order by l.number, l.partition`,
  );
  const epochs = new Map<string, Epoch & { readonly startsAfter: Map<number, number> }>();
  for (const { epoch: name, partition, start_position, started_at: startedAt, clock_reset: clockReset } of rows) {
    const epoch = epochs.get(name) ?? { name, startedAt, clockReset, startsAfter: new Map<number, number>() };
    epochs.set(name, epoch);
    epoch.startsAfter.set(partition, Number(start_position));
  }
  return new LogEpochs([...epochs.values()]);
}
