import type { Socket } from 'node:net';
import { type ConnectionEnds, readKernelBuffers } from './kernel-buffers.js';
import { httpLimits as limits } from './limits.js';

/** A connection, as far as its stalling is concerned. */
type Connection = Pick<Socket, 'writableLength' | 'bytesRead' | 'bytesWritten'> &
  ConnectionEnds & { destroy(): unknown; resetAndDestroy?(): unknown };

interface Mark {
  readonly atMs: number;
  /** The bytes that the connection had moved by then, in both directions. */
  readonly moved: number;
}

const nothing = () => 0;

/**
 * Ends connections whose clients do not take what was sent to them. While bytes wait to be sent, a
 * client has to take, or to send, at least `minMovedBytes` per `stallTimeoutMs`. So a client that
 * reads one byte per second is ended like one that reads nothing, and a batch that is still being
 * sent is not. Bytes that wait in the buffers of the system count, too, if they are so many that
 * they are not just under way.
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
      const unsent = inKernel(socket);
      const waiting = socket.writableLength + (unsent > limits.maxBytesUnderWay ? unsent : 0);
      if (waiting === 0) {
        this.#marks.delete(socket);
        continue;
      }
      const moved = socket.bytesRead + socket.bytesWritten - waiting;
      const mark = this.#marks.get(socket);
      if (mark && moved - mark.moved < limits.minMovedBytes) {
        if (nowMs - mark.atMs >= this.#stallTimeoutMs) end(socket);
      } else {
        this.#marks.set(socket, { atMs: nowMs, moved });
      }
    }
  }
}

/** Closing alone would leave the bytes to the system, which keeps them until the client is gone. */
function end(socket: Connection): void {
  if (socket.resetAndDestroy) socket.resetAndDestroy();
  else socket.destroy();
}

/**
 * Returns the sweep of stalled connections, to be called at intervals. It reads the buffers of the
 * system at a longer interval, because that costs more with every connection of the machine, and
 * only if some connection may have too much in them: it was sent more than a fast client may have
 * under way since it was last seen to have less.
 *
 * Between two readings a client seems to take nothing, so there are three within the time that a
 * client has.
 * @param stallTimeoutMs the time that a client has to take some of a response.
 */
export function createStallSweep(
  sockets: ReadonlySet<Connection>,
  stallTimeoutMs: number,
  read: () => Promise<(connection: ConnectionEnds) => number> = readKernelBuffers,
): (nowMs?: number) => Promise<void> {
  const stalled = new StalledConnections(stallTimeoutMs);
  const readIntervalMs = Math.min(limits.kernelCheckIntervalMs, stallTimeoutMs / 3);
  /** The bytes that a connection had been sent when it was last seen to have taken them. */
  const taken = new WeakMap<Connection, number>();
  let inKernel: (connection: Connection) => number = nothing;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return async (nowMs = performance.now()) => {
    if (nowMs - readAtMs >= readIntervalMs) {
      readAtMs = nowMs;
      const sent = [...sockets].map((socket) => [socket, socket.bytesWritten] as const);
      const isLong = sent.some(([socket, bytes]) => bytes - (taken.get(socket) ?? 0) > limits.maxBytesUnderWay);
      inKernel = isLong ? await read() : nothing;
      if (isLong)
        for (const [socket, bytes] of sent) if (inKernel(socket) <= limits.maxBytesUnderWay) taken.set(socket, bytes);
    }
    stalled.sweep(sockets, nowMs, inKernel);
  };
}
