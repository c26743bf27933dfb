import type { Socket } from 'node:net';
import { httpLimits as limits } from './limits.js';

/** A connection, as far as its stalling is concerned. */
type Connection = Pick<Socket, 'writableLength' | 'bytesRead' | 'bytesWritten'> & { destroy(): unknown };

interface Mark {
  readonly atMs: number;
  /** The bytes that the connection had moved by then, in both directions. */
  readonly moved: number;
}

/**
 * Ends connections whose clients do not take what was sent to them. While bytes wait to be sent, a
 * client has to take, or to send, at least `minMovedBytes` per `stallTimeoutMs`. So a client that
 * reads one byte per second is ended like one that reads nothing, and a batch that is still being
 * sent is not.
 */
export class StalledConnections {
  readonly #stallTimeoutMs: number;
  readonly #marks = new WeakMap<Connection, Mark>();

  constructor(stallTimeoutMs: number) {
    this.#stallTimeoutMs = stallTimeoutMs;
  }

  /** Ends those of the connections that have stalled. Called at intervals. */
  sweep(sockets: Iterable<Connection>, nowMs = performance.now()): void {
    for (const socket of sockets) {
      if (socket.writableLength === 0) {
        this.#marks.delete(socket);
        continue;
      }
      const moved = socket.bytesRead + socket.bytesWritten - socket.writableLength;
      const mark = this.#marks.get(socket);
      if (mark && moved - mark.moved < limits.minMovedBytes) {
        if (nowMs - mark.atMs >= this.#stallTimeoutMs) socket.destroy();
      } else {
        this.#marks.set(socket, { atMs: nowMs, moved });
      }
    }
  }
}
