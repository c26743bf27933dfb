import type { Projection } from '../../projections/projection.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { ReadableEntry } from '../../read-models/readable-entry.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import type { RedisCommand } from '../../read-models/redis/redis-command.js';
import { pipeline } from '../../read-models/redis/redis-pipeline.js';

/** Two generations of one projection that are compared. */
export interface ComparedGenerations {
  readonly redis: Redis;
  readonly keys: ReadModelKeys;
  readonly projection: Projection;
  readonly live: GenerationId;
  readonly rebuilt: GenerationId;
}

/**
 * One entry of a key within a generation. An entry is a hash field, a set member or a list index.
 */
export interface Entry {
  /** The key within the generation, such as "orders:17" or "figures:USD". */
  readonly key: string;
  /** Empty if the key is a string. */
  readonly entry: string;
}

/** One difference between two generations. A side is undefined if it has no such entry. */
export interface Difference {
  readonly projection: string;
  readonly partition: number;
  /** The key within the generation, such as "orders:17" or "figures:USD". */
  readonly key: string;
  readonly orderId: string | undefined;
  /** The entry of the order or the key, and a field of the entry's JSON if only that differs. */
  readonly field: string;
  readonly live: string | undefined;
  readonly rebuilt: string | undefined;
}

/** Reads entries of one partition from both generations, and returns their differences. */
export async function entryDifferences(
  compared: ComparedGenerations,
  partition: number,
  entries: readonly Entry[],
): Promise<Difference[]> {
  const { projection, live, rebuilt } = compared;
  const [liveTexts, rebuiltTexts] = [
    await readTexts(compared, live, partition, entries),
    await readTexts(compared, rebuilt, partition, entries),
  ];
  return textDifferences(projection, partition, entries, liveTexts, rebuiltTexts);
}

/** The differences between the texts of entries of one partition. */
export function textDifferences(
  projection: Projection,
  partition: number,
  entries: readonly Entry[],
  liveTexts: readonly (string | undefined)[],
  rebuiltTexts: readonly (string | undefined)[],
): Difference[] {
  return entries.flatMap(({ key, entry }, index) => {
    const [liveText, rebuiltText] = [liveTexts[index], rebuiltTexts[index]];
    if (liveText === rebuiltText) return [];
    const liveSide = readable(projection, key, entry, liveText);
    const rebuiltSide = readable(projection, key, entry, rebuiltText);
    return differingFields(liveSide.text, rebuiltSide.text).map(({ field, ...values }) => {
      const { orderId, entry: part } = { ...rebuiltSide, ...liveSide };
      const name = [part ?? (orderId === undefined ? entry : ''), field].filter(Boolean).join(' ');
      return { projection: projection.name, partition, key, orderId, field: name, ...values };
    });
  });
}

/** Reads entries of one partition of a generation. */
export async function readTexts(
  { redis, keys }: Pick<ComparedGenerations, 'redis' | 'keys'>,
  id: GenerationId,
  partition: number,
  entries: readonly Entry[],
): Promise<(string | undefined)[]> {
  const key = keys.partition(id, partition);
  const names = [...new Set(entries.map((one) => key(one.key)))];
  const types = await pipeline(
    redis,
    names.map((name) => ['TYPE', name]),
  );
  const typeOf = new Map(names.map((name, index) => [name, String(types[index])]));
  const replies = await pipeline(
    redis,
    entries.map((one) => readCommand(typeOf.get(key(one.key)) ?? '', key(one.key), one.entry)),
  );
  return replies.map(asText);
}

function readCommand(type: string, name: string, entry: string): RedisCommand {
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

/** The text of a reply. Each type has its own reply for an absent entry: null, or 0 for a set. */
function asText(reply: unknown): string | undefined {
  return reply === null || reply === undefined || reply === 0 ? undefined : String(reply);
}

/** The readable form of an entry. An entry that cannot be decoded is shown as it is stored. */
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

/**
 * The fields that differ if both sides are JSON objects or arrays, otherwise both texts as a whole.
 */
function differingFields(
  live: string | undefined,
  rebuilt: string | undefined,
): { field: string; live: string | undefined; rebuilt: string | undefined }[] {
  const [liveObject, rebuiltObject] = [parsedObject(live), parsedObject(rebuilt)];
  if (!liveObject || !rebuiltObject) return [{ field: '', live, rebuilt }];
  const text = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value));
  return [...new Set([...Object.keys(liveObject), ...Object.keys(rebuiltObject)])].flatMap((field) => {
    const [liveValue, rebuiltValue] = [text(liveObject[field]), text(rebuiltObject[field])];
    return liveValue === rebuiltValue ? [] : [{ field, live: liveValue, rebuilt: rebuiltValue }];
  });
}

/** Undefined for other texts, such as damaged ones, which no caller could decode. */
function parsedObject(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined || !/^[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
