import type { Socket } from 'node:net';
import { type ConnectionEnds, readKernelBuffers } from './kernel-buffers.js';
import { httpLimits as limits } from './limits.js';
import { resetConnection } from './reset-connection.js';

/** The properties that show whether a connection has stalled. */
type Connection = Pick<Socket, 'writableLength' | 'bytesRead' | 'bytesWritten'> &
  ConnectionEnds & { destroy(): unknown; resetAndDestroy?(): unknown };

/** The bytes that a connection has moved at one moment, by what Node knows. */
interface Traffic {
  readonly received: number;
  /** The bytes that the service has sent, taken by the system or not. */
  readonly sent: number;
  /** Those of them that the system has taken. */
  readonly handedOver: number;
}

/** The traffic of connections, from before the buffers of the system are read. */
export type TrafficSnapshot = ReadonlyMap<Connection, Traffic>;

export function snapshotOf(sockets: Iterable<Connection>): TrafficSnapshot {
  return new Map(Array.from(sockets, (socket) => [socket, trafficOf(socket)]));
}

function trafficOf({ bytesRead, bytesWritten, writableLength }: Connection): Traffic {
  return { received: bytesRead, sent: bytesWritten, handedOver: bytesWritten - writableLength };
}

interface Mark {
  readonly atMs: number;
  /** The bytes that the connection had moved by then, in both directions: a lower bound. */
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
 * with a few bytes under way. Bytes in the buffers of the system count as waiting, although Node
 * counts them as sent.
 *
 * Reading these buffers takes time, in which further bytes are sent and taken. The bytes that a
 * client has taken are therefore known within bounds: the traffic before the reading gives the
 * lower bound, the traffic after it the upper one. A mark keeps a lower bound, and later upper
 * bounds are compared with it. With a mark that is too high, a client would seem to take nothing
 * afterwards.
 */
export class StalledConnections {
  readonly #stallTimeoutMs: number;
  readonly #marks = new WeakMap<Connection, Mark>();

  constructor(stallTimeoutMs: number) {
    this.#stallTimeoutMs = stallTimeoutMs;
  }

  /**
   * Ends those of the connections that have stalled. Called at intervals.
   * @param before the traffic of the connections from before `inKernel` was read.
   * @param inKernel the bytes of a connection that wait in the buffers of the system.
   */
  sweep(
    before: TrafficSnapshot,
    nowMs = performance.now(),
    inKernel: (connection: Connection) => number = nothing,
  ): void {
    for (const [socket, { received, sent, handedOver }] of before) {
      const unsent = inKernel(socket);
      if (unsent + sent - handedOver === 0) {
        this.#marks.delete(socket);
        continue;
      }
      const after = trafficOf(socket);
      const taken = after.handedOver - unsent;
      const mark = this.#marks.get(socket);
      if (mark && after.received + taken - mark.moved < limits.minMovedBytes && taken < mark.sent) {
        if (nowMs - mark.atMs >= this.#stallTimeoutMs) resetConnection(socket);
      } else {
        this.#marks.set(socket, { atMs: nowMs, moved: received + handedOver - unsent, sent });
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
    const before = snapshotOf(sockets);
    const inKernel = await read().finally(() => {
      isReading = false;
    });
    for (const [socket, { sent, handedOver }] of before) {
      if (inKernel(socket) === 0 && sent === handedOver) taken.set(socket, sent);
    }
    stalled.sweep(before, nowMs ?? performance.now(), inKernel);
  };
}

/** How often to sweep: three times within the time that a client has. */
export function stallSweepIntervalMs(stallTimeoutMs: number): number {
  return Math.min(limits.stallCheckIntervalMs, stallTimeoutMs / 3);
}
