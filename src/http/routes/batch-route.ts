import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Caller } from '../../access/caller.js';
import { createLineHandler, type LineResponse } from '../batch/handle-lines.js';
import { batchLimits as limits } from '../batch/limits.js';
import { orderedWindow } from '../batch/ordered-window.js';
import { type Line, splitLines } from '../batch/split-lines.js';
import { untilAborted } from '../batch/until-aborted.js';
import { authorityLost, ProblemError, problem } from '../contract/problems.js';
import type { RateLimit } from '../middleware/rate-limit.js';
import { projectionWait } from '../request/headers.js';
import { rejectContentEncoding } from '../request/json-body.js';
import { requestBudgets } from '../request/request-budgets.js';
import { callerOf, requestContext } from '../request/request-context.js';
import type { HttpDependencies } from './dependencies.js';
import type { AddRoute } from './router.js';

type BatchDependencies = Pick<
  HttpDependencies,
  'handleCommand' | 'placeOrders' | 'models' | 'applied' | 'authority' | 'rateLimit' | 'defaultCurrency'
>;

const mediaTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** POST /orders/batch: one command per line in, one result per line out, both streamed. */
export function batchRoute(route: AddRoute, dependencies: BatchDependencies): void {
  const { handleCommand, placeOrders, models, applied, authority, rateLimit, defaultCurrency } = dependencies;

  route('runBatch', async (ctx) => {
    rejectContentEncoding(ctx);
    if (!ctx.is(...mediaTypes)) {
      throw new ProblemError(
        problem('unsupported-media-type', `A batch must be ${mediaTypes[0]}, with one command per line.`),
      );
    }
    const { requestId, correlationId, causationId } = requestContext(ctx);
    const caller = callerOf(ctx);
    const wait = projectionWait(ctx);
    if (wait.applied) ctx.set('Preference-Applied', wait.applied);
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
    const unauthorized = new AbortController();
    const unwatch = authority.watch(caller, () => unauthorized.abort());
    ctx.res.once('close', () => {
      unwatch();
      disconnected.abort();
    });
    const ended = AbortSignal.any([disconnected.signal, unauthorized.signal]);

    async function* responseLines(): AsyncGenerator<string> {
      const { maxLineBytes, maxGroupLines, maxGroupsInFlight } = limits;
      const timeoutMs = requestBudgets(ctx).batchIdleTimeoutMs;
      const chunks = untilAborted(withIdleTimeout(ctx.req, timeoutMs), unauthorized.signal);
      const groups = splitLines(chunks, { maxLineBytes, maxLines: maxGroupLines });
      const handled = orderedWindow(
        withinRateLimit(groups, caller, rateLimit, ended),
        (group) => handleLines(group.map(({ number, bytes }) => ({ number, input: bytes }))),
        maxGroupsInFlight,
      );
      let lastLine = 0;
      for await (const responses of handled) {
        lastLine = responses.at(-1)?.line ?? lastLine;
        yield responses.map((response) => `${JSON.stringify(response)}\n`).join('');
      }
      if (unauthorized.signal.aborted) {
        const problem = authorityLost();
        yield `${JSON.stringify({ line: lastLine + 1, status: problem.status, problem } satisfies LineResponse)}\n`;
        // The client may still be sending.
        ctx.res.once('finish', () => ctx.req.destroy());
        return;
      }
      // The response ends when its writes can be read, as the response to a single command does.
      await Promise.all(
        [...lastPositions].map(([partition, position]) =>
          applied.reached(models.projections, partition, position, wait.waitMs).catch(() => false),
        ),
      );
    }

    ctx.status = 200;
    ctx.type = 'application/x-ndjson';
    ctx.set('Cache-Control', 'no-store');
    ctx.set('X-Accel-Buffering', 'no');
    ctx.body = Readable.from(responseLines());
  });
}

/** The chunks of the request. The connection is closed if none arrives for `timeoutMs`. */
async function* withIdleTimeout(request: IncomingMessage, timeoutMs: number): AsyncGenerator<Buffer> {
  request.setTimeout(timeoutMs, () =>
    request.destroy(new Error(`no data of the batch arrived for ${timeoutMs / 1000} s`)),
  );
  for await (const chunk of request) yield chunk as Buffer;
}

/**
 * Passes lines on as the caller's rate limit allows. Each line counts as one request; the batch
 * waits for capacity.
 */
async function* withinRateLimit(
  groups: AsyncIterable<Line[]>,
  caller: Caller,
  rateLimit: RateLimit,
  disconnected: AbortSignal,
): AsyncGenerator<Line[]> {
  let capacity = 0;
  for await (let group of groups) {
    while (group.length > 0) {
      if (capacity === 0) {
        await rateLimit.waitForCapacity(caller, limits.maxGroupLines, disconnected);
        capacity = limits.maxGroupLines;
      }
      if (disconnected.aborted) return;
      const allowed = group.slice(0, capacity);
      group = group.slice(capacity);
      capacity -= allowed.length;
      yield allowed;
    }
  }
}
