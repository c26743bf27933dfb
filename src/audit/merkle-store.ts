import type { Pool } from '../event-log/database.js';
import { leafHash, nodeHash, rootOf, splitPoint } from './merkle-tree.js';

/**
 * The number of events in a stored subtree of level 0, and of stored subtrees below one of the next
 * level. A power of two (2^8), so that each stored subtree is also a subtree of the binary tree.
 */
const fanOut = 256;
/**
 * Groups of 256 hashes that an open tree keeps: about 2 MiB, and several times what one path needs.
 */
const maxGroups = 64;
/** Subtrees of level 0 that one step builds: one query reads the hashes of 40 × 256 events. */
const subtreesPerStep = 40;

// $1 partition, $2 first and $3 last position.
// Takes no lock. Ordered by position, like the primary key (partition, position) that serves it.
const leavesSql = `
  select e.hash from events e where e.partition = $1 and e."position" between $2 and $3 order by e."position"`;
// $1 partition, $2 level, $3 first and $4 last index.
// Takes no lock. Ordered by index, like the primary key (partition, level, index) that serves it.
const nodesSql = `
  select n.hash from merkle_nodes n where n.partition = $1 and n.level = $2 and n.index between $3 and $4 order by n.index`;

/** The Merkle tree of one partition, over its first `size` events. */
export interface MerkleTree {
  readonly size: number;
  root(): Promise<Buffer>;
  /**
   * The audit path (RFC 6962, 2.1.1) of the event at a position: the sibling hashes on the way from
   * the leaf to the root.
   */
  path(position: number): Promise<Buffer[]>;
  /** The consistency path (RFC 9162, 2.1.4) from the tree over the first `first` events. */
  consistency(first: number): Promise<Buffer[]>;
}

/**
 * Stores the complete subtrees of a partition's first `size` events. It adds only missing nodes,
 * may be interrupted at any point, and may run in several processes at once.
 */
export async function extendTree(pool: Pool, partition: number, size: number): Promise<void> {
  await extendLevel(pool, partition, 0, Math.floor(size / fanOut), subtreesPerStep, async (from, to) =>
    (await readLeaves(pool, partition, from * fanOut + 1, to * fanOut)).map(leafHash),
  );
  let nodes = Math.floor(size / fanOut);
  for (let level = 1; nodes >= fanOut; level += 1) {
    nodes = Math.floor(nodes / fanOut);
    await extendLevel(pool, partition, level, nodes, 1, (from, to) =>
      readNodes(pool, partition, level - 1, from * fanOut, to * fanOut - 1),
    );
  }
}

async function extendLevel(
  pool: Pool,
  partition: number,
  level: number,
  wanted: number,
  perStep: number,
  readBelow: (fromIndex: number, toIndex: number) => Promise<Buffer[]>,
): Promise<void> {
  for (let from = await countStoredNodes(pool, partition, level); from < wanted; from += perStep) {
    const to = Math.min(from + perStep, wanted);
    const below = await readBelow(from, to);
    if (below.length !== (to - from) * fanOut) throw new Error(`partition ${partition} has lost events`);
    const hashes = Array.from({ length: to - from }, (_, nth) => rootOf(below.slice(nth * fanOut, (nth + 1) * fanOut)));
    await pool.query(
      `insert into merkle_nodes (partition, level, index, hash)
       select $1, $2, n.index, n.hash from unnest($3::bigint[], $4::bytea[]) as n(index, hash) on conflict do nothing`,
      [partition, level, hashes.map((_, nth) => from + nth), hashes],
    );
  }
}

/**
 * How many of a partition's events the stored subtrees cover, on all levels. While the tree is
 * being extended, its lower levels cover more than the others.
 */
export async function storedTreeSize(pool: Pool, partition: number): Promise<number> {
  let nodes = await countStoredNodes(pool, partition, 0);
  for (let level = 1, unit = fanOut; nodes >= unit; level += 1, unit *= fanOut) {
    const stored = await countStoredNodes(pool, partition, level);
    nodes = Math.min(nodes, (stored + 1) * unit - 1);
  }
  return fanOut * nodes;
}

/** Counts the stored nodes of a level. They are the first ones, without a gap. */
async function countStoredNodes(pool: Pool, partition: number, level: number): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select coalesce(max(index) + 1, 0) as count from merkle_nodes where partition = $1 and level = $2',
    [partition, level],
  );
  return rows[0]?.count ?? 0;
}

/**
 * Opens the tree over a partition's first `size` events. `extendTree` must have stored it that far.
 */
export function openTree(pool: Pool, partition: number, size: number): MerkleTree {
  const groups = new Map<string, Promise<Buffer[]>>();
  /**
   * Reads, once, the (up to 256) nodes of a level below one node of the next. Level −1 is the
   * leaves.
   */
  const group = (level: number, index: number): Promise<Buffer[]> => {
    const name = `${level}:${index}`;
    const first = index * fanOut;
    const last = Math.min(first + fanOut, Math.floor(size / fanOut ** (level + 1))) - 1;
    const nodes =
      groups.get(name) ??
      (level < 0
        ? readLeaves(pool, partition, first + 1, Math.min(first + fanOut, size)).then((hashes) => hashes.map(leafHash))
        : readNodes(pool, partition, level, first, last));
    groups.delete(name);
    groups.set(name, nodes);
    // The least recently used group is the first.
    const [oldest] = groups.keys();
    if (groups.size > maxGroups && oldest !== undefined) groups.delete(oldest);
    return nodes;
  };

  /** The root of the subtree over the leaves from start (inclusive) to end (exclusive). */
  async function rangeHash(start: number, end: number): Promise<Buffer> {
    const count = end - start;
    let level = -1;
    let unit = 1;
    while (count % (unit * fanOut) === 0 && start % (unit * fanOut) === 0 && unit * fanOut <= count) {
      unit *= fanOut;
      level += 1;
    }
    // Hashes a range within one group of 256 directly. RFC 6962 says where to split a larger range.
    if (count / unit <= fanOut && Math.floor(start / unit / fanOut) === Math.floor((end - 1) / unit / fanOut)) {
      const index = Math.floor(start / unit / fanOut);
      const nodes = await group(level, index);
      const first = start / unit - index * fanOut;
      const part = nodes.slice(first, first + count / unit);
      if (part.length !== count / unit) throw new Error(`the Merkle tree of partition ${partition} is incomplete`);
      return rootOf(part);
    }
    const k = splitPoint(count);
    return nodeHash(await rangeHash(start, start + k), await rangeHash(start + k, end));
  }

  async function path(index: number, start: number, end: number): Promise<Buffer[]> {
    if (end - start === 1) return [];
    const middle = start + splitPoint(end - start);
    return index < middle
      ? [...(await path(index, start, middle)), await rangeHash(middle, end)]
      : [...(await path(index, middle, end)), await rangeHash(start, middle)];
  }

  /** @param isWhole whether the range begins with the whole first tree, whose root is known. */
  async function consistency(first: number, start: number, end: number, isWhole: boolean): Promise<Buffer[]> {
    if (first === end - start) return isWhole ? [] : [await rangeHash(start, end)];
    const middle = start + splitPoint(end - start);
    return first <= middle - start
      ? [...(await consistency(first, start, middle, isWhole)), await rangeHash(middle, end)]
      : [...(await consistency(first - (middle - start), middle, end, false)), await rangeHash(start, middle)];
  }

  return {
    size,
    consistency: async (first) => (first === 0 ? [] : consistency(first, 0, size, true)),
    root: () => (size === 0 ? Promise.resolve(rootOf([])) : rangeHash(0, size)),
    path: (position) => path(position - 1, 0, size),
  };
}

async function readLeaves(pool: Pool, partition: number, first: number, last: number): Promise<Buffer[]> {
  const values = [partition, first, last];
  const { rows } = await pool.query<{ hash: Buffer }>({ name: 'merkle-leaves', text: leavesSql, values });
  return rows.map(({ hash }) => hash);
}

async function readNodes(pool: Pool, partition: number, level: number, first: number, last: number): Promise<Buffer[]> {
  const values = [partition, level, first, last];
  const { rows } = await pool.query<{ hash: Buffer }>({ name: 'merkle-nodes', text: nodesSql, values });
  return rows.map(({ hash }) => hash);
}
