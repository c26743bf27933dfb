import type { IncomingMessage, RequestListener } from 'node:http';
import type { Overloaded } from '../../event-log/overloaded.js';
import { problem, retryAfterSeconds } from '../contract/problems.js';
import { httpLimits as limits } from '../limits.js';
import { requestIdOf } from '../request/request-context.js';
import { discardRest } from '../response/discard-rest.js';
import { isForEvents, problemEvent } from '../response/respond.js';
import { type Admission, presumedOwner } from './admission.js';
import { isAlwaysServed, placesOf } from './in-flight-requests.js';

/**
 * Sheds load: while there is no place for a further request of an owner, responds 503 to it before
 * the application sees it. Far beyond capacity these responses are most of the work, so
 * everything that they share is made once.
 *
 * A cross-origin request of a browser still goes through the application: without its CORS headers
 * a page may not read the response. It waits in the same queue as the shed requests.
 * @param onShed called with the reason for every request that is shed.
 */
export function shedLoad(
  application: RequestListener,
  admission: Pick<Admission, 'knownCredentials' | 'addresses' | 'places'>,
  onShed: (reason: Overloaded) => void,
): RequestListener {
  const shedder = new LoadShedder();
  // One error for all requests: capturing its stack would be a tenth of the cost of each response.
  const reason = admission.places.writes.overloaded();
  const shared = problem('overloaded', `${reason.message}.`, { may_have_been_done: false });
  const { type, status } = shared;
  const sharedFields = JSON.stringify(shared).slice(0, -1);
  const sharedHeaders = {
    'Retry-After': String(retryAfterSeconds(type)),
    'Cache-Control': 'no-store',
    'Content-Type': 'application/problem+json',
  };
  return (request, response) => {
    if (!placesOf(admission.places, request.method).refuses(ownerOfShed(admission, request))) {
      application(request, response);
      return;
    }
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    if (isAlwaysServed(path)) {
      application(request, response);
      return;
    }
    if (request.headers.origin !== undefined) {
      // By then there may be fewer requests in flight.
      shedder.add(() => {
        if (!request.destroyed) application(request, response);
      });
      return;
    }
    onShed(reason);
    // The body takes no memory while the request is queued.
    discardRest(request);
    shedder.add(() => {
      const requestId = requestIdOf(String(request.headers['x-request-id'] ?? ''));
      const json = `${sharedFields},"instance":${JSON.stringify(path)},"request_id":${JSON.stringify(requestId)}}`;
      const isEvents = isForEvents(request.headers.accept);
      const body = isEvents ? problemEvent(json, retryAfterSeconds(type) ?? 1) : json;
      response.writeHead(isEvents ? 200 : status, {
        'X-Request-Id': requestId,
        'Content-Length': Buffer.byteLength(body),
        ...sharedHeaders,
        ...(isEvents ? { 'Content-Type': 'text/event-stream' } : {}),
      });
      response.end(body);
    });
  };
}

/**
 * The owner of a request; none if its address is not valid, which the application tells the client.
 */
function ownerOfShed(admission: Parameters<typeof presumedOwner>[0], request: IncomingMessage): string {
  try {
    return presumedOwner(admission, request);
  } catch {
    return '';
  }
}

/** The clock and timers of the process, or those of a test. */
export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  later(task: () => void, ms: number): void;
}

const processClock: Clock = {
  now: () => performance.now(),
  later: (task, ms) => (ms > 0 ? void setTimeout(task, ms) : void setImmediate(task)),
};

/**
 * Responds to shed requests in bursts that take a bounded share of the process's time; the rest is
 * for accepted requests. Shedding one request costs a quarter of placing an order: far beyond
 * capacity, shedding at once would take all of the time, and almost no order would be placed. A
 * client sends its next request on a connection when it has a response, so queued requests also
 * hold back those that would follow.
 */
export class LoadShedder {
  readonly #clock: Clock;
  #queued: (() => void)[] = [];
  #lastBurstEndMs: number;
  #isScheduled = false;

  constructor(clock: Clock = processClock) {
    this.#clock = clock;
    this.#lastBurstEndMs = clock.now();
  }

  /**
   * @param shed responds to one request. It runs in a later burst, or at once if the queue is full.
   */
  add(shed: () => void): void {
    if (this.#queued.length >= limits.maxQueuedSheddings) {
      shed();
      return;
    }
    this.#queued.push(shed);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.later(this.#burst, 0);
  }

  readonly #burst = (): void => {
    const clock = this.#clock;
    const startMs = clock.now();
    const pauseMs = startMs - this.#lastBurstEndMs;
    const earnedMs = Math.max(limits.minSheddingBurstMs, pauseMs / limits.sheddingPauseFactor);
    const allowedMs = Math.min(earnedMs, limits.maxSheddingBurstMs);
    let count = 0;
    let tookMs = 0;
    for (const shed of this.#queued) {
      if (tookMs >= allowedMs) break;
      shed();
      count += 1;
      tookMs = clock.now() - startMs;
    }
    this.#queued = this.#queued.slice(count);
    this.#lastBurstEndMs = startMs + tookMs;
    this.#isScheduled = this.#queued.length > 0;
    if (this.#isScheduled) clock.later(this.#burst, tookMs * limits.sheddingPauseFactor);
  };
}
