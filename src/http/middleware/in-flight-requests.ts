import type { RequestListener } from 'node:http';
import type { Context } from 'koa';
import { Overloaded } from '../../event-log/overloaded.js';
import type { Operation } from '../contract/operation.js';
import { operations } from '../contract/operations.js';
import { problem, retryAfterSeconds } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { requestIdOf } from '../request/request-context.js';
import { LoadShedder } from './load-shedding.js';

/** Probes and metrics: what operators need most when there is too much to do. */
const alwaysAnswered: ReadonlySet<string> = new Set(
  Object.values(operations).flatMap((operation: Operation) => (operation.unlimited ? operation.path : [])),
);

/**
 * Counts the requests that are being answered. Beyond the limit they are refused soon, before their body is read: what is
 * accepted is answered soon, and what is not costs little. By Little's law latency is this number over the throughput. What
 * counts is work: a request whose body is still on its way takes nobody's place, and a stream none once it has begun; they,
 * batches and the queues behind have limits of their own.
 */
export class InFlightRequests {
  readonly #max: number;
  #count = 0;

  constructor(max: number = limits.maxInFlightRequests) {
    this.#max = max;
  }

  /** Counts a request from when its body has arrived. @returns what counts it as answered. Throws Overloaded. */
  enter(ctx: Context): () => void {
    if (alwaysAnswered.has(ctx.path)) return () => undefined;
    if (this.#full) throw this.#overloaded();
    if (!hasBody(ctx)) {
      this.#count += 1;
      return this.#leave;
    }
    let counted = false;
    const count = () => {
      counted = true;
      this.#count += 1;
    };
    ctx.req.once('end', count);
    return () => {
      ctx.req.off('end', count);
      if (counted) this.#leave();
    };
  }

  readonly #leave = (): void => {
    this.#count -= 1;
  };

  /**
   * Refuses what is too much before the application sees it: far beyond capacity the refusals are most of the work. Browsers'
   * requests from other origins go the long way, where they get the headers without which a page may not read the answer; they take
   * their turn among the refusals all the same.
   */
  shedding(application: RequestListener, onRefused: (reason: Overloaded) => void): RequestListener {
    const refusals = new LoadShedder();
    // What is the same for all is made once: an error with its stack alone would be a tenth of a refusal.
    const reason = this.#overloaded();
    const { type, title, status, detail } = problem('overloaded', `${reason.message}.`);
    const beginning = JSON.stringify({ type, title, status, detail }).slice(0, -1);
    const headers = {
      'Retry-After': String(retryAfterSeconds(type)),
      'Cache-Control': 'no-store',
      'Content-Type': 'application/problem+json',
    };
    return (request, response) => {
      if (!this.#full) {
        application(request, response);
        return;
      }
      const [path = '/'] = (request.url ?? '/').split('?', 1);
      if (alwaysAnswered.has(path)) {
        application(request, response);
        return;
      }
      if (request.headers.origin !== undefined) {
        // There may be room again by then.
        refusals.add(() => {
          if (!request.destroyed) application(request, response);
        });
        return;
      }
      onRefused(reason);
      // Its body is of no use to anybody: it is not kept while the refusal waits.
      request.resume();
      refusals.add(() => {
        const requestId = requestIdOf(String(request.headers['x-request-id'] ?? ''));
        const body = `${beginning},"instance":${JSON.stringify(path)},"request_id":${JSON.stringify(requestId)}}`;
        const length = Buffer.byteLength(body);
        response.writeHead(status, { 'X-Request-Id': requestId, 'Content-Length': length, ...headers });
        response.end(body);
      });
    };
  }

  get #full(): boolean {
    return this.#count >= this.#max;
  }

  #overloaded(): Overloaded {
    return new Overloaded('requests', this.#max);
  }
}

function hasBody({ req: { headers } }: Context): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
