import { newIdempotencyKey } from './idempotency-keys.js';
import { authorization, type ClientOptions, globalFetch } from './orders-client.js';
import { backoffMs, pause, type RetryOptions, type Send, temporaryStatuses, withRetries } from './retries.js';
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

export interface BatchOptions extends Omit<ClientOptions, 'positions'> {
  /**
   * The header Prefer. `respond-async`: a request ends once its events are durable, and does not
   * wait until queries show them.
   */
  readonly prefer?: string;
  /** Ends the batch: it throws BatchBroken. */
  readonly signal?: AbortSignal;
}

/** The size of one request: lines, and characters unless one line is longer. */
const maxLines = 1_000;
const maxCharacters = 1_000_000;

/**
 * Sends commands in batches and yields the result of each, in order. Every line gets an
 * idempotency key unless it has one, so a batch that broke is sent again and nothing is done twice.
 * Commands are read as they are sent: the source may be endless. Throws BatchRefused if the service
 * refuses the request, and BatchBroken if all attempts fail.
 */
export async function* sendBatch(
  baseUrl: string,
  commands: Iterable<BatchCommand> | AsyncIterable<BatchCommand>,
  options: BatchOptions = {},
): AsyncGenerator<BatchResult> {
  const { fetch: send = globalFetch, retries } = options;
  // Only this function knows that every line has a key: the request as a whole may be repeated.
  const retrying = retries === false ? send : withRetries((request) => send(withoutKey(request)), retries);
  for await (const lines of inBatches(commands)) {
    const results: BatchResult['result'][] = [];
    const { attempts = 5, maxWaitMs }: RetryOptions = retries === false ? { attempts: 1 } : (retries ?? {});
    let cause: unknown;
    try {
      await sendLines(baseUrl, lines, { ...options, fetch: retrying, attempts, maxWaitMs }, results);
    } catch (error) {
      cause = error;
    }
    for (const [index, result] of results.entries()) {
      const command = lines[index];
      if (command) yield { command, result };
    }
    if (cause instanceof BatchRefused) throw cause;
    if (results.length < lines.length) throw new BatchBroken(lines.slice(results.length), cause);
  }
}

/**
 * All attempts failed. Some commands of `rest` may have been done: send them again with their keys.
 */
export class BatchBroken extends Error {
  override readonly name = 'BatchBroken';
  /** The commands that were read and have no result, with their keys. */
  readonly rest: readonly BatchResult['command'][];

  constructor(rest: readonly BatchResult['command'][], cause: unknown) {
    super(`the batch broke: ${rest.length} commands that were read have no result; send \`rest\` again`, { cause });
    this.rest = rest;
  }
}

/**
 * The service refused the request, for example because the API key is not valid: another attempt
 * would be refused too. If the response to an earlier attempt was lost, some commands of `rest` may
 * have been done: send them again with their keys.
 */
export class BatchRefused extends Error {
  override readonly name = 'BatchRefused';
  readonly status: number;
  /** The commands that were read and have no result, with their keys. */
  readonly rest: readonly BatchResult['command'][];

  constructor(status: number, body: string, rest: readonly BatchResult['command'][]) {
    super(`POST /orders/batch: ${status} ${body}`);
    this.status = status;
    this.rest = rest;
  }
}

type KeyedCommand = BatchResult['command'];

interface Sending extends Pick<BatchOptions, 'key' | 'prefer' | 'signal'> {
  readonly fetch: Send;
  readonly attempts: number;
  /** The longest wait before an attempt. */
  readonly maxWaitMs: number | undefined;
}

/**
 * Sends lines until each has a result, and adds the results: a response may end early. Pauses
 * before another attempt. Throws BatchRefused.
 */
async function sendLines(
  baseUrl: string,
  lines: readonly KeyedCommand[],
  sending: Sending,
  results: BatchResult['result'][],
): Promise<void> {
  const { fetch: send, attempts, maxWaitMs, signal } = sending;
  for (let attempt = 1; ; attempt += 1) {
    const rest = lines.slice(results.length);
    const response = await send(await requestOf(baseUrl, rest, sending));
    if (!response.ok) {
      const body = await response.text();
      if (temporaryStatuses.has(response.status)) throw new Error(`POST /orders/batch: ${response.status} ${body}`);
      throw new BatchRefused(response.status, body, rest);
    }
    const received = resultsIn(await textUntilBreak(response));
    const end = received.length < rest.length ? endOf(received) : undefined;
    for (const result of end ? received.slice(0, -1) : received) results.push({ ...result, line: results.length + 1 });
    if (end?.type === '/problems/unauthenticated')
      throw new BatchRefused(end.status, end.detail, lines.slice(results.length));
    if (results.length >= lines.length) return;
    if (attempt >= attempts) throw new Error(end?.detail ?? 'the response broke off');
    await pause(backoffMs(attempt, maxWaitMs), signal);
  }
}

async function requestOf(
  baseUrl: string,
  lines: readonly KeyedCommand[],
  { key, prefer, signal }: Sending,
): Promise<Request> {
  return new Request(new URL('/orders/batch', baseUrl), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-ndjson',
      // Stands for the keys of the lines; see withoutKey.
      'idempotency-key': 'lines',
      ...(prefer === undefined ? {} : { prefer }),
      ...(await authorization(key)),
    },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    ...(signal ? { signal } : {}),
  });
}

/**
 * The problem in the last line of a response that ended early. It is no result of that line: the
 * service has not handled it. If the connection broke right after a result, that line is sent once
 * more, under its key.
 */
function endOf(received: readonly BatchResult['result'][]) {
  const last = received.at(-1);
  return last && 'problem' in last ? last.problem : undefined;
}

function withoutKey(request: Request): Request {
  const bare = new Request(request);
  bare.headers.delete('idempotency-key');
  return bare;
}

/** The text of a body, up to its end or to the point where the connection broke. */
async function textUntilBreak(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
      text += decoder.decode(part.value, { stream: true });
  } catch {
    // The lines without a result are sent again.
  }
  return text;
}

function resultsIn(text: string): BatchResult['result'][] {
  return text.split('\n').flatMap((line) => {
    const result = parsed(line);
    return result && 'line' in result ? [result] : [];
  });
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
    const line = { ...command, idempotency_key: command.idempotency_key ?? newIdempotencyKey() };
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
