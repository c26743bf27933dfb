import type { Socket } from 'node:net';
import { type ConnectionEnds, readKernelBuffers } from './kernel-buffers.js';
import { httpLimits as limits } from './limits.js';
import { resetConnection } from './reset-connection.js';

/** A connection, as far as its stalling is concerned. */
type Connection = Pick<Socket, 'writableLength' | 'bytesRead' | 'bytesWritten'> &
  ConnectionEnds & { destroy(): unknown; resetAndDestroy?(): unknown };

interface Mark {
  readonly atMs: number;
  /** The bytes that the connection had moved by then, in both directions. */
  readonly moved: number;
  /** The bytes that had been sent by then, taken or not. */
  readonly sent: number;
}

const nothing = () => 0;

/**
 * Ends connections whose clients do not take what was sent to them. While bytes wait, a client has
 * to take, or to send, at least `minMovedBytes` per time limit, or to take all that waited at its
 * beginning. So a client that reads one byte per second is ended like one that reads nothing,
 * however short its response is. A batch that is still being sent is not ended, nor is a stream
 * with a few bytes under way. Bytes in the buffers of the system count: Node takes them for sent.
 */
export class StalledConnections {
  readonly #stallTimeoutMs: number;
  readonly #marks = new WeakMap<Connection, Mark>();

  constructor(stallTimeoutMs: number) {
    this.#stallTimeoutMs = stallTimeoutMs;
  }

  /**
   * Ends those of the connections that have stalled. Called at intervals.
   * @param inKernel the bytes of a connection that wait in the buffers of the system.
   */
  sweep(
    sockets: Iterable<Connection>,
    nowMs = performance.now(),
    inKernel: (connection: Connection) => number = nothing,
  ): void {
    for (const socket of sockets) {
      const sent = socket.bytesWritten;
      const waiting = socket.writableLength + inKernel(socket);
      if (waiting === 0) {
        this.#marks.delete(socket);
        continue;
      }
      const taken = sent - waiting;
      const moved = socket.bytesRead + taken;
      const mark = this.#marks.get(socket);
      if (mark && moved - mark.moved < limits.minMovedBytes && taken < mark.sent) {
        if (nowMs - mark.atMs >= this.#stallTimeoutMs) resetConnection(socket);
      } else {
        this.#marks.set(socket, { atMs: nowMs, moved, sent });
      }
    }
  }
}

/**
 * Returns the sweep of stalled connections, to be called at intervals. It reads the buffers of the
 * system, which costs about a microsecond per connection of the machine, if something was sent
 * since all connections were last seen to have taken everything.
 * @param stallTimeoutMs the time that a client has to take some of a response.
 */
export function createStallSweep(
  sockets: ReadonlySet<Connection>,
  stallTimeoutMs: number,
  read: () => Promise<(connection: ConnectionEnds) => number> = readKernelBuffers,
): (nowMs?: number) => Promise<void> {
  const stalled = new StalledConnections(stallTimeoutMs);
  /** The bytes that a connection had been sent when it was last seen to have taken all of them. */
  const taken = new WeakMap<Connection, number>();
  let isReading = false;
  return async (nowMs) => {
    // On a busy machine a reading may take longer than an interval. Those of an earlier one would
    // then be compared with what was sent after a later one.
    if (isReading || [...sockets].every((socket) => socket.bytesWritten === taken.get(socket))) return;
    isReading = true;
    const inKernel = await read().finally(() => {
      isReading = false;
    });
    for (const socket of sockets) {
      if (inKernel(socket) + socket.writableLength === 0) taken.set(socket, socket.bytesWritten);
    }
    stalled.sweep(sockets, nowMs ?? performance.now(), inKernel);
  };
}

/** How often to sweep: three times within the time that a client has. */
export function stallSweepIntervalMs(stallTimeoutMs: number): number {
  return Math.min(limits.stallCheckIntervalMs, stallTimeoutMs / 3);
}
