import { Readable } from 'node:stream';
import type { Context } from 'koa';
import { FairSemaphore } from '../../fair-semaphore.js';
import type { ReadModels } from '../../queries/live-generation.js';
import { admittedLines } from '../batch/batch-lines.js';
import { createLineHandler, type LineResponse } from '../batch/handle-lines.js';
import { batchLimits as limits } from '../batch/limits.js';
import { orderedWindow } from '../batch/ordered-window.js';
import { responseMayBegin } from '../batch/response-begin.js';
import { ResultSpool, SpoolSpace } from '../batch/result-spool.js';
import { authorityLost, type Problem, ProblemError, problem, problemOf } from '../contract/problems.js';
import { InFlightRequests } from '../middleware/in-flight-requests.js';
import { projectionWait, rejectCommandHeaders } from '../request/headers.js';
import { hasOtherCharset, rejectContentEncoding } from '../request/json-body.js';
import { placeOf } from '../request/place.js';
import { ownerOf, requestBudgets, tooManyArriving } from '../request/request-budgets.js';
import { callerOf, requestContext } from '../request/request-context.js';
import { discardRest } from '../response/discard-rest.js';
import { onceClosed } from '../response/once-closed.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

interface BatchDependencies
  extends Pick<
    HttpDependencies,
    'handleCommand' | 'placeOrders' | 'applied' | 'authority' | 'rateLimit' | 'defaultCurrency'
  > {
  readonly models: Pick<ReadModels, 'projections'>;
}

/** Shared by the batches of a process. */
interface SharedByBatches {
  readonly places: InFlightRequests;
  readonly linesInFlight: FairSemaphore;
  readonly space: SpoolSpace;
}

const mediaTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/**
 * POST /orders/batch: one command per line in, one result per line out, both streamed.
 * @param space of the results that wait to be read.
 */
export function batchRoute(route: AddRoute, dependencies: BatchDependencies, space = new SpoolSpace()): void {
  const shared: SharedByBatches = {
    places: new InFlightRequests('batches', limits.maxBatches),
    linesInFlight: new FairSemaphore(limits.maxLinesInFlight),
    space,
  };

  route('runBatch', (ctx) => {
    rejectContentEncoding(ctx);
    if (!ctx.is(...mediaTypes) || hasOtherCharset(ctx)) {
      throw new ProblemError(
        problem('unsupported-media-type', `A batch must be ${mediaTypes[0]} in UTF-8, with one command per line.`),
      );
    }
    rejectCommandHeaders(ctx);
    const wait = projectionWait(ctx);
    const leave = shared.places.enter(ownerOf(ctx));
    // Batches have places of their own.
    placeOf(ctx).leave();
    if (wait.applied) ctx.set('Preference-Applied', wait.applied);
    const spool = new ResultSpool(shared.space, ownerOf(ctx));
    onceClosed(ctx, () => void spool.close().catch(() => undefined));
    ctx.status = 200;
    ctx.type = 'application/x-ndjson';
    ctx.set('Cache-Control', 'no-store');
    ctx.set('X-Accel-Buffering', 'no');
    const handled = handleBatch(ctx, dependencies, shared, spool, wait.waitMs)
      .then(() => spool.end())
      .catch((error: unknown) => spool.end(error))
      .finally(leave);
    ctx.body = Readable.from(resultsFrom(spool, responseMayBegin(ctx.req, handled)), { objectMode: false });
  });
}

/** Yields the results of a batch, the first one when the response may begin. */
async function* resultsFrom(spool: ResultSpool, mayBegin: Promise<void>): AsyncGenerator<Buffer> {
  await mayBegin;
  yield* spool;
}

/** Handles the lines of a batch, and puts their results into the spool. */
async function handleBatch(
  ctx: Context,
  { handleCommand, placeOrders, models, applied, authority, rateLimit, defaultCurrency }: BatchDependencies,
  { linesInFlight }: SharedByBatches,
  spool: ResultSpool,
  waitMs: number,
): Promise<void> {
  const context = requestContext(ctx);
  const { requestId, correlationId, causationId } = context;
  const caller = callerOf(ctx);
  const owner = ownerOf(ctx);
  /** The last position of this batch in each partition. */
  const lastPositions = new Map<number, number>();
  const handleLines = createLineHandler({
    handleCommand,
    placeOrders,
    actor: caller.subject,
    mayImport: caller.scopes.has('orders:import'),
    defaultCurrency,
    requestId,
    correlationId,
    causationId,
    isAuthorized: caller.isAuthorized,
    onHandled: ({ partition, position }) =>
      lastPositions.set(partition, Math.max(position, lastPositions.get(partition) ?? 0)),
  });
  const disconnected = new AbortController();
  /** Why the batch ends early, once it has to. */
  let reason: Problem | undefined;
  const stopped = new AbortController();
  const stop = (why: Problem) => {
    reason ??= why;
    stopped.abort();
  };
  const unwatch = authority.watch(caller, () => stop(authorityLost()));
  onceClosed(ctx, () => {
    unwatch();
    disconnected.abort();
  });

  const ended = AbortSignal.any([disconnected.signal, stopped.signal]);
  const { arrivingBodies, batchIdleTimeoutMs } = requestBudgets(ctx);
  let isEndedEarly = false;
  const source = admittedLines(ctx.req, {
    owner,
    linesInFlight,
    waitForCapacity: (lines) => rateLimit.waitForCapacity(owner, lines, ended),
    idleTimeoutMs: batchIdleTimeoutMs,
    hold: (bytes) => arrivingBodies.hold(owner, bytes, () => stop(problemOf(tooManyArriving()))),
    stopped: stopped.signal,
    ended,
    hasToEnd: () => {
      isEndedEarly = spool.isFull;
      return isEndedEarly;
    },
  });
  const handled = orderedWindow(
    source,
    ({ lines, release }) => handleLines(lines.map(({ number, bytes }) => ({ number, input: bytes }))).finally(release),
    limits.maxGroupsInFlight,
  );
  let lastLine = 0;
  for await (const responses of handled) {
    lastLine = responses.at(-1)?.line ?? lastLine;
    context.logged = { lines: lastLine };
    await spool.push(responses.map((response) => `${JSON.stringify(response)}\n`).join(''));
  }
  const why = reason ?? (isEndedEarly ? resultsNotRead(lastLine) : undefined);
  if (why) {
    const end = { line: lastLine + 1, status: why.status, problem: why } satisfies LineResponse;
    await spool.push(`${JSON.stringify(end)}\n`);
    if (!caller.isAuthorized()) ctx.res.once('finish', () => ctx.req.destroy());
    // The client may read only once it has sent everything.
    else discardRest(ctx.req);
  }
  // A caller without authority waits for nothing more.
  if (!caller.isAuthorized()) return;
  // The response ends when its writes can be read, as the response to a single command does.
  await Promise.all(
    [...lastPositions].map(([partition, position]) =>
      applied.reached(models.projections, partition, position, waitMs).catch(() => false),
    ),
  );
}

/**
 * The problem in the last line of a batch that ended early, because the client does not read the
 * results.
 */
export function resultsNotRead(lastLine: number): Problem {
  return problem(
    'results-not-read',
    `The batch ended after line ${lastLine}: more results wait to be read than the service keeps. ` +
      'Send the other lines in another batch, and read the results while you send.',
  );
}
