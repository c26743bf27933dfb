import { authorization, type ClientOptions, globalFetch } from './orders-client.js';
import { type Send, withRetries } from './retries.js';
import type { components } from './schema.js';

/** A line of a batch: the command's name, and its body. */
export interface BatchCommand {
  readonly command: string;
  readonly order_id?: string;
  readonly idempotency_key?: string;
  readonly [field: string]: unknown;
}

export interface BatchResult {
  /** The command as it was sent, with its key. */
  readonly command: BatchCommand & { readonly idempotency_key: string };
  readonly result: components['schemas']['BatchLine'];
}

/** The size of one request: lines, and characters unless one line is longer. */
const maxLines = 1_000;
const maxCharacters = 1_000_000;

/**
 * Sends commands in batches and yields the result of each, in order. Every line gets an
 * idempotency key unless it has one, so a batch that broke is sent again and nothing is done twice.
 * Commands are read as they are sent: the source may be endless. Throws BatchBroken if the service
 * stays away.
 */
export async function* sendBatch(
  baseUrl: string,
  commands: Iterable<BatchCommand> | AsyncIterable<BatchCommand>,
  { key, fetch: send = globalFetch, retries }: Omit<ClientOptions, 'positions'> = {},
): AsyncGenerator<BatchResult> {
  // Only this function knows that every line has a key: the request as a whole may be repeated.
  const retrying = retries === false ? send : withRetries((request) => send(withoutKey(request)), retries);
  for await (const lines of inBatches(commands)) {
    const results: BatchResult['result'][] = [];
    const attempts = retries === false ? 1 : (retries?.attempts ?? 5);
    let cause: unknown;
    try {
      await sendLines(baseUrl, lines, key, retrying, attempts, results);
    } catch (error) {
      cause = error;
    }
    for (const [index, result] of results.entries()) {
      const command = lines[index];
      if (command) yield { command, result };
    }
    if (results.length < lines.length) throw new BatchBroken(lines.slice(results.length), cause);
  }
}

/** The service stayed away. Some of `rest` may have been done: send it again as it is. */
export class BatchBroken extends Error {
  override readonly name = 'BatchBroken';
  /** The commands that were read and have no result, with their keys. */
  readonly rest: readonly BatchResult['command'][];

  constructor(rest: readonly BatchResult['command'][], cause: unknown) {
    super(`the batch broke: ${rest.length} commands that were read have no result; send \`rest\` again`, { cause });
    this.rest = rest;
  }
}

type KeyedCommand = BatchResult['command'];

/** Sends lines until each has a result, and adds the results: a response may end early. */
async function sendLines(
  baseUrl: string,
  lines: readonly KeyedCommand[],
  key: ClientOptions['key'],
  send: Send,
  attempts: number,
  results: BatchResult['result'][],
): Promise<void> {
  for (let attempt = 1; results.length < lines.length && attempt <= attempts; attempt += 1) {
    const rest = lines.slice(results.length);
    const request = new Request(new URL('/orders/batch', baseUrl), {
      method: 'POST',
      headers: {
        'content-type': 'application/x-ndjson',
        // Stands for the keys of the lines; see withoutKey.
        'idempotency-key': 'lines',
        ...(await authorization(key)),
      },
      body: rest.map((line) => `${JSON.stringify(line)}\n`).join(''),
    });
    const response = await send(request);
    if (!response.ok) throw new Error(`POST /orders/batch: ${response.status} ${await response.text()}`);
    const done = results.length;
    for (const line of (await textUntilBreak(response)).split('\n')) {
      const result = parsed(line);
      // A line without a number is the problem that ended the batch.
      if (result && 'line' in result) results.push({ ...result, line: done + result.line });
    }
  }
}

function withoutKey(request: Request): Request {
  const bare = new Request(request);
  bare.headers.delete('idempotency-key');
  return bare;
}

/** The text of a body, as far as it arrived. */
async function textUntilBreak(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
      text += decoder.decode(part.value, { stream: true });
  } catch {
    // The lines that have no result are sent again.
  }
  return text;
}

function parsed(line: string): BatchResult['result'] | undefined {
  try {
    return line === '' ? undefined : JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function* inBatches(
  commands: Iterable<BatchCommand> | AsyncIterable<BatchCommand>,
): AsyncGenerator<KeyedCommand[]> {
  let lines: KeyedCommand[] = [];
  let characters = 0;
  for await (const command of commands) {
    const line = { ...command, idempotency_key: command.idempotency_key ?? crypto.randomUUID() };
    const length = JSON.stringify(line).length;
    if (lines.length === maxLines || (lines.length > 0 && characters + length > maxCharacters)) {
      yield lines;
      [lines, characters] = [[], 0];
    }
    lines.push(line);
    characters += length;
  }
  if (lines.length > 0) yield lines;
}
