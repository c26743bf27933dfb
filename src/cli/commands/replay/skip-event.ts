import { recordOperatorEvent } from '../../../event-log/operators/operator-events.js';
import { createStreamReader } from '../../../event-log/read/read-stream.js';
import type { Projection } from '../../../projections/projection.js';
import { getProjections } from '../../../queries/get-projections.js';
import { wireAppender } from '../../../service/wire-commands.js';
import type { CommandContext } from '../../connections.js';
import { UsageError } from '../../terminal/errors.js';
import { parseEventPosition } from '../../terminal/event-position.js';
import { operator } from '../../terminal/operator.js';

/**
 * Records in the log that the chosen projections skip the event on which they have stopped.
 * @param skipped the event's partition and position, "PARTITION:POSITION".
 */
export async function skipEvent(
  { pool, settings, models, log, terminal }: CommandContext,
  chosen: readonly Projection[],
  skipped: string,
  reason = '',
): Promise<void> {
  const event = parseEventPosition(skipped, settings.epochs);
  if (!event) throw new UsageError('--skip must be PARTITION:POSITION of the event, as `orders status` shows it');
  if (reason.trim() === '') throw new UsageError('--skip needs --reason "…": the log records it for the audit trail');
  const { partition, position } = event;
  const stopped = (await getProjections(models)).flatMap(({ name, partitions, rebuild }) => {
    const live = partitions[partition]?.stopped;
    const rebuilt = rebuild?.stopped?.find((one) => one.partition === partition);
    const at = [live, rebuilt].find((one) => one?.position === position);
    return at && chosen.some((projection) => projection.name === name) ? [{ name, at }] : [];
  });
  if (stopped.length === 0) {
    throw new UsageError(`no projection has stopped at ${skipped}: \`orders status\` shows the stopped ones`);
  }
  const readStream = createStreamReader(pool, settings.partitions);
  const { append } = wireAppender({ pool, settings }, log);
  for (const { name, at } of stopped) {
    const recorded = await recordOperatorEvent(
      readStream,
      append,
      {
        type: 'ProjectionEventSkipped',
        data: { projection: name, partition, position, order_id: at.order_id, event_type: at.type, reason },
      },
      operator(),
    );
    terminal.print(
      `${name} skips ${at.type} of order ${at.order_id} at ${skipped}; ` +
        `recorded in the log at ${recorded.partition}:${recorded.position}`,
    );
  }
}
