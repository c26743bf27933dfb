import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Caller } from '../../access/caller.js';
import { createLineHandler } from '../batch/handle-lines.js';
import { batchLimits as limits } from '../batch/limits.js';
import { orderedWindow } from '../batch/ordered-window.js';
import { type Line, splitLines } from '../batch/split-lines.js';
import { ProblemError, problem } from '../contract/problems.js';
import { projectionWait } from '../request/headers.js';
import { callerOf, requestContext } from '../request/request-context.js';
import type { Service } from './dependencies.js';
import type { AddRoute } from './router.js';

const mediaTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** POST /orders/batch: a command a line in, an answer a line out, streamed both ways. */
export function batchRoute(route: AddRoute, service: Service): void {
  route('runBatch', async (ctx) => {
    if (!ctx.is(...mediaTypes)) {
      throw new ProblemError(
        problem('unsupported-media-type', `A batch has to be ${mediaTypes[0]}, a command a line.`),
      );
    }
    const { requestId, correlationId, causationId } = requestContext(ctx);
    const caller = callerOf(ctx);
    const { waitMs, applied } = projectionWait(ctx);
    if (applied) ctx.set('Preference-Applied', applied);
    const lastPositions = new Map<number, number>();
    const { handleCommand, placeOrders } = service;
    const handleLines = createLineHandler({
      handleCommand,
      placeOrders,
      actor: caller.subject,
      mayImport: caller.scopes.has('orders:import'),
      defaultCurrency: service.defaultCurrency,
      requestId,
      correlationId,
      causationId,
      onHandled: ({ partition, position }) =>
        lastPositions.set(partition, Math.max(position, lastPositions.get(partition) ?? 0)),
    });
    const gone = new AbortController();
    ctx.res.once('close', () => gone.abort());

    async function* answers(): AsyncGenerator<string> {
      const { maxLineBytes, maxGroupLines, maxGroupsInFlight } = limits;
      const lines = splitLines(withIdleTimeout(ctx.req), { maxLineBytes, maxLines: maxGroupLines });
      const inWork = orderedWindow(
        withRoom(lines, caller, service, gone.signal),
        (together) => handleLines(together.map(({ number, bytes }) => ({ number, input: bytes }))),
        maxGroupsInFlight,
      );
      for await (const answered of inWork) yield answered.map((answer) => `${JSON.stringify(answer)}\n`).join('');
      // The end of the answer means what the answer of a single command means: what was written can be read.
      await Promise.all(
        [...lastPositions].map(([partition, position]) =>
          service.applied.reached(service.models.projections, partition, position, waitMs).catch(() => false),
        ),
      );
    }

    ctx.status = 200;
    ctx.type = 'application/x-ndjson';
    ctx.set('Cache-Control', 'no-store');
    ctx.set('X-Accel-Buffering', 'no');
    ctx.body = Readable.from(answers());
  });
}

/** The request's chunks; ends the connection when none arrives for too long. */
async function* withIdleTimeout(request: IncomingMessage): AsyncGenerator<Buffer> {
  request.setTimeout(limits.idleTimeoutMs, () => request.destroy(new Error('the batch stood still for too long')));
  for await (const chunk of request) yield chunk as Buffer;
}

/** A line counts as a request: where the caller's rate limit is used up, the batch pauses until there is room again. */
async function* withRoom(
  lines: AsyncIterable<Line[]>,
  caller: Caller,
  { rateLimit }: Service,
  gone: AbortSignal,
): AsyncGenerator<Line[]> {
  let room = 0;
  for await (let together of lines) {
    while (together.length > 0) {
      if (room === 0) {
        await rateLimit.waitForRoom(caller, limits.maxGroupLines, gone);
        room = limits.maxGroupLines;
      }
      if (gone.aborted) return;
      const taken = together.slice(0, room);
      together = together.slice(room);
      room -= taken.length;
      yield taken;
    }
  }
}
