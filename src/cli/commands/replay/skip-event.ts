import { createStreamReader } from '../../../event-log/read/read-stream.js';
import type { Projection } from '../../../projections/projection.js';
import { skipStoppedEvent } from '../../../service/system/skip-stopped-event.js';
import { wireAppender } from '../../../service/wire-commands.js';
import type { CommandContext } from '../../connections.js';
import { confirm } from '../../terminal/confirm.js';
import { UsageError } from '../../terminal/errors.js';
import { parseEventPosition } from '../../terminal/event-position.js';
import { operator } from '../../terminal/operator.js';

export interface SkipOptions {
  readonly chosen: readonly Projection[];
  /** The event's partition and position, "PARTITION:POSITION". */
  readonly skipped: string;
  readonly reason?: string | undefined;
  readonly yes?: boolean | undefined;
  /** Takes a line as soon as a skip is in the log. */
  readonly announce: (line: string) => void;
}

/**
 * Records in the log that the chosen projections skip the event on which they have stopped. Returns
 * what the JSON document has: one object for each projection that skips it.
 */
export async function skipEvent(
  { pool, settings, models, log, terminal }: CommandContext,
  { chosen, skipped, reason = '', yes, announce }: SkipOptions,
): Promise<readonly object[]> {
  const event = parseEventPosition(skipped, settings.epochs);
  if (!event) throw new UsageError('--skip must be PARTITION:POSITION of the event, as `orders status` shows it');
  if (reason.trim() === '') throw new UsageError('--skip needs --reason "…": the log records it for the audit trail');
  await confirm(
    terminal,
    `The event at ${skipped} and all later events of its order will be left out of the read model for good.`,
    yes,
  );
  const readStream = createStreamReader(pool, settings);
  const { append } = wireAppender({ pool, settings }, log);
  const done = await skipStoppedEvent({ readStream, append, models }, chosen, { ...event, reason }, operator());
  if (done.length === 0) {
    throw new UsageError(`no projection has stopped at ${skipped}: \`orders status\` shows the stopped ones`);
  }
  return done.map(({ projection, type, orderId, recorded }) => {
    const recordedAt = settings.epochs.format(recorded.partition, recorded.position);
    announce(`${projection} skips ${type} of order ${orderId} at ${skipped}; recorded in the log at ${recordedAt}`);
    return { projection, skipped: true, type, order_id: orderId, position: skipped, recorded_at: recordedAt };
  });
}
