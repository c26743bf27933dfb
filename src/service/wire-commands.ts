import type { Logger } from 'pino';
import { type CommandHandlers, createCommandHandlers } from '../commands/command-handlers.js';
import { OrderCache } from '../commands/order-cache.js';
import type { Append, Appender, AppendObserver, KnownLog } from '../event-log/append/append.js';
import { type AppendListeners, createAppender } from '../event-log/append/group-commit.js';
import { settleOutcomes } from '../event-log/append/settle-outcomes.js';
import type { HeadMoved } from '../event-log/heads/head-moved.js';
import type { LogContinuity } from '../event-log/heads/log-continuity.js';
import { createHeadsNotifier } from '../event-log/heads/notify-heads.js';
import { eventLogLimits } from '../event-log/limits.js';
import { createStreamReader } from '../event-log/read/read-stream.js';
import { utcTime } from '../orders/values/utc-time.js';
import { createOpenedStreamReader, personOf } from '../privacy/sealed-events.js';
import type { EventLogConnection } from './connect.js';

export interface AppenderOptions {
  readonly maxClockBehindMs?: number;
  /** The process's knowledge of the log. By default only its own appends. */
  readonly continuity?: LogContinuity | undefined;
  readonly onCommitted?: AppendListeners['onCommitted'];
  readonly onCallEnded?: AppendListeners['onCallEnded'];
  readonly observer?: AppendObserver | undefined;
  /** Traces the appends; undefined if nothing is traced. */
  readonly trace?: ((appender: Appender) => Appender) | undefined;
}

/**
 * Appends events, and notifies the projectors of all processes of each partition whose head moved.
 */
export function wireAppender(
  {
    pool,
    settings,
    personKeys,
  }: Pick<EventLogConnection, 'pool' | 'settings'> & Partial<Pick<EventLogConnection, 'personKeys'>>,
  log: Logger,
  options: AppenderOptions = {},
): Appender {
  const {
    onCommitted,
    onCallEnded,
    observer,
    continuity,
    maxClockBehindMs = eventLogLimits.maxClockBehindMs,
  } = options;
  const notify = createHeadsNotifier(pool, settings, log);
  const own = new Map<number, number>();
  const known: KnownLog = {
    epoch: settings.epochs.current,
    position: (partition) => continuity?.position(partition) ?? own.get(partition) ?? 0,
    maxClockBehindMs,
    get refusal() {
      return continuity?.refusal;
    },
    onRefused: () => void continuity?.readFresh(),
  };
  const onHeadMoved = (head: HeadMoved) => {
    if (continuity) continuity.advance(head);
    else own.set(head.partition, head.position);
    notify(head);
  };
  // An onCommitted that does nothing would still make PostgreSQL return the hash of each event.
  const listeners = {
    onHeadMoved,
    observer,
    ...(onCommitted ? { onCommitted } : {}),
    ...(onCallEnded ? { onCallEnded } : {}),
  };
  const appender = createAppender(pool, settings, listeners, known);
  const isObsolete =
    personKeys &&
    (async ({ events }: Append) => {
      const persons = events.flatMap((event) => personOf(event) ?? []);
      return persons.length > 0 && (await personKeys.forgotten(persons)).length > 0;
    });
  return settleOutcomes(appender, createStreamReader(pool, settings), onHeadMoved, { observer, isObsolete });
}

/** The handlers of all commands: of the HTTP API and of the import. */
export function wireCommandHandlers(
  eventLog: Pick<EventLogConnection, 'pool' | 'settings' | 'personKeys'>,
  log: Logger,
  options: AppenderOptions = {},
): CommandHandlers {
  const { pool, settings, personKeys } = eventLog;
  const { continuity } = options;
  const readStream = createOpenedStreamReader(personKeys, createStreamReader(pool, settings));
  return createCommandHandlers({
    readStream: async (...page) => {
      continuity?.assertIntact();
      return readStream(...page);
    },
    orderCache: new OrderCache(personKeys && ((persons) => personKeys.forgotten(persons))),
    personKeys,
    ...(options.trace ?? asItIs)(wireAppender(eventLog, log, options)),
    now: () => utcTime(Date.now()),
    confirmLog: continuity && (() => continuity.confirm()),
  });
}

const asItIs = (appender: Appender): Appender => appender;
