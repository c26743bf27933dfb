import { readOperatorEvents } from '../event-log/operators/operator-events.js';
import type { ReadStream } from '../event-log/read/read-stream.js';

/**
 * The events that operators have decided to pass over. The decisions are in the log, so a rebuild passes over the same.
 */
export class SkippedEvents {
  readonly #readStream: ReadStream;
  #skipped: ReadonlySet<string> = new Set();

  constructor(readStream: ReadStream) {
    this.#readStream = readStream;
  }

  async load(): Promise<void> {
    const operations = await readOperatorEvents(this.#readStream);
    this.#skipped = new Set(
      operations.flatMap(({ type, data }) =>
        type === 'ProjectionEventSkipped' ? [nameOf(data.projection, data.partition, data.position)] : [],
      ),
    );
  }

  has(projection: string, partition: number, position: number): boolean {
    return this.#skipped.size > 0 && this.#skipped.has(nameOf(projection, partition, position));
  }
}

function nameOf(projection: string, partition: number, position: number): string {
  return `${projection} ${partition}:${position}`;
}
