import { randomUUID } from 'node:crypto';
import type { Projection } from '../../projections/projection.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { ReadableEntry } from '../../read-models/readable-entry.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { pipeline, type RedisCommand } from '../../read-models/redis/redis-pipeline.js';
import type { CheckpointFreeze } from '../generations/checkpoint-freeze.js';
import { readEntries, scanGeneration } from '../generations/generation-contents.js';
import { projectorLimits as limits } from '../limits.js';

/** One thing in which two generations are not the same. Undefined on the side where it is not there. */
export interface Difference {
  readonly projection: string;
  readonly partition: number;
  /** The key within the generation, such as "orders:17" or "figures:USD". */
  readonly key: string;
  readonly orderId: string | undefined;
  /** Within the order or the key: an entry, and within that a field of its JSON. */
  readonly field: string;
  readonly live: string | undefined;
  readonly rebuilt: string | undefined;
}

export interface Comparison {
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  readonly checkpointFreeze: CheckpointFreeze;
  readonly projection: Projection;
  readonly live: GenerationId;
  readonly rebuilt: GenerationId;
  /**
   * Brings the rebuilt generation of a partition exactly to a position. Undefined where the two stand at different points on
   * purpose: then they are compared as they are.
   */
  readonly advanceTo: ((partition: number, position: number) => Promise<void>) | undefined;
  readonly onDifference: (difference: Difference) => void;
}

/** A key, or one entry of it, that looked different while both generations were moving. */
interface Suspect {
  readonly partition: number;
  readonly key: string;
  readonly entry: string | undefined;
}

/**
 * Compares two generations key by key and entry by entry. First everything is compared as it goes by; what then looks
 * different is looked at again, some at a time, while the live generation stands still for a moment and the rebuilt one is
 * brought to the same position: so what is reported is a difference in what was folded, and not in when.
 * @returns how many keys were compared.
 */
export async function compareGenerations(comparison: Comparison): Promise<number> {
  // By partition, each once: SCAN may give a key more than once.
  const suspects = new Map<number, Map<string, Suspect>>();
  const suspect = (one: Suspect) => {
    const ofPartition = suspects.get(one.partition) ?? new Map<string, Suspect>();
    suspects.set(one.partition, ofPartition);
    ofPartition.set(`${one.key}\n${one.entry}`, one);
  };
  let compared = 0;
  for (const side of ['live', 'rebuilt'] as const) {
    for await (const found of scanGeneration(comparison.redis, comparison.keys, comparison[side])) {
      // What is in both has been compared from the live side.
      const onlyHere = side === 'live' ? found : await missingOnOtherSide(comparison, found);
      compared += onlyHere.length;
      await compareKeys(comparison, onlyHere, suspect);
    }
  }
  for (const [partition, ofPartition] of suspects) {
    const all = [...ofPartition.values()];
    for (let at = 0; at < all.length; at += limits.maxEntriesComparedWhileFrozen) {
      const differences = await lookAgain(
        comparison,
        partition,
        all.slice(at, at + limits.maxEntriesComparedWhileFrozen),
      );
      for (const difference of differences) comparison.onDifference(difference);
    }
  }
  return compared;
}

async function missingOnOtherSide(
  { redis, keys, live }: Comparison,
  found: readonly { partition: number; key: string }[],
): Promise<{ partition: number; key: string }[]> {
  const exists = await pipeline(
    redis,
    found.map(({ partition, key }) => ['EXISTS', keys.partition(live, partition)(key)]),
  );
  return found.filter((_, index) => exists[index] === 0);
}

async function compareKeys(
  { redis, keys, live, rebuilt }: Comparison,
  found: readonly { partition: number; key: string }[],
  suspect: (one: Suspect) => void,
): Promise<void> {
  const [mine, theirs] = await Promise.all(
    [live, rebuilt].map((id) =>
      readEntries(
        redis,
        found.map(({ partition, key }) => keys.partition(id, partition)(key)),
      ),
    ),
  );
  for (const [index, { partition, key }] of found.entries()) {
    const [one, other] = [mine?.[index] ?? new Map<string, string>(), theirs?.[index] ?? new Map<string, string>()];
    for (const entry of new Set([...one.keys(), ...other.keys()])) {
      if (one.get(entry) !== other.get(entry)) suspect({ partition, key, entry });
    }
  }
}

/** Compares suspects while both generations stand at the same position. */
async function lookAgain(
  comparison: Comparison,
  partition: number,
  suspects: readonly Suspect[],
): Promise<Difference[]> {
  const { checkpointFreeze, live, advanceTo } = comparison;
  if (!advanceTo) return differencesOf(comparison, partition, suspects);
  for (let attempt = 0; attempt < limits.maxComparisonAttempts; attempt += 1) {
    const token = randomUUID();
    try {
      const { position } = await freezeSoon(comparison, partition, token);
      await advanceTo(partition, position);
      const differences = await differencesOf(comparison, partition, suspects);
      // An owner that found the freeze too long has gone on meanwhile: then two different points were compared.
      const still = await checkpointFreeze.freeze(live, partition, token);
      if (still?.position === position) return differences;
    } finally {
      await checkpointFreeze.thaw(live, partition, token);
    }
  }
  throw new Error(`${live.name} does not stand still long enough in partition ${partition} to be compared: try again`);
}

/** Freezes the live generation, once whoever else has frozen it has thawed it. */
async function freezeSoon({ checkpointFreeze, live }: Comparison, partition: number, token: string) {
  const deadline = Date.now() + 2 * limits.freezeTimeoutMs;
  for (;;) {
    const checkpoint = await checkpointFreeze.freeze(live, partition, token);
    if (checkpoint) return checkpoint;
    if (Date.now() > deadline)
      throw new Error(`${live.name} is being replaced by a rebuild: compare when that is over`);
    await new Promise((resolve) => setTimeout(resolve, limits.frozenCheckIntervalMs));
  }
}

async function differencesOf(
  { redis, keys, projection, live, rebuilt }: Comparison,
  partition: number,
  suspects: readonly Suspect[],
): Promise<Difference[]> {
  const read = async (id: GenerationId) => {
    const names = suspects.map(({ key }) => keys.partition(id, partition)(key));
    const types = await pipeline(
      redis,
      names.map((name) => ['TYPE', name]),
    );
    return pipeline(
      redis,
      suspects.map(({ entry = '' }, index) => readEntry(String(types[index]), names[index] ?? '', entry)),
    );
  };
  const [mine, theirs] = [await read(live), await read(rebuilt)];
  return suspects.flatMap(({ key, entry = '' }, index) => {
    const [one, other] = [asText(mine[index]), asText(theirs[index])];
    if (one === other) return [];
    const [before, after] = [readable(projection, key, entry, one), readable(projection, key, entry, other)];
    return fieldsThatDiffer(before.text, after.text).map(({ field, ...values }) => {
      const { orderId, entry: part } = { ...after, ...before };
      const name = [part ?? (orderId === undefined ? entry : ''), field].filter(Boolean).join(' ');
      return { projection: live.name, partition, key, orderId, field: name, ...values };
    });
  });
}

function readEntry(type: string, name: string, entry: string): RedisCommand {
  switch (type) {
    case 'list':
      return ['LINDEX', name, entry];
    case 'hash':
      return ['HGET', name, entry];
    case 'zset':
      return ['ZSCORE', name, entry];
    case 'set':
      return ['SISMEMBER', name, entry];
    default:
      return ['GET', name];
  }
}

/** What cannot be read is shown as it is. */
function readable(
  { readable }: Projection,
  key: string,
  entry: string,
  text: string | undefined,
): ReturnType<ReadableEntry> {
  try {
    return readable?.(key, entry, text) ?? { text };
  } catch {
    return { text };
  }
}

/** Absent is the same however a type says it. */
function asText(answer: unknown): string | undefined {
  return answer === null || answer === undefined || answer === 0 ? undefined : String(answer);
}

/** Where both sides are JSON objects or arrays, the fields that differ; otherwise the whole. */
function fieldsThatDiffer(
  live: string | undefined,
  rebuilt: string | undefined,
): { field: string; live: string | undefined; rebuilt: string | undefined }[] {
  const [mine, theirs] = [parsedObject(live), parsedObject(rebuilt)];
  if (!mine || !theirs) return [{ field: '', live, rebuilt }];
  const text = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value));
  return [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].flatMap((field) => {
    const [one, other] = [text(mine[field]), text(theirs[field])];
    return one === other ? [] : [{ field, live: one, rebuilt: other }];
  });
}

function parsedObject(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined || !/^[[{]/.test(text)) return undefined;
  return JSON.parse(text) as Record<string, unknown>;
}
