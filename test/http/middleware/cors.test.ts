import { expect } from 'chai';
import { call, useService } from '../../support/service.js';

describe('CORS', () => {
  const service = useService({ ORDERS_CORS_ORIGINS: 'https://shop.example', LOG_LEVEL: 'silent' });
  const plain = useService({ LOG_LEVEL: 'silent' });

  it('scripts of the configured origins may call the API, and no others; without configuration, none may', async () => {
    const preflight = (one: { url: string }, origin: string) =>
      fetch(`${one.url}/orders`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
    const allowed = await preflight(service, 'https://shop.example');
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).to.deep.equal([
      204,
      'https://shop.example',
    ]);
    expect(allowed.headers.get('access-control-allow-headers')).to.match(/Idempotency-Key/);
    for (const [one, origin] of [
      [service, 'https://evil.example'],
      [plain, 'https://shop.example'],
    ] as const) {
      expect((await preflight(one, origin)).headers.get('access-control-allow-origin')).to.be.oneOf([null, '']);
      const simple = await call(one, 'GET', '/orders', undefined, { origin });
      expect(simple.headers.get('access-control-allow-origin')).to.be.oneOf([null, '']);
    }
    const response = await call(service, 'GET', '/orders', undefined, { origin: 'https://shop.example' });
    expect(response.headers.get('access-control-expose-headers')).to.match(/Event-Position/);
    const invalid = await call(service, 'POST', '/orders', {}, { origin: 'https://shop.example' });
    expect([invalid.status, invalid.headers.get('access-control-allow-origin')]).to.deep.equal([
      422,
      'https://shop.example',
    ]);
  });
});
