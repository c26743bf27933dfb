import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { actorNames } from '../orders/values/own-actors.js';
import { importLimits as limits } from './limits.js';

/** The actor in the events of an import. */
export const importActor = actorNames.import;

/** The source of an import with a key, unless --source or a preset names another. */
export const defaultKeyedSource = 'orders';

/**
 * The idempotency key of the order with this value in the key column. The order's id follows from
 * it, so any export of the same source leads to the same order. The value is percent-encoded, so
 * the last `#` ends the source, and no key of a line is equal.
 */
export function keyOfValue(source: string, value: string): string {
  const key = `${source}#${encodeURIComponent(value)}`;
  if (key.length <= limits.maxKeyCharacters) return key;
  return `#${createHash('sha256').update(key).digest('base64url')}`;
}

/** The idempotency key of a line without a key: the line's number identifies it. */
export function keyOfLine(source: string, line: number): string {
  return `${source}:${line}`;
}

/** The content of a file, by its size and its SHA-256. */
export interface FileFingerprint {
  readonly bytes: number;
  readonly sha256: string;
}

/** @param onRead called with the bytes that were read. */
export async function fingerprintOf(file: string, onRead: (bytes: number) => void): Promise<FileFingerprint> {
  const hash = createHash('sha256');
  let read = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: limits.readChunkBytes })) {
    hash.update(chunk as Buffer);
    read += (chunk as Buffer).length;
    onRead(read);
  }
  return { bytes: (await stat(file)).size, sha256: hash.digest('hex') };
}
