import type { AppendEvents, Appender } from '../event-log/append/append.js';
import type { ReadStream } from '../event-log/read/read-stream.js';
import type { PersonKeys } from '../privacy/person-keys.js';

export interface CommandDeps {
  readonly readStream: ReadStream;
  readonly append: AppendEvents;
  readonly appendAll: Appender['appendAll'];
  /** Seals personal data in events; without it, it is stored as it is. `readStream` opens it. */
  readonly personKeys?: PersonKeys | undefined;
  /** The current time, RFC 3339 UTC with milliseconds. */
  readonly now: () => string;
}
