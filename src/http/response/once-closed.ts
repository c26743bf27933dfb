import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The tasks of each connection, with one listener for all of them. */
const tasksOf = new WeakMap<Socket, Set<() => void>>();

/**
 * Runs a task once the response is over: it was sent, or its connection is closed. If that is so
 * already, the task runs at once.
 *
 * The event `close` of the response is not enough. The client may have disconnected before the
 * listener is added. And a response that waits for an earlier one on its connection (pipelining)
 * has no such event if the connection closes first.
 */
export function onceClosed({ req, res }: { req: IncomingMessage; res: ServerResponse }, task: () => void): void {
  const { socket } = req;
  if (res.closed || socket.destroyed) {
    task();
    return;
  }
  const tasks = tasksOf.get(socket) ?? newTasks(socket);
  const run = () => {
    if (!tasks.delete(run)) return;
    res.off('close', run);
    task();
  };
  tasks.add(run);
  res.once('close', run);
}

function newTasks(socket: Socket): Set<() => void> {
  const tasks = new Set<() => void>();
  tasksOf.set(socket, tasks);
  socket.once('close', () => {
    for (const run of tasks) run();
  });
  return tasks;
}
