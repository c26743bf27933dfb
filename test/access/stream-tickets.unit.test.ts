import { expect } from 'chai';
import type { ApiKeys } from '../../src/access/api-keys.js';
import { anonymous, type Caller } from '../../src/access/caller.js';
import { StreamTickets, type TicketStore } from '../../src/access/stream-tickets.js';

/** One store for several processes, as Redis is. */
function createStore(): TicketStore {
  const texts = new Map<string, string>();
  return {
    put: async (name, text) => void texts.set(name, text),
    take: async (name) => {
      const text = texts.get(name);
      texts.delete(name);
      return text;
    },
  };
}

const noKeys: Pick<ApiKeys, 'callerOf'> = { callerOf: async () => undefined };

describe('A ticket for streams', () => {
  it('of a process without access control opens nothing in a process that has it', async () => {
    const store = createStore();
    const { ticket } = await new StreamTickets(store, undefined).issue(anonymous);
    expect(await new StreamTickets(store, noKeys).redeem(ticket)).to.equal(undefined);
  });

  it('of a process without access control opens one stream in such a process', async () => {
    const tickets = new StreamTickets(createStore(), undefined);
    const { ticket } = await tickets.issue(anonymous);
    expect(await tickets.redeem(ticket)).to.equal(anonymous);
    expect(await tickets.redeem(ticket)).to.equal(undefined);
  });

  it('of a token gives the subject and the scopes of the token, until the token expires', async () => {
    const tickets = new StreamTickets(createStore(), noKeys);
    const callerUntil = (validUntilMs: number): Caller => ({
      subject: 'ada',
      scopes: new Set(['orders:read:own']),
      credential: { kind: 'token', validUntilMs },
      isAuthorized: () => true,
    });
    const valid = await tickets.redeem((await tickets.issue(callerUntil(Date.now() + 60_000))).ticket);
    expect([valid?.subject, [...(valid?.scopes ?? [])]]).to.deep.equal(['ada', ['orders:read:own']]);
    expect(await tickets.redeem((await tickets.issue(callerUntil(Date.now() - 1))).ticket)).to.equal(undefined);
  });
});
