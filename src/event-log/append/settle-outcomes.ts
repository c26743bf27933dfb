import { setTimeout } from 'node:timers/promises';
import { TimeoutError, withTimeout } from '../../with-timeout.js';
import { DatabaseUnavailable, databaseUnavailable } from '../connection/database-unavailable.js';
import type { HeadMoved } from '../heads/head-moved.js';
import { eventLogLimits as limits } from '../limits.js';
import { ClockBehind, LogWentBack } from '../log-went-back.js';
import { type ReadStream, streamPages } from '../read/read-stream.js';
import type { StoredEvent } from '../stored-event.js';
import type { Append, Appender, AppendFailed, AppendObserver, AppendResult } from './append.js';

export interface SettleOptions {
  /** Milliseconds since an append was first sent, within which it is sent again. */
  readonly timeoutMs?: number;
  readonly observer?: Pick<AppendObserver, 'retry'> | undefined;
  /**
   * Whether an append must not be sent again: the person whose data it holds has been forgotten
   * since. Asked before each further attempt; a rejection counts as a failed attempt.
   */
  readonly isObsolete?: ((append: Append) => Promise<boolean>) | undefined;
}

/**
 * Settles appends of unknown outcome. If the connection breaks before the response arrives, the
 * append may or may not be committed. It is then sent again, to the same order at the same version,
 * so that it cannot be done twice:
 *
 * - It succeeds: the first attempt was not committed, and can no longer be.
 * - The stream is at another version: the first attempt was committed, or another command came
 *   first. The stream says which: the append's own events, with the id of their request, are at
 *   their version or not. If they are not, they never will be, because their version is taken.
 * - It is refused because of the log's epoch, end or clock: no attempt can succeed. The append
 *   rejects with that refusal.
 * - It is obsolete by then (`isObsolete`): it is not sent again. The append rejects with
 *   DatabaseUnavailable.
 * - It fails for another reason: it is sent again, until `timeoutMs` have passed since it was
 *   first sent, but for `minSettleTimeoutMs` at least. The append then rejects with
 *   DatabaseUnavailable.
 *
 * The error says whether the append may have been done: it may if the outcome of any attempt is
 * unknown. An attempt that did not end in time has an unknown outcome.
 *
 * An append that PostgreSQL rolled back in favour of another transaction (SQLSTATE class 40) is
 * sent again in the same way.
 *
 * @param readStream reads streams as they are stored.
 * @param onHeadMoved called for an append that turns out to be committed.
 */
export function settleOutcomes(
  appender: Appender,
  readStream: ReadStream,
  onHeadMoved: (head: HeadMoved) => void,
  { timeoutMs = limits.settleTimeoutMs, observer, isObsolete }: SettleOptions = {},
): Appender {
  /** @param sentMs when the append was first sent, by performance.now(). */
  async function settle(append: Append, first: DatabaseUnavailable, sentMs: number): Promise<AppendResult> {
    const minTimeoutMs = Math.min(timeoutMs, limits.minSettleTimeoutMs);
    const deadline = Math.max(sentMs + timeoutMs, performance.now() + minTimeoutMs);
    let last = first;
    let mayBeDone = first.mayHaveBeenDone;
    let isOver = false;
    for (let delayMs: number = limits.minSettleDelayMs; ; delayMs = Math.min(2 * delayMs, limits.maxSettleDelayMs)) {
      await setTimeout(delayMs);
      const left = deadline - performance.now();
      if (left <= 0) throw new DatabaseUnavailable(last.reason, mayBeDone, last.cause);
      observer?.retry();
      try {
        if (await withTimeout(left, Promise.resolve(isObsolete?.(append)))) isOver = true;
        else return await withTimeout(left, sendAgain(append));
      } catch (error) {
        if (error instanceof LogWentBack) throw new LogWentBack(error.message, mayBeDone);
        if (error instanceof ClockBehind) throw new ClockBehind(error.message, mayBeDone);
        // An error of another kind, such as Overloaded, says that this attempt did nothing.
        last = databaseUnavailable(error) ?? new DatabaseUnavailable(last.reason, false, error);
        mayBeDone ||= last.mayHaveBeenDone || error instanceof TimeoutError;
      }
      if (isOver) throw new DatabaseUnavailable(last.reason, mayBeDone, last.cause);
    }
  }

  async function sendAgain(append: Append): Promise<AppendResult> {
    const result = await appender.append(append);
    if (result.appended) return result;
    const own = await ownEvents(append, readStream);
    const event = own?.at(-1);
    if (!event) return result;
    const { version, partition, position, recordedAt, hash } = event;
    onHeadMoved({ partition, position, hash });
    return { appended: true, version, partition, position, recordedAt };
  }

  return {
    append: (append) => {
      const sentMs = performance.now();
      return appender.append(append).catch((error: unknown) => {
        const unavailable = worthSettling(error);
        if (!unavailable) throw error;
        return settle(append, unavailable, sentMs);
      });
    },
    appendAll: async (appends) => {
      const sentMs = performance.now();
      const results = await appender.appendAll(appends);
      return Promise.all(
        appends.map(async (append, index): Promise<AppendResult | AppendFailed> => {
          const result = results[index] ?? { failed: new Error('the append has no result') };
          const unavailable = 'failed' in result ? worthSettling(result.failed) : undefined;
          return unavailable ? settle(append, unavailable, sentMs).catch((failed: unknown) => ({ failed })) : result;
        }),
      );
    },
  };
}

function worthSettling(error: unknown): DatabaseUnavailable | undefined {
  const unavailable = databaseUnavailable(error);
  return unavailable?.mayHaveBeenDone || unavailable?.wasRolledBack ? unavailable : undefined;
}

/** The events of an append, if the stream holds them at the versions that the append gave them. */
async function ownEvents(
  { orderId, expectedVersion, events }: Append,
  readStream: ReadStream,
): Promise<StoredEvent[] | undefined> {
  const stored: StoredEvent[] = [];
  for await (const page of streamPages(readStream, orderId, expectedVersion)) {
    stored.push(...page.events);
    if (stored.length >= events.length) break;
  }
  const own = stored.slice(0, events.length);
  const isOwn =
    own.length === events.length &&
    events.every(({ type, data, metadata }, index) => {
      const at = own[index];
      return at?.type === type && at.data === data && at.metadata === metadata;
    });
  return isOwn ? own : undefined;
}
