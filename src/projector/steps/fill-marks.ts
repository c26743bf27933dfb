import type { FillingStore } from '../generations/filling-store.js';
import { projectorLimits as limits } from '../limits.js';
import type { GenerationToFill, GenerationWriter } from './generation-writer.js';

/** The part of a writer that decides about its mark. */
type MarkedWriter = Pick<GenerationWriter, 'id' | 'checkpoint' | 'stopped' | 'isOutdated'>;

/** A writer whose partition has to catch up before queries may read it. */
interface Pending {
  /** The name of the mark in Redis. */
  readonly name: string;
  /** The log's head when the checkpoint was read after the mark was known. */
  readonly target: number;
}

/**
 * Lets queries read a partition of a generation once it has caught up. Each writer is in one of
 * these states:
 *
 * - **filled**: no mark is known.
 * - **announced**: the watcher has read a mark. The next reading of the checkpoints makes it
 *   pending: a checkpoint that was read before the mark may be that of lost data.
 * - **pending**: it has to reach the head of the log at that reading. Then the mark is removed from
 *   Redis, and it is filled.
 * - **lost**: its data is gone from Redis. This object marks the partition, and tries again with
 *   each reading of the checkpoints until Redis takes the mark. The watcher then announces it.
 * - **outdated**: it has stopped at an event of a newer version. This object marks the partition.
 */
export class FillMarks {
  readonly #store: FillingStore;
  readonly #partition: number;
  /** By projection: the name of the mark. */
  #announced: ReadonlyMap<string, string> = new Map();
  readonly #pending = new Map<MarkedWriter, Pending>();
  /** Writers whose data is gone, and whether their partition is marked: Redis may refuse that. */
  readonly #lost = new Map<MarkedWriter, 'unmarked' | 'marked'>();
  readonly #done = new Map<MarkedWriter, string>();
  /** Writers whose partition was marked because they cannot read an event. */
  readonly #outdated = new Set<MarkedWriter>();

  constructor(store: FillingStore, partition: number) {
    this.#store = store;
    this.#partition = partition;
  }

  /**
   * Takes the marks as the watcher has read them.
   * @returns whether the checkpoints have to be read because of a new one.
   */
  announce(generations: readonly GenerationToFill[]): boolean {
    const marks = generations.flatMap(({ id, filling }) =>
      filling?.has(this.#partition) ? [[id.name, filling.name] as const] : [],
    );
    const before = this.#announced;
    this.#announced = new Map(marks);
    return marks.some(([name, mark]) => before.get(name) !== mark);
  }

  /** Takes note of the marks before the checkpoints are read. */
  beginReading(writers: readonly MarkedWriter[], head: number): void {
    for (const writer of writers) {
      const name = this.#announced.get(writer.id.name);
      if (name === undefined || this.#done.get(writer) === name) continue;
      if (this.#pending.get(writer)?.name !== name) this.#pending.set(writer, { name, target: head });
    }
  }

  /**
   * Removes the marks of writers that have caught up.
   * @param head the present head. A head that only a notification has named may have been wrong.
   */
  async end(head: number): Promise<void> {
    for (const [writer, { name, target }] of this.#pending) {
      if (writer.checkpoint.position < Math.min(target, head)) continue;
      await this.#store.setFilled(writer.id, this.#partition, name);
      this.#pending.delete(writer);
      this.#done.set(writer, name);
    }
  }

  /**
   * Marks the partition of writers that have stopped at an event of a newer version: their read
   * models fall behind until a process of that version takes over.
   */
  async noteOutdated(writers: readonly MarkedWriter[]): Promise<void> {
    for (const writer of writers) {
      if (!writer.isOutdated) this.#outdated.delete(writer);
      else if (!this.#outdated.has(writer)) {
        await this.#store.setFilling(writer.id, this.#partition, 'outdated');
        this.#outdated.add(writer);
      }
    }
  }

  /**
   * Marks the partition if a writer is at the start because its data is gone from Redis: if it has
   * been further on, or if the log has more than `maxFirstEvents` events. The data may have been
   * lost while another process owned the partition.
   * @param before the writer's position before the checkpoint was read.
   * @param head the log's head, known before the checkpoint was read.
   */
  async noteStart(writer: MarkedWriter, before: number, head: number): Promise<void> {
    if (writer.checkpoint.position > 0 || head === 0 || writer.stopped !== undefined) {
      this.#lost.delete(writer);
      return;
    }
    if (before > 0 || head > limits.maxFirstEvents) this.#lost.set(writer, this.#lost.get(writer) ?? 'unmarked');
    const known = this.#announced.get(writer.id.name);
    const isMarked = known !== undefined && this.#done.get(writer) !== known;
    if (this.#lost.get(writer) !== 'unmarked' || isMarked) return;
    this.#pending.delete(writer);
    await this.#store.setFilling(writer.id, this.#partition, 'lost');
    this.#lost.set(writer, 'marked');
  }
}
