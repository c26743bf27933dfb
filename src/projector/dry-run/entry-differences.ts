import type { Projection } from '../../projections/projection.js';
import type { GenerationId, ReadModelKeys } from '../../read-models/keys.js';
import type { ReadableEntry } from '../../read-models/readable-entry.js';
import type { Redis } from '../../read-models/redis/redis-client.js';
import { keyReader } from '../generations/key-pages.js';

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

/** The differences of the first entries of a list: of as many as one round trip reads. */
export interface SomeDifferences {
  readonly differences: readonly Difference[];
  /** How many entries were compared, at least one. */
  readonly compared: number;
}

/** Reads entries of one partition from both generations, and compares them. */
export async function entryDifferences(
  { redis, keys, projection, live, rebuilt }: ComparedGenerations,
  partition: number,
  entries: readonly Entry[],
): Promise<SomeDifferences> {
  const [liveTexts = [], rebuiltTexts = []] = await Promise.all(
    [live, rebuilt].map((id) => readTexts(redis, keys, id, partition, entries)),
  );
  const compared = Math.min(liveTexts.length, rebuiltTexts.length);
  const differences = textDifferences(projection, partition, entries.slice(0, compared), liveTexts, rebuiltTexts);
  return { differences, compared };
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

/** Reads the texts of the first entries of a list from a generation, see `KeyReader.texts`. */
export function readTexts(
  redis: Redis,
  keys: ReadModelKeys,
  id: GenerationId,
  partition: number,
  entries: readonly Entry[],
): Promise<(string | undefined)[]> {
  const name = keys.partition(id, partition);
  return keyReader(redis).texts(entries.map(({ key, entry }) => ({ name: name(key), entry })));
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
