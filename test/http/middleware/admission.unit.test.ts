import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { expect } from 'chai';
import type { Context } from 'koa';
import { Overloaded } from '../../../src/event-log/overloaded.js';
import { operations } from '../../../src/http/contract/operations.js';
import { httpLimits } from '../../../src/http/limits.js';
import { takePlace } from '../../../src/http/middleware/admission.js';
import { createPlaces } from '../../../src/http/middleware/in-flight-requests.js';

describe('The place of a request', () => {
  const { listOrders, placeOrder } = operations;
  const admissionOf = () => ({ places: createPlaces() }) as Parameters<typeof takePlace>[2];
  const contextOf = (method: string, headers: IncomingHttpHeaders = {}, owner = 'caller:shop'): Context => {
    const req = Object.assign(new EventEmitter(), { method, headers });
    return { method, path: '/orders', req, state: { request: { owner } } } as unknown as Context;
  };

  it('is taken at once by a query, even if it announces a body that never arrives', () => {
    const admission = admissionOf();
    const place = takePlace(contextOf('GET', { 'content-length': '1' }), listOrders, admission);
    expect(admission.places.reads.inUse).to.equal(1);
    place.leave();
    expect(admission.places.reads.inUse).to.equal(0);
  });

  it('is taken by a command once its body has arrived', () => {
    const admission = admissionOf();
    const ctx = contextOf('POST', { 'transfer-encoding': 'chunked' });
    const place = takePlace(ctx, placeOrder, admission);
    expect(admission.places.writes.inUse).to.equal(0);
    ctx.req.emit('end');
    expect(admission.places.writes.inUse).to.equal(1);
    place.leave();
    expect(admission.places.writes.inUse).to.equal(0);
  });

  it('is left to queries while commands have used up theirs, and to commands while queries have', () => {
    for (const [busy, other] of [
      [
        ['POST', placeOrder],
        ['GET', listOrders],
      ],
      [
        ['GET', listOrders],
        ['POST', placeOrder],
      ],
    ] as const) {
      const admission = admissionOf();
      const take = ([method, operation]: typeof busy | typeof other) =>
        takePlace(contextOf(method), operation, admission);
      const fill = () => {
        for (let nth = 0; nth <= httpLimits.maxInFlightRequests; nth += 1) take(busy);
      };
      expect(fill).to.throw(Overloaded);
      expect(() => take(other)).not.to.throw();
    }
  });
});
