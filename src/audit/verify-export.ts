import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import { genesisHash } from '../event-log/hash-chain.js';
import { type ExportedEvent, recomputedHash } from './exported-event.js';

export type ExportResult = { readonly events: number } | { readonly line: number; readonly broken: string };

/**
 * Verifies a file that `orders export` wrote (NDJSON or CSV), without any other source. It checks
 * every event against its hash. If two consecutive events of a partition are both in the file, it
 * also checks the link between them. Returns the first line with a flaw.
 */
export async function verifyExport(file: string): Promise<ExportResult> {
  let line = 0;
  let previous: ExportedEvent | undefined;
  for await (const event of readExport(file)) {
    line += 1;
    const broken = findFlaw(event, previous);
    if (broken !== undefined) return { line, broken };
    previous = event;
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

function findFlaw(event: ExportedEvent, previous: ExportedEvent | undefined): string | undefined {
  const { partition, position } = event;
  const name = `partition ${partition}, position ${position}`;
  if (position === 1 && event.previous_hash !== genesisHash.toString('hex'))
    return `${name} is not chained to the start of the log`;
  if (recomputedHash(event) !== event.hash) return `${name} does not match its hash`;
  if (previous?.partition !== partition) return undefined;
  if (position <= previous.position) return `${name} is out of place`;
  if (position === previous.position + 1 && event.previous_hash !== previous.hash) {
    return `${name} does not follow the preceding event`;
  }
  return undefined;
}
