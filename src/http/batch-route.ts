import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Caller } from '../access/caller.js';
import { createLineHandler, type LineAnswer, refused } from './batch-lines.js';
import { projectionWait } from './headers.js';
import { httpLimits as limits } from './limits.js';
import { orderedWindow } from './ordered-window.js';
import { ProblemError, problem } from './problems.js';
import { callerOf, requestState } from './request-state.js';
import type { AddRoute } from './routes.js';
import type { Service } from './service.js';
import { type Line, splitLines } from './split-lines.js';

const mediaTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** POST /orders/batch: a command a line in, an answer a line out, streamed both ways. */
export function batchRoute(route: AddRoute, service: Service): void {
  route('runBatch', async (ctx) => {
    if (!ctx.is(...mediaTypes)) {
      throw new ProblemError(
        problem('unsupported-media-type', `A batch has to be ${mediaTypes[0]}, a command a line.`),
      );
    }
    const { requestId, correlationId, causationId } = requestState(ctx);
    const caller = callerOf(ctx);
    const { waitMs, applied } = projectionWait(ctx);
    if (applied) ctx.set('Preference-Applied', applied);
    const lastPositions = new Map<number, number>();
    const handleLine = createLineHandler({
      handleCommand: service.handleCommand,
      actor: caller.subject,
      mayImport: caller.scopes.has('orders:import'),
      defaultCurrency: service.defaultCurrency,
      requestId,
      correlationId,
      ...(causationId === undefined ? {} : { causationId }),
      onHandled: ({ partition, position }) =>
        lastPositions.set(partition, Math.max(position, lastPositions.get(partition) ?? 0)),
    });
    const work = ({ number, bytes }: Line): Promise<LineAnswer> => {
      if (bytes) return handleLine(number, bytes);
      const tooLong = problem('body-too-large', `The line is longer than ${limits.maxBatchLineBytes} bytes.`);
      return Promise.resolve(refused(number, tooLong));
    };

    const gone = new AbortController();
    ctx.res.once('close', () => gone.abort());

    async function* answers(): AsyncGenerator<string> {
      const lines = splitLines(withIdleTimeout(ctx.req), limits.maxBatchLineBytes);
      for await (const answer of orderedWindow(
        withRoom(lines, caller, service, gone.signal),
        work,
        limits.maxBatchLinesInFlight,
      )) {
        yield `${JSON.stringify(answer)}\n`;
      }
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
  request.setTimeout(limits.batchIdleTimeoutMs, () => request.destroy(new Error('the batch stood still for too long')));
  for await (const chunk of request) yield chunk as Buffer;
}

/** A line counts as a request: where the caller's rate limit is used up, the batch pauses until there is room again. */
async function* withRoom(
  lines: AsyncIterable<Line>,
  caller: Caller,
  { rateLimit }: Service,
  gone: AbortSignal,
): AsyncGenerator<Line> {
  let room = 0;
  for await (const line of lines) {
    if (room === 0) {
      await rateLimit.waitForRoom(caller, limits.batchLinesPerRoom, gone);
      room = limits.batchLinesPerRoom;
    }
    if (gone.aborted) return;
    room -= 1;
    yield line;
  }
}
