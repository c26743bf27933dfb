import { Cluster, Command } from 'ioredis';
import { ReadModelUnavailable } from '../read-model-unavailable.js';
import { primariesOf, type Redis } from './redis-client.js';
import type { RedisCommand } from './redis-command.js';
import { untilReady } from './until-ready.js';

/**
 * Sends commands in one round trip. Resolves with their replies in order. Rejects with
 * ReadModelUnavailable if one of them fails.
 *
 * A cluster's client sends each command again that a node redirects, or whose connection is lost.
 * While slots move or a node fails, the commands of one call may be executed in another order,
 * and some twice. A script is needed where that matters (see redis-script.ts).
 */
export function pipeline(redis: Redis, commands: readonly RedisCommand[]): Promise<unknown[]> {
  return commands.length === 0 ? Promise.resolve([]) : sendTogether(redis, commands);
}

/**
 * Sends commands and `lasts` after them; the replies to `lasts` are the last ones. Callers that
 * pass the same object among them in one turn of the event loop share it: it is sent once, after
 * the commands of all callers.
 */
export function pipelineThen(
  redis: Redis,
  commands: readonly RedisCommand[],
  ...lasts: readonly RedisCommand[]
): Promise<unknown[]> {
  return sendTogether(redis, commands, lasts);
}

/** The commands of one caller that wait for the end of the turn. */
interface Waiting {
  readonly commands: readonly RedisCommand[];
  readonly lasts: readonly RedisCommand[];
  readonly resolve: (replies: unknown[] | Promise<unknown[]>) => void;
  readonly reject: (error: unknown) => void;
}

const waiting = new WeakMap<Redis, Waiting[]>();

/**
 * Sends the commands of all callers of one turn of the event loop in one write to the socket: under
 * load the write costs more than the commands in it. The commands of one caller stay together and
 * in order. The delay is the rest of the turn.
 */
function sendTogether(
  redis: Redis,
  commands: readonly RedisCommand[],
  lasts: readonly RedisCommand[] = [],
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const others = waiting.get(redis);
    if (others) {
      others.push({ commands, lasts, resolve, reject });
      return;
    }
    waiting.set(redis, [{ commands, lasts, resolve, reject }]);
    setImmediate(() => {
      const all = waiting.get(redis) ?? [];
      waiting.delete(redis);
      sendAll(redis, all).catch((error: unknown) => {
        for (const one of all) one.reject(new ReadModelUnavailable(error));
      });
    });
  });
}

async function sendAll(redis: Redis, all: readonly Waiting[]): Promise<void> {
  const ready = untilReady(redis);
  if (ready !== undefined) await ready;
  const isCluster = redis instanceof Cluster;
  const send = senderOf(redis);
  const shared = new Map<RedisCommand, Promise<unknown>>();
  const sendLasts = () => {
    for (const { lasts } of all) for (const last of lasts) if (!shared.has(last)) shared.set(last, send(last));
  };
  const replies: Promise<unknown>[][] = [];
  inOneWrite(redis, () => {
    for (const { commands } of all) replies.push(commands.map(send));
    if (!isCluster) sendLasts();
  });
  if (isCluster && all.some(({ lasts }) => lasts.length > 0)) {
    // The nodes of a cluster work at the same time: the last commands wait for the others.
    await Promise.allSettled(replies.flat());
    inOneWrite(redis, sendLasts);
  }
  for (const [nth, { lasts, resolve, reject }] of all.entries()) {
    const own = replies[nth] ?? [];
    for (const last of lasts) own.push(shared.get(last) ?? Promise.resolve());
    Promise.all(own).then(resolve, (error: unknown) => reject(new ReadModelUnavailable(error)));
  }
}

/**
 * Returns the function that sends the commands of one turn. ioredis has a class for that, Pipeline,
 * but V8 gives each of its objects a hidden class of its own, with which all that the pipeline
 * refers to, replies included, is left to the collection of the old generation. That took a third
 * of the processor time of a command.
 */
function senderOf(redis: Redis): (command: RedisCommand) => Promise<unknown> {
  let index = 0;
  return ([name, ...args]) => {
    const command = new Command(name.toLowerCase(), [], { replyEncoding: 'utf8' });
    // The constructor would search the arguments for lists.
    command.args = args.map(String);
    // If the connection is lost after some of the replies, the client gives up the other commands
    // instead of sending them to a server that may have other data by then.
    if (!(redis instanceof Cluster)) command.pipelineIndex = index++;
    return redis.sendCommand(command) as Promise<unknown>;
  };
}

/** The commands that `send` sends go out in one write per server. */
function inOneWrite(redis: Redis, send: () => void): void {
  const sockets = primariesOf(redis).flatMap(({ stream }) => stream ?? []);
  for (const socket of sockets) socket.cork();
  try {
    send();
  } finally {
    for (const socket of sockets) socket.uncork();
  }
}
