import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

interface Command {
  readonly command: string;
  readonly order_id: string;
  readonly idempotency_key: string;
  readonly occurred_at: string;
  readonly currency?: string;
}

describe('The live orders of npm run demo', () => {
  const { fetch } = globalThis;
  afterEach(() => {
    globalThis.fetch = fetch;
  });

  it('end at a signal, even if the service does not respond', async () => {
    const { trickle } = await import(pathToFileURL(projectPath('scripts/demo/trickle.mjs')).href);
    const abort = new AbortController();
    let sent = 0;
    globalThis.fetch = async () => {
      sent += 1;
      abort.abort();
      throw new TypeError('connection refused');
    };
    await trickle('http://orders.example', { seed: 1, firstNumber: 1, customers: 20, signal: abort.signal });
    expect(sent).to.equal(1);
  });
});

describe('The shop of npm run demo', () => {
  const nowMs = Date.parse('2026-11-30T12:00:00Z');
  let shopHistory: (wanted: { orders: number; seed: number; nowMs: number }) => Command[];
  before(async () => {
    ({ shopHistory } = await import(pathToFileURL(projectPath('scripts/demo/shop.mjs')).href));
  });

  it('the same seed makes the same shop, and another seed another one', () => {
    const shop = (seed: number) => JSON.stringify(shopHistory({ orders: 200, seed, nowMs }));
    expect(shop(1)).to.equal(shop(1));
    expect(shop(1)).not.to.equal(shop(2));
  });

  it('its year is in order, ends now, and each order begins with its placing', () => {
    const commands = shopHistory({ orders: 500, seed: 1, nowMs });
    const times = commands.map(({ occurred_at }) => occurred_at);
    expect(times).to.deep.equal(times.toSorted());
    expect(Date.parse(times.at(-1) ?? '')).to.be.at.most(nowMs);
    expect(Date.parse(times[0] ?? '')).to.be.greaterThan(nowMs - 367 * 86_400_000);
    const first = new Map<string, string>();
    for (const { order_id, command } of commands) if (!first.has(order_id)) first.set(order_id, command);
    expect([...new Set(first.values())]).to.deep.equal(['place']);
    expect(new Set(commands.map(({ idempotency_key }) => idempotency_key)).size).to.equal(commands.length);
  });

  it('it has several currencies, returns, cancellations and late payments', () => {
    const commands = shopHistory({ orders: 1_000, seed: 1, nowMs });
    const currencies = new Set(commands.flatMap(({ currency }) => currency ?? []));
    expect([...currencies]).to.have.members(['EUR', 'GBP', 'USD', 'JPY']);
    for (const name of ['pay', 'process', 'ship', 'deliver', 'return', 'refund', 'cancel', 'hold', 'release', 'note'])
      expect(
        commands.some(({ command }) => command === name),
        name,
      ).to.equal(true);
  });
});
