import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type EmbeddedServer, freePort } from '../../src/embedded/child.js';
import { startRedis } from '../../src/embedded/redis.js';
import { type PrivateCa, tlsSettings } from './private-ca.js';
import { eventually } from './servers.js';

const password = 'cluster-password';
const slots = 16_384;

/** A server of a test's cluster. */
export interface ClusterNode {
  readonly server: EmbeddedServer;
  /** The port that the other nodes and the clients use. */
  readonly port: number;
  readonly id: string;
  readonly client: Redis;
}

export interface TestCluster {
  /** A redis-cluster URL that names three of the nodes. */
  readonly url: string;
  readonly masters: readonly ClusterNode[];
  /** The replica of each master, in the same order. */
  readonly replicas: readonly ClusterNode[];
  stop(): Promise<void>;
}

/**
 * Starts a cluster of three masters and three replicas on loopback.
 * @param ca if set, nodes and clients use TLS, and there are no replicas.
 */
export async function startCluster(folder: string, ca?: PrivateCa): Promise<TestCluster> {
  const nodes: ClusterNode[] = [];
  for (let nth = 0; nth < (ca ? 3 : 6); nth += 1) nodes.push(await startNode(join(folder, String(nth)), ca));
  const [first] = nodes;
  if (!first) throw new Error('there are nodes');
  const masters = nodes.slice(0, 3);
  const replicas = nodes.slice(3);
  for (const [nth, { client }] of masters.entries()) {
    const from = Math.floor((slots * nth) / 3);
    const end = Math.floor((slots * (nth + 1)) / 3);
    // Redis 6.2 has no ADDSLOTSRANGE.
    await client.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: end - from }, (_, index) => from + index));
  }
  for (const [nth, { client }] of nodes.entries()) {
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', nth + 1);
    if (nth > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', first.port);
  }
  await everyNode(nodes, 'to know the others', async ({ client }) => (await nodesOf(client)).length === nodes.length);
  for (const [nth, { client }] of replicas.entries()) await client.call('CLUSTER', 'REPLICATE', masters[nth]?.id ?? '');
  await everyNode(nodes, 'to be up', async ({ client }) =>
    /cluster_state:ok/.test(String(await client.call('CLUSTER', 'INFO'))),
  );
  await everyNode(replicas, 'to follow', async ({ client }) =>
    /master_link_status:up/.test(await client.info('replication')),
  );
  return {
    url: `${ca ? 'rediss' : 'redis'}-cluster://:${password}@${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    replicas,
    async stop() {
      for (const { client } of nodes) client.disconnect();
      await Promise.all(nodes.map(({ server }) => server.stop()));
    },
  };
}

/** Begins to move a slot: until `endMove` its keys may be on both masters. */
export async function beginMove(slot: number, from: ClusterNode, to: ClusterNode): Promise<void> {
  await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
}

export async function moveKeys(keys: readonly string[], from: ClusterNode, to: ClusterNode): Promise<void> {
  await from.client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'AUTH', password, 'KEYS', ...keys);
}

/** Moves the keys that are left, tells all masters, and waits until every node knows it. */
export async function endMove(slot: number, from: ClusterNode, to: ClusterNode, cluster: TestCluster): Promise<void> {
  for (;;) {
    const keys = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', slot, 20)) as string[];
    if (keys.length === 0) break;
    await moveKeys(keys, from, to);
  }
  const others = cluster.masters.filter((one) => one !== from && one !== to);
  for (const { client } of [to, from, ...others]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
  await agreement([...cluster.masters, ...cluster.replicas]);
}

/**
 * Waits until every node knows the same masters, with the same slots and epochs. If slots moved on
 * before that, two masters could take the same epoch; the one that then has to take a higher one
 * may claim the slots that it had before, and the nodes disagree for ever.
 */
async function agreement(nodes: readonly ClusterNode[]): Promise<void> {
  await eventually('every node to know the same masters', async () => {
    const [first, ...others] = await Promise.all(nodes.map(({ client }) => mastersKnownTo(client)));
    const epochs = first?.map((master) => master.split(' ')[1]);
    return new Set(epochs).size === epochs?.length && others.every((other) => String(other) === String(first));
  });
}

/** The masters that a node knows: identity, epoch and slots of each. */
async function mastersKnownTo(client: Redis): Promise<string[]> {
  const lines = (await nodesOf(client)).map((line) => line.split(' '));
  return lines
    .filter(([, , flags]) => flags?.includes('master'))
    .map(([id, , , , , , epoch, , ...ranges]) =>
      [id, epoch, ...ranges.filter((range) => !range.startsWith('['))].join(' '),
    )
    .sort();
}

/** Whether the node is a master now, of some slots. */
export async function isMaster({ client }: ClusterNode): Promise<boolean> {
  return (await nodesOf(client)).some((line) => /myself,master/.test(line) && /\d+-\d+|\[?\d+\]?$/.test(line));
}

/** Makes a replica the master of its slots at once. Its master becomes its replica. */
export async function takeOver(replica: ClusterNode, master: ClusterNode): Promise<void> {
  await eventually('the replica to follow', async () =>
    /master_link_status:up/.test(await replica.client.info('replication')),
  );
  await replica.client.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
  await eventually('both to know it', async () => (await isMaster(replica)) && !(await isMaster(master)));
}

async function startNode(folder: string, ca: PrivateCa | undefined): Promise<ClusterNode> {
  const settings = ['cluster-enabled yes', 'cluster-node-timeout 2500', 'cluster-replica-validity-factor 0'];
  const plainPort = await freeBusPort();
  const port = ca ? await freeBusPort() : plainPort;
  if (ca) settings.push(...tlsSettings(ca, port), 'tls-cluster yes');
  const server = await startRedis(folder, () => undefined, { port: plainPort, settings });
  const client = new Redis(server.url, { maxRetriesPerRequest: 1 });
  client.on('error', () => undefined);
  await client.config('SET', 'masterauth', password);
  await client.config('SET', 'requirepass', password);
  client.disconnect();
  const own = new Redis(`redis://:${password}@127.0.0.1:${plainPort}`, { maxRetriesPerRequest: 1 });
  own.on('error', () => undefined);
  return { server, port, client: own, id: String(await own.call('CLUSTER', 'MYID')) };
}

/** In cluster mode Redis also listens on the port 10,000 above. */
async function freeBusPort(): Promise<number> {
  let port = await freePort();
  while (port + 10_000 > 65_535) port = await freePort().then((other) => (other > 55_000 ? other - 20_000 : other));
  return port;
}

async function nodesOf(client: Redis): Promise<string[]> {
  return String(await client.call('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
}

async function everyNode(
  nodes: readonly ClusterNode[],
  what: string,
  is: (node: ClusterNode) => Promise<boolean>,
): Promise<void> {
  for (const node of nodes) await eventually(`node ${node.port} ${what}`, () => is(node).catch(() => false), 30_000);
}
