import type { Logger } from 'pino';
import { type CommandHandlers, createCommandHandlers } from '../commands/command-handlers.js';
import type { Appender } from '../event-log/append/append.js';
import { type AppendListeners, createAppender } from '../event-log/append/group-commit.js';
import { settleOutcomes } from '../event-log/append/settle-outcomes.js';
import { createHeadsNotifier } from '../event-log/heads/notify-heads.js';
import { createStreamReader } from '../event-log/read/read-stream.js';
import { utcTime } from '../orders/values/utc-time.js';
import { createOpenedStreamReader } from '../privacy/sealed-events.js';
import type { EventLogConnection } from './connect.js';

/**
 * Appends events, and notifies the projectors of all processes of each partition whose head moved.
 */
export function wireAppender(
  { pool, settings }: Pick<EventLogConnection, 'pool' | 'settings'>,
  log: Logger,
  onCommitted?: AppendListeners['onCommitted'],
): Appender {
  const onHeadMoved = createHeadsNotifier(pool, log);
  // An onCommitted that does nothing would still make PostgreSQL return the hash of each event.
  const appender = createAppender(pool, settings, onCommitted ? { onHeadMoved, onCommitted } : { onHeadMoved });
  return settleOutcomes(appender, createStreamReader(pool, settings.partitions), onHeadMoved);
}

/** The handlers of all commands: of the HTTP API and of the import. */
export function wireCommandHandlers(
  eventLog: EventLogConnection,
  log: Logger,
  onCommitted?: AppendListeners['onCommitted'],
): CommandHandlers {
  const { pool, settings, personKeys } = eventLog;
  return createCommandHandlers({
    readStream: createOpenedStreamReader(personKeys, createStreamReader(pool, settings.partitions)),
    personKeys,
    ...wireAppender(eventLog, log, onCommitted),
    now: () => utcTime(Date.now()),
  });
}
