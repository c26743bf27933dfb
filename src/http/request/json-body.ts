import type { Context } from 'koa';
import { type FieldError, ProblemError, problem, validationProblem } from '../contract/problems.js';
import type { BodyName, RequestBody } from '../contract/request-schemas.js';
import { GrowingBuffer } from '../growing-buffer.js';
import { httpLimits as limits } from '../limits.js';
import { repeatedName } from '../repeated-names.js';
import { assertStillAuthorized } from './authority.js';
import { ownerOf, type RunWhenRoom, requestBudgets, tooManyArriving } from './request-budgets.js';
import { illFormedFields } from './text-fields.js';
import { isBody } from './validation.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON body. An absent body is {}: several commands need no fields. Throws ProblemError. */
export async function readJsonBody(ctx: Context): Promise<unknown> {
  return parsedBody(await readJsonBytes(ctx));
}

/**
 * Reads the JSON body as `readJsonBody` does, and handles it. A large body first waits for its
 * turn. Meanwhile its bytes count as those of a body that has not arrived completely.
 */
export async function withJsonBody<T>(
  ctx: Context,
  runLarge: RunWhenRoom,
  handle: (body: unknown) => Promise<T>,
): Promise<T> {
  // Returns without `await`: this frame then does not keep the bytes alive while the body is
  // handled.
  return whenRoom(ctx, runLarge, await readJsonBytes(ctx), handle);
}

function whenRoom<T>(
  ctx: Context,
  runLarge: RunWhenRoom,
  bytes: Buffer,
  handle: (body: unknown) => Promise<T>,
): Promise<T> {
  if (bytes.length < limits.largeBodyBytes) return handle(parsedBody(bytes));
  let waiting: Buffer | undefined = bytes;
  const giveUp = () => {
    waiting = undefined;
  };
  const release = requestBudgets(ctx).arrivingBodies.hold(ownerOf(ctx), bytes.length, giveUp);
  return runLarge(ctx, Math.ceil(bytes.length / limits.largeBodyBytes), () => {
    if (!waiting) throw tooManyArriving();
    const body = parsedBody(waiting);
    waiting = undefined;
    release();
    return handle(body);
  }).finally(release);
}

function parsedBody(bytes: Buffer): unknown {
  return bytes.length === 0 ? {} : parseJson(bytes);
}

async function readJsonBytes(ctx: Context): Promise<Buffer> {
  const bytes = await readBody(ctx);
  assertStillAuthorized(ctx);
  if (bytes.length === 0) return bytes;
  rejectContentEncoding(ctx);
  if (!ctx.is('application/json', '+json') || hasOtherCharset(ctx)) {
    throw new ProblemError(problem('unsupported-media-type', 'The body must be application/json in UTF-8.'));
  }
  return bytes;
}

/**
 * Parses JSON. Throws ProblemError on invalid UTF-8, invalid JSON, nesting beyond the limit, text
 * that is not well-formed, and an object that has a name twice.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch (error) {
    throw new ProblemError(problem('malformed-json', `The body is not UTF-8 JSON: ${(error as Error).message}`));
  }
  const names = countNames(value, limits.maxJsonDepth);
  if (names === undefined) {
    throw new ProblemError(
      problem('malformed-json', `The body is nested more than ${limits.maxJsonDepth} levels deep.`),
    );
  }
  // Only an escape can produce ill-formed text. The bytes are UTF-8, and JSON has no bare U+0000.
  const errors = text.includes('\\u') ? illFormedFields(value) : [];
  if (errors.length > 0) throw new ProblemError(validationProblem(errors));
  const repeated = repeatedName(text, names);
  if (repeated !== undefined) {
    const name = JSON.stringify(repeated.slice(0, limits.maxShownNameLength));
    throw new ProblemError(problem('malformed-json', `The body has the name ${name} twice in one object.`));
  }
  return value;
}

/** Throws ProblemError if the body is compressed. */
export function rejectContentEncoding(ctx: Context): void {
  const encoding = ctx.get('content-encoding').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return;
  throw new ProblemError(
    problem('unsupported-media-type', `The body has the Content-Encoding ${encoding}: send it without compression.`),
    // RFC 9110, 15.5.16: the codings that the client may use.
    { 'accept-encoding': 'identity' },
  );
}

/** Whether the Content-Type of a body names another encoding than UTF-8. */
export function hasOtherCharset(ctx: Context): boolean {
  const charset = ctx.request.charset.toLowerCase();
  return charset !== '' && charset !== 'utf-8' && charset !== 'utf8';
}

/**
 * The number of names in all objects of a value. Undefined if it is nested more levels deep. Visits
 * every value of every body, so it iterates by index and by name: `Object.values` would cost more
 * than parsing the body.
 */
function countNames(value: unknown, levels: number): number | undefined {
  if (value === null || typeof value !== 'object') return 0;
  if (levels === 0) return undefined;
  let count = 0;
  if (Array.isArray(value)) {
    for (let nth = 0; nth < value.length; nth += 1) {
      const inner = countNames(value[nth], levels - 1);
      if (inner === undefined) return undefined;
      count += inner;
    }
    return count;
  }
  const fields = value as Record<string, unknown>;
  for (const name in fields) {
    const inner = countNames(fields[name], levels - 1);
    if (inner === undefined) return undefined;
    count += 1 + inner;
  }
  return count;
}

/** Reads the whole body, within limits of size and time. */
async function readBody(ctx: Context): Promise<Buffer> {
  const request = ctx.req;
  const { arrivingBodies, bodyTimeoutMs } = requestBudgets(ctx);
  const tooLarge = () =>
    new ProblemError(problem('body-too-large', `The body is larger than ${limits.maxBodyBytes} bytes.`));
  const expected = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY);
  if (expected > limits.maxBodyBytes && expected !== Number.POSITIVE_INFINITY) throw tooLarge();
  return new Promise((resolve, reject) => {
    /** The body, if it arrives in one chunk, as most do. */
    let only: Buffer | undefined;
    const arrived = new GrowingBuffer(limits.maxBodyBytes);
    let isFinished = false;
    /** One function per growth of the buffer. */
    const releases: (() => void)[] = [];
    const finish = (settle: () => void) => {
      isFinished = true;
      clearTimeout(timer);
      for (const release of releases) release();
      request.off('data', onData).off('end', onEnd).off('error', onAbort).off('close', onAbort);
      settle();
    };
    const onData = (chunk: Buffer) => {
      if (arrived.length + chunk.length > limits.maxBodyBytes) {
        finish(() => reject(tooLarge()));
        return;
      }
      // A whole body takes no memory for long.
      if (chunk.length === expected) {
        only = chunk;
        return;
      }
      const growth = arrived.append(chunk);
      if (growth === 0) return;
      const release = arrivingBodies.hold(ownerOf(ctx), growth, onEvicted);
      // This body itself may have been evicted.
      if (isFinished) release();
      else releases.push(release);
    };
    const onEvicted = () => finish(() => reject(tooManyArriving()));
    const onEnd = () => finish(() => resolve(only ?? arrived.take()));
    const onAbort = () =>
      finish(() =>
        reject(new ProblemError(problem('malformed-request', 'The connection closed before the end of the body.'))),
      );
    const timer = setTimeout(() => {
      const late = problem('request-timeout', `The body did not arrive within ${bodyTimeoutMs / 1000} s.`);
      finish(() => reject(new ProblemError(late, { connection: 'close' })));
    }, bodyTimeoutMs);
    request.on('data', onData).on('end', onEnd).on('error', onAbort).on('close', onAbort);
    // The client may have disconnected before: no event will say so.
    if (request.destroyed) onAbort();
  });
}

/** Reads a body and validates it against its schema. Throws ProblemError. */
export async function checkedBody<Name extends BodyName>(ctx: Context, name: Name): Promise<RequestBody<Name>> {
  const body = await readJsonBody(ctx);
  const errors: FieldError[] = [];
  if (isBody(name, body, errors)) return body;
  throw new ProblemError(validationProblem(errors));
}
