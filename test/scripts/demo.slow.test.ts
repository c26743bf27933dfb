import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { call, useService } from '../support/service.js';

describe('npm run demo', () => {
  const service = useService();
  const load = async (file: string) => import(pathToFileURL(projectPath('scripts', 'demo', file)).href);

  it('the service takes every command of the shop, and a second run changes nothing', async () => {
    const { shopHistory } = await load('shop.mjs');
    const { fill } = await load('fill.mjs');
    const commands = shopHistory({ orders: 300, seed: 3, nowMs: Date.now() });
    const first = await fill(service.url, commands);
    expect(first.refused.map(({ problem }: { problem: { detail: string } }) => problem.detail)).to.deep.equal([]);
    expect([first.done, first.replayed]).to.deep.equal([commands.length, 0]);
    const second = await fill(service.url, commands);
    expect([second.done, second.replayed]).to.deep.equal([0, commands.length]);
    const { body } = await call(service, 'GET', '/orders/metrics?currency=EUR');
    expect(body.total_orders).to.be.greaterThan(100);
  });
});
