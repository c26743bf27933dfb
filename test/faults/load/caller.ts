import type { Random } from '../../support/random.js';
import type { HistoryFile } from '../history-file.js';
import { type ChosenCall, chooseCall } from './choose-call.js';
import { type OrdersInPlay, uuidFrom } from './orders-in-play.js';
import type { Persons } from './persons.js';

export interface CallerOptions {
  readonly number: number;
  readonly random: Random;
  /** The addresses of the API processes, by way of proxies. */
  readonly urls: readonly string[];
  readonly apiKey: string;
  readonly orders: OrdersInPlay;
  readonly persons: Persons;
  readonly history: HistoryFile;
}

/** Longer than the service takes for any call. */
const callTimeoutMs = 12_000;
/** A caller repeats a call for this long at most. */
const maxAttempts = 40;
const maxRetryMs = 500;
/** Pause between two calls of one caller: the load leaves room for the faults on two cores. */
const pauseMs = 10;
const keptHeaders = ['event-position', 'etag', 'retry-after', 'idempotency-replayed'];
const temporary = new Set([0, 408, 429, 503]);
/** Of acknowledged commands, callers send some again, as if they had not seen the response. */
const repeatChance = 0.06;
/** Some keys are used for another command by mistake, which has to be refused. */
const reuseChance = 0.04;

interface Ended {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly response?: unknown;
  readonly unreadable?: string;
}

/**
 * A careful caller: one call after the other, retries under the same key, positions carried from
 * its own commands to its queries. Now and then it gives up, like a caller that crashed.
 */
export class Caller {
  readonly #options: CallerOptions;
  readonly #positions = new Map<string, string>();
  #lastPosition: string | undefined;
  #isOver = false;
  #server: number;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#server = options.number;
  }

  async run(): Promise<void> {
    const { random, orders, persons } = this.#options;
    while (!this.#isOver) {
      const chosen = chooseCall(random, orders.pick(random), persons);
      await this.#call(chosen);
      if (chosen.person !== undefined) persons.end(chosen.person);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** The caller ends with its present call, without retries. */
  end(): void {
    this.#isOver = true;
  }

  /** Forgets positions that a restore has lost. */
  forgetPositions(): void {
    this.#positions.clear();
    this.#lastPosition = undefined;
  }

  async #call(chosen: ChosenCall): Promise<void> {
    const { random, orders } = this.#options;
    const isCommand = chosen.method === 'POST';
    const key = isCommand && chosen.path !== '/orders/batch' && random.chance(0.9) ? uuidFrom(random) : undefined;
    const mayRepeat = key !== undefined || !isCommand || chosen.path === '/orders/batch';
    for (let attempt = 1; ; attempt += 1) {
      const ended = await this.#send(chosen, key);
      orders.note(ended.response);
      if (ended.status === 410) this.forgetPositions();
      const position = ended.headers['event-position'];
      if (position !== undefined && isCommand) this.#note(position, ended.response);
      if (key !== undefined && ended.status >= 200 && ended.status < 300) await this.#repeat(chosen, key);
      const givesUp = random.chance(0.03);
      if (!temporary.has(ended.status) || !mayRepeat || givesUp || this.#isOver || attempt >= maxAttempts) return;
      const askedMs = Number(ended.headers['retry-after'] ?? 0) * 1_000;
      await new Promise((resolve) => setTimeout(resolve, Math.min(maxRetryMs, Math.max(50, askedMs))));
      this.#server += 1;
    }
  }

  async #repeat(chosen: ChosenCall, key: string): Promise<void> {
    const { random } = this.#options;
    if (random.chance(repeatChance)) await this.#send(chosen, key);
    if (!random.chance(reuseChance)) return;
    const other = otherBody(chosen.body);
    if (other) await this.#send({ ...chosen, body: other }, key);
  }

  #note(position: string, response: unknown): void {
    this.#lastPosition = position;
    if (typeof response === 'object' && response !== null && 'order_id' in response)
      this.#positions.set(String(response.order_id), position);
  }

  async #send({ method, path, body, orderId }: ChosenCall, key: string | undefined): Promise<Ended> {
    const { number, urls, apiKey, history, random } = this.#options;
    const url = urls[this.#server % urls.length] ?? '';
    const own = orderId === undefined ? this.#lastPosition : this.#positions.get(orderId);
    const minPosition = method === 'GET' && random.chance(0.8) ? own : undefined;
    const isBatch = path === '/orders/batch';
    const startedAt = history.now();
    const ended = await fetch(url + path, {
      method,
      signal: AbortSignal.timeout(callTimeoutMs),
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(minPosition === undefined ? {} : { 'min-event-position': minPosition }),
        ...(body === undefined ? {} : { 'content-type': isBatch ? 'application/x-ndjson' : 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isBatch ? asLines(body) : JSON.stringify(body) }),
    })
      .then((response) => read(response, isBatch))
      .catch((): Ended => ({ status: 0, headers: {} }));
    history.add({
      kind: 'call',
      client: number,
      startedAt,
      method,
      path,
      ...(body === undefined ? {} : { body }),
      ...(key === undefined ? {} : { key }),
      ...(minPosition === undefined ? {} : { minPosition }),
      ...ended,
    });
    return ended;
  }
}

async function read(response: Response, isBatch: boolean): Promise<Ended> {
  const text = await response.text();
  const headers = Object.fromEntries(
    keptHeaders.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const { status } = response;
  if (text === '') return { status, headers };
  const isNdjson = isBatch && status === 200;
  try {
    return { status, headers, response: isNdjson ? text.trim().split('\n').map(parse) : parse(text) };
  } catch {
    // The response is whole: this is no fault of the connection.
    return { status, headers, unreadable: text };
  }
}

const parse = (text: string): unknown => JSON.parse(text);

/** The body of a command that differs in one text; undefined if it has none. */
function otherBody(body: unknown): object | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const name = ['reference', 'reason', 'text', 'carrier'].find((one) => one in body);
  if (name === undefined) return undefined;
  return { ...body, [name]: `other-${Object.entries(body).find(([one]) => one === name)?.[1]}` };
}

function asLines(lines: unknown): string {
  return Array.isArray(lines) ? `${lines.map((line) => JSON.stringify(line)).join('\n')}\n` : '';
}
