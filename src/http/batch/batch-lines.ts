import type { Readable } from 'node:stream';
import type { FairSemaphore } from '../../fair-semaphore.js';
import { batchLimits as limits } from './limits.js';
import { type Line, splitLines } from './split-lines.js';
import { untilAborted } from './until-aborted.js';

/** A group of lines that may be handled now. */
export interface AdmittedLines {
  readonly lines: readonly Line[];
  /** Has to be called once the lines are handled. */
  readonly release: () => void;
}

export interface LineSourceOptions {
  /** The owner whose share of the lines in flight the batch uses. */
  readonly owner: string;
  /** Bounds the lines of all batches in flight. */
  readonly linesInFlight: FairSemaphore;
  /**
   * Takes lines from the caller's rate limit, and waits until it allows them.
   * @returns the number of lines that were taken, up to the given one.
   */
  readonly waitForCapacity: (lines: number) => Promise<number>;
  /** Time without data after which the connection is closed. Pauses of the service do not count. */
  readonly idleTimeoutMs: number;
  /** Counts bytes of memory that an unfinished line takes, until the function is called. */
  readonly hold: (bytes: number) => () => void;
  /** Aborts when the batch has to end early: it then waits for no further data. */
  readonly stopped: AbortSignal;
  /** Aborts when the client has disconnected or the batch has to end early. */
  readonly ended: AbortSignal;
  /** Whether the batch has to end before further lines are handled. */
  readonly hasToEnd: () => boolean;
}

/**
 * The lines of a batch, in groups, as the caller's rate limit and the lines in flight allow. Each
 * line counts as one request. Ends early if the client has disconnected or the batch has to end.
 */
export async function* admittedLines(
  request: Readable,
  { owner, linesInFlight, waitForCapacity, idleTimeoutMs, hold, stopped, ended, hasToEnd }: LineSourceOptions,
): AsyncGenerator<AdmittedLines> {
  const { maxLineBytes, maxGroupLines } = limits;
  const chunks = untilAborted(chunksOf(request, idleTimeoutMs), stopped);
  for await (let group of splitLines(chunks, { maxLineBytes, maxLines: maxGroupLines, hold })) {
    while (group.length > 0) {
      const taken = await waitForCapacity(group.length);
      if (ended.aborted || hasToEnd()) return;
      const lines = group.slice(0, taken);
      group = group.slice(taken);
      const release = await linesInFlight.acquire(owner, weightOf(lines));
      yield { lines, release };
    }
  }
}

/**
 * The weight of lines in flight: those that take much memory count as several. A line keeps the
 * whole chunk in memory in which it arrived.
 */
function weightOf(lines: readonly Line[]): number {
  let bytes = 0;
  const memory = new Set(lines.map((line) => line.bytes?.buffer));
  for (const buffer of memory) bytes += buffer?.byteLength ?? 0;
  return Math.max(lines.length, Math.ceil(bytes / limits.bytesPerLine));
}

/**
 * The chunks of the request. The connection is closed if the next one does not arrive within
 * `timeoutMs`. Ending the iteration leaves the request open: the response can still be sent.
 */
async function* chunksOf(request: Readable, timeoutMs: number): AsyncGenerator<Buffer> {
  const chunks = request.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const timer = setTimeout(() => {
        // With this code, the log does not count it as a failure of the service.
        const error = new Error(`no data of the batch arrived for ${timeoutMs / 1000} s`);
        request.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
      }, timeoutMs);
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value as Buffer;
    }
  } finally {
    await chunks.return?.();
  }
}
