import type { LogSettings } from '../../../event-log/database.js';
import type { LogPoint } from '../../../event-log/read/positions-at.js';
import { parseRfc3339, timeForms } from '../../../orders/values/rfc3339.js';
import type { ScratchGeneration } from '../../../projector/dry-run/scratch-generation.js';
import { UsageError } from '../../terminal/errors.js';
import { parseEventPosition } from '../../terminal/event-position.js';
import { ProgressBar } from '../../terminal/progress-bar.js';
import type { Terminal } from '../../terminal/terminal.js';

/** Parses the value of --until. */
export function parseLogPoint(text: string, { partitions, epochs }: LogSettings): LogPoint {
  const event = parseEventPosition(text, epochs);
  if (event && event.partition < partitions) return { partition: event.partition, position: event.position };
  const ms = parseRfc3339(text);
  if (ms === undefined) {
    throw new UsageError(`--until must be ${timeForms.time}, or PARTITION:POSITION as in the header Event-Position`);
  }
  return { at: new Date(ms).toISOString() };
}

/**
 * Replays the log into a generation up to these positions, by partition, and shows a progress bar.
 */
export async function replayWithBar(
  scratch: Pick<ScratchGeneration, 'replayTo'>,
  until: ReadonlyMap<number, number>,
  terminal: Terminal,
): Promise<void> {
  const bar = new ProgressBar('events', terminal);
  try {
    await scratch.replayTo(until, (done, total) => bar.update(total === 0 ? 1 : done / total, done));
  } finally {
    bar.end();
  }
}
