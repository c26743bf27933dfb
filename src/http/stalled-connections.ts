import type { Socket } from 'node:net';
import type { ConnectionEnds } from './kernel-buffers.js';
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
