import { readOperatorEvents } from '../event-log/operators/operator-events.js';
import type { ReadStream } from '../event-log/read/read-stream.js';

/**
 * The events that operators have decided to skip. The decisions are operator events in the log, so
 * that every later rebuild skips the same events.
 */
export class SkippedEvents {
  readonly #readStream: ReadStream;
  #skipped: ReadonlySet<string> = new Set();

  constructor(readStream: ReadStream) {
    this.#readStream = readStream;
  }

  /** Reads all decisions from the log. */
  async load(): Promise<void> {
    const operatorEvents = await readOperatorEvents(this.#readStream);
    this.#skipped = new Set(
      operatorEvents.flatMap(({ type, data }) =>
        type === 'ProjectionEventSkipped' ? [keyOf(data.projection, data.partition, data.position)] : [],
      ),
    );
  }

  has(projection: string, partition: number, position: number): boolean {
    return this.#skipped.size > 0 && this.#skipped.has(keyOf(projection, partition, position));
  }
}

function keyOf(projection: string, partition: number, position: number): string {
  return `${projection} ${partition}:${position}`;
}
