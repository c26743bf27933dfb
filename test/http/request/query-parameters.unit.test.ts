import { expect } from 'chai';
import { queryParameters, rejectQueryParameters } from '../../../src/http/request/query-parameters.js';
import { startTestApp } from '../../support/test-app.js';

describe('Query parameters', () => {
  it('the pointer of a parameter that is not valid escapes its name (RFC 6901)', async () => {
    const app = await startTestApp((route) => {
      route('listOrders', (ctx) => {
        queryParameters(ctx, 'orders');
      });
      route('getServiceMetrics', (ctx) => rejectQueryParameters(ctx));
    });
    for (const path of ['/orders?a/b~=1', '/orders?a/b~=1&a/b~=2', '/metrics?a/b~=1']) {
      const { errors } = (await (await fetch(app.url + path)).json()) as { errors: { pointer: string }[] };
      expect(errors[0]?.pointer, path).to.equal('/query/a~1b~0');
    }
    await app.stop();
  });
});
