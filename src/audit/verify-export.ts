import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { genesisHash } from '../event-log/hash-chain.js';
import { type ExportedEvent, exportedColumns, recomputedHash } from './exported-event.js';
import { auditLimits as limits } from './limits.js';
import type { SignedCheckpointPayload, SignedPartition } from './signed-checkpoint.js';

/** A flaw of the file, and the line on which the event begins that shows it. */
export interface ExportFlaw {
  /** Null if events are missing at the end of a partition. */
  readonly line: number | null;
  readonly broken: string;
}

export interface ExportResult {
  /** Events without a flaw, up to the first flaw or the end of the file. */
  readonly events: number;
  /**
   * Positions that the file leaves out before an event of the same partition. An export of one
   * order or of a time leaves out events, and so does a file from which lines were removed.
   */
  readonly leftOut: number;
  readonly flaw?: ExportFlaw;
}

/** Something that the file has where an event should be, and the line on which it begins. */
interface Read {
  readonly line: number;
  readonly content: unknown;
}

/** The file cannot be read beyond a line: it is cut off, or the line is damaged. */
class DamagedLine extends Error {
  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Verifies a file that `orders export` wrote (NDJSON or CSV), without any other source. It checks
 * every event against its hash. If two consecutive events of a partition are both in the file, it
 * also checks the link between them, whatever lies between their lines. Stops at the first flaw. A
 * line that is damaged or cut off, or is no event, is a flaw too. Rejects only if the file cannot
 * be read.
 * @param against a checkpoint of which the file has to hold every event
 */
export async function verifyExport(file: string, against?: SignedCheckpointPayload): Promise<ExportResult> {
  let events = 0;
  let leftOut = 0;
  const last = new Map<number, ExportedEvent>();
  const signed = new Map(against?.partitions.map((one) => [one.partition, one]));
  try {
    for await (const { line, content } of file.endsWith('.csv') ? readCsv(file) : readNdjson(file)) {
      if (!isExportedEvent(content)) return { events, leftOut, flaw: { line, broken: 'this is no exported event' } };
      const { partition, position } = content;
      const previous = last.get(partition);
      const broken = findFlaw(content, previous) ?? findDeparture(content, previous, signed.get(partition));
      if (broken !== undefined) return { events, leftOut, flaw: { line, broken } };
      events += 1;
      leftOut += position - 1 - (previous?.position ?? 0);
      last.set(partition, content);
    }
  } catch (error) {
    if (!(error instanceof DamagedLine)) throw error;
    return { events, leftOut, flaw: { line: error.line, broken: error.message } };
  }
  for (const { partition, position } of signed.values()) {
    const broken = findMissing(partition, last.get(partition)?.position ?? 0, position);
    if (broken !== undefined) return { events, leftOut, flaw: { line: null, broken } };
  }
  return { events, leftOut };
}

/**
 * Yields the records of a CSV file. The parser is fed by hand, because it drops records that it has
 * read before an error.
 */
async function* readCsv(file: string): AsyncGenerator<Read> {
  // The line on which the next record begins. A record with an open quote takes up the rest of the
  // file, so that the line at which the parser fails would be the last one.
  let line = 1;
  let read: Read[] = [];
  let length = 0;
  const parser = parse({
    columns: (names: string[]) => {
      if (names.join() !== exportedColumns.join()) throw new DamagedLine(1, 'this is not the header of an export');
      line = 2;
      return names;
    },
    cast: (value, { column }) => (numericColumns.has(column) && value !== '' ? Number(value) : value),
    on_record: (content: unknown, { lines }) => {
      read.push({ line, content });
      line = lines + 1;
      length = 0;
      return null;
    },
  });
  parser.on('error', () => undefined);
  for await (const chunk of inChunks(file)) {
    const failed = await new Promise<unknown>((resolve) => {
      if (chunk === undefined) parser.end(resolve);
      else parser.write(chunk, resolve);
    });
    yield* read;
    read = [];
    if (failed instanceof CsvError) throw new DamagedLine(line, `this cannot be read as CSV: ${failed.message}`);
    if (failed) throw failed;
    length += chunk?.length ?? 0;
    if (length > limits.maxExportedEventLength) throw new DamagedLine(line, 'this record is too long for an event');
  }
  if (line === 1) throw new DamagedLine(1, 'the header is missing');
}

/** The chunks of a file, and undefined at its end. */
async function* inChunks(file: string): AsyncGenerator<Buffer | undefined> {
  for await (const chunk of createReadStream(file)) yield chunk;
  yield undefined;
}

const numericColumns: ReadonlySet<string | number> = new Set(['partition', 'position', 'version']);

async function* readNdjson(file: string): AsyncGenerator<Read> {
  let line = 0;
  for await (const text of linesOf(file)) {
    line += 1;
    if (text.length > limits.maxExportedEventLength) throw new DamagedLine(line, 'this line is too long for an event');
    if (text.trim() === '') continue;
    yield { line, content: parseJson(line, text) };
  }
}

function parseJson(line: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DamagedLine(line, `this cannot be read as JSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** The lines of a file. One that exceeds the limit is yielded as far as it was read. */
async function* linesOf(file: string): AsyncGenerator<string> {
  // Joined at the end of the line: joining at each chunk would take quadratic time.
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of createReadStream(file, 'utf8')) {
    const [first = '', ...others] = String(chunk).split('\n');
    parts.push(first);
    length += first.length;
    for (const next of others) {
      yield parts.join('');
      [parts, length] = [[next], next.length];
    }
    if (length > limits.maxExportedEventLength) yield parts.join('');
  }
  if (length > 0) yield parts.join('');
}

/** Checks that all fields of an event exist and have their types. The hash covers their values. */
function isExportedEvent(content: unknown): content is ExportedEvent {
  if (typeof content !== 'object' || content === null) return false;
  const fields = new Map<string, unknown>(Object.entries(content));
  return exportedColumns.every((name) =>
    numericColumns.has(name) ? Number.isSafeInteger(fields.get(name)) : typeof fields.get(name) === 'string',
  );
}

function findFlaw(event: ExportedEvent, previous: ExportedEvent | undefined): string | undefined {
  const { partition, position } = event;
  const name = `partition ${partition}, position ${position}`;
  if (position === 1 && event.previous_hash !== genesisHash.toString('hex'))
    return `${name} is not chained to the start of the log`;
  if (recomputedHash(event) !== event.hash) return `${name} does not match its hash`;
  if (!previous) return undefined;
  if (position <= previous.position) return `${name} is out of place`;
  if (position === previous.position + 1 && event.previous_hash !== previous.hash) {
    return `${name} does not follow the preceding event`;
  }
  return undefined;
}

/** How an event shows that the file does not hold the events that were signed. */
function findDeparture(
  { partition, position, hash }: ExportedEvent,
  previous: ExportedEvent | undefined,
  signed: SignedPartition | undefined,
): string | undefined {
  if (!signed) return undefined;
  const missing = findMissing(partition, previous?.position ?? 0, Math.min(position - 1, signed.position));
  if (missing !== undefined) return missing;
  // The chain leads from this hash to every event before it.
  if (position !== signed.position || hash === signed.hash) return undefined;
  return `partition ${partition}, position ${position} is not the event that was signed`;
}

/** Names the positions after `reached` up to `wanted`, if there are any. */
function findMissing(partition: number, reached: number, wanted: number): string | undefined {
  if (reached >= wanted) return undefined;
  const first = reached + 1;
  const positions = first === wanted ? `position ${first} is` : `positions ${first} to ${wanted} are`;
  return `partition ${partition}: ${positions} missing, which the checkpoint holds`;
}
