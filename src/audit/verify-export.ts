import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import { genesisHash } from '../event-log/hash-chain.js';
import { type ExportedEvent, recomputedHash } from './exported-event.js';

export type ExportResult = { readonly events: number } | { readonly line: number; readonly broken: string };

/**
 * Checks a file that `orders export` wrote, NDJSON or CSV, with nothing but itself: every event against its hash, and where
 * two that follow each other in the log both are in the file, their link. Gives the first line that does not hold.
 */
export async function verifyExport(file: string): Promise<ExportResult> {
  let line = 0;
  let before: ExportedEvent | undefined;
  for await (const event of readExport(file)) {
    line += 1;
    const broken = whatIsBroken(event, before);
    if (broken !== undefined) return { line, broken };
    before = event;
  }
  return { events: line };
}

async function* readExport(file: string): AsyncGenerator<ExportedEvent> {
  const input = createReadStream(file);
  if (file.endsWith('.csv')) {
    const cast = (value: string, { column }: { column: string | number }) =>
      column === 'partition' || column === 'position' || column === 'version' ? Number(value) : value;
    for await (const record of input.pipe(parse({ columns: true, cast }))) yield record as ExportedEvent;
    return;
  }
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (text !== '') yield JSON.parse(text) as ExportedEvent;
  }
}

function whatIsBroken(event: ExportedEvent, before: ExportedEvent | undefined): string | undefined {
  const { partition, position } = event;
  const what = `partition ${partition}, position ${position}`;
  if (position === 1 && event.previous_hash !== genesisHash.toString('hex')) return `${what} is not a beginning`;
  if (recomputedHash(event) !== event.hash) return `${what} is not what was hashed`;
  if (before?.partition !== partition) return undefined;
  if (position <= before.position) return `${what} is out of place`;
  if (position === before.position + 1 && event.previous_hash !== before.hash)
    return `${what} does not follow the one before`;
  return undefined;
}
