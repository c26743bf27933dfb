import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The tasks of each open response, with one listener for all of them. */
const tasksOf = new WeakMap<ServerResponse, Set<() => void>>();
/** By connection, what ends its open responses, with one listener for all of them. */
const endsOf = new WeakMap<Socket, Set<() => void>>();

/**
 * Runs a task once the response is over: it was sent, or its connection is closed. If that is so
 * already, the task runs at once.
 *
 * The event `close` of the response is not enough. The client may have disconnected before the
 * listener is added. And a response that waits for an earlier one on its connection (pipelining)
 * has no such event if the connection closes first.
 * @returns a function after which the task does not run any more.
 */
export function onceClosed({ req, res }: { req: IncomingMessage; res: ServerResponse }, task: () => void): () => void {
  const { socket } = req;
  if (res.closed || socket.destroyed) {
    task();
    return () => undefined;
  }
  const tasks = tasksOf.get(res) ?? newTasks(res, socket);
  // A function of its own per call: the same task may be given twice.
  const run = () => task();
  tasks.add(run);
  return () => void tasks.delete(run);
}

function newTasks(res: ServerResponse, socket: Socket): Set<() => void> {
  const tasks = new Set<() => void>();
  tasksOf.set(res, tasks);
  const ends = endsOf.get(socket) ?? newEnds(socket);
  const end = () => {
    if (!ends.delete(end)) return;
    res.off('close', end);
    for (const run of tasks) run();
    tasks.clear();
  };
  ends.add(end);
  res.once('close', end);
  return tasks;
}

function newEnds(socket: Socket): Set<() => void> {
  const ends = new Set<() => void>();
  endsOf.set(socket, ends);
  socket.once('close', () => {
    for (const end of ends) end();
  });
  return ends;
}
