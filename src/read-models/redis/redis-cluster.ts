import { type Cluster, Command } from 'ioredis';
import type { RedisCommand } from './redis-command.js';
import { isRedirect } from './redis-error.js';

/** The reply to a command, or its error. */
export type Reply = readonly [error: Error | null, reply: unknown];

/** Commands for one node, with their indexes among all commands. */
interface NodeBatch {
  readonly commands: RedisCommand[];
  readonly indexes: number[];
}

/**
 * Sends commands to a cluster, one pipeline per node, all at the same time. Commands with keys of
 * one partition go to one node, in order. Never rejects: each command has its own error.
 *
 * While slots move between nodes, a node may redirect some commands of a pipeline. Nothing of these
 * was done. They are sent again one by one, and the client follows each redirection.
 */
export async function sendToCluster(cluster: Cluster, commands: readonly RedisCommand[]): Promise<Reply[]> {
  const batches = new Map<string, NodeBatch>();
  for (const [index, command] of commands.entries()) {
    const slot = toCommand(command).getSlot();
    const nodes = cluster.slots[typeof slot === 'number' ? slot : 0]?.join(';') ?? '';
    const batch = batches.get(nodes) ?? { commands: [], indexes: [] };
    batches.set(nodes, batch);
    batch.commands.push(command);
    batch.indexes.push(index);
  }
  const replies: Reply[] = new Array(commands.length);
  await Promise.all(
    [...batches.values()].map(async (batch) => {
      const own = await sendToNode(cluster, batch.commands);
      for (const [nth, index] of batch.indexes.entries()) replies[index] = own[nth] ?? [new Error('no reply'), null];
    }),
  );
  return replies;
}

async function sendToNode(cluster: Cluster, commands: readonly RedisCommand[]): Promise<Reply[]> {
  const words = commands.map(([name, ...args]) => [name.toLowerCase(), ...args]);
  // The whole pipeline fails if the slots have moved apart since they were grouped.
  const replies: readonly Reply[] = await cluster
    .pipeline(words)
    .exec()
    .then(
      (found) => found ?? [],
      () => [],
    );
  return Promise.all(
    commands.map((command, index): Reply | Promise<Reply> => {
      const reply = replies[index];
      return reply && !(reply[0] && isRedirect(reply[0].message)) ? reply : sendAlone(cluster, command);
    }),
  );
}

async function sendAlone(cluster: Cluster, command: RedisCommand): Promise<Reply> {
  try {
    return [null, await cluster.sendCommand(toCommand(command))];
  } catch (error) {
    return [error instanceof Error ? error : new Error(String(error)), null];
  }
}

function toCommand([name, ...args]: RedisCommand): Command {
  return new Command(name.toLowerCase(), args, { replyEncoding: 'utf8' });
}
