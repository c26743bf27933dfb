import type { IncomingMessage } from 'node:http';
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
  /** Takes lines from the caller's rate limit, and waits until it allows them. */
  readonly waitForCapacity: (lines: number) => Promise<void>;
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
  request: IncomingMessage,
  { owner, linesInFlight, waitForCapacity, idleTimeoutMs, hold, stopped, ended, hasToEnd }: LineSourceOptions,
): AsyncGenerator<AdmittedLines> {
  const { maxLineBytes, maxGroupLines } = limits;
  let capacity = 0;
  const chunks = untilAborted(chunksOf(request, idleTimeoutMs), stopped);
  for await (let group of splitLines(chunks, { maxLineBytes, maxLines: maxGroupLines, hold })) {
    while (group.length > 0) {
      if (capacity === 0) {
        await waitForCapacity(maxGroupLines);
        capacity = maxGroupLines;
      }
      if (ended.aborted || hasToEnd()) return;
      const lines = group.slice(0, capacity);
      group = group.slice(capacity);
      capacity -= lines.length;
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
 * The chunks of the request. The connection is closed if none arrives for `timeoutMs`. Ending the
 * iteration leaves the request open, so that the response can still be sent.
 */
async function* chunksOf(request: IncomingMessage, timeoutMs: number): AsyncGenerator<Buffer> {
  request.setTimeout(timeoutMs, () =>
    request.destroy(new Error(`no data of the batch arrived for ${timeoutMs / 1000} s`)),
  );
  for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
}
