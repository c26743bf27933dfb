import { expect } from 'chai';
import { revokeCreatedBy } from '../../src/access/api-keys.js';
import { anonymous } from '../../src/access/caller.js';
import { createdThrough, creatorOf } from '../../src/access/key-creators.js';
import { accessLimits as limits } from '../../src/access/limits.js';
import type { Pool } from '../../src/event-log/database.js';

describe('The creator of an API key', () => {
  const keys = [
    { id: 'last', createdBy: 'key:child' },
    { id: 'child', createdBy: 'key:stolen' },
    { id: 'stolen', createdBy: 'operator:ada' },
    { id: 'older', createdBy: null },
    { id: 'token', createdBy: 'grace' },
  ];
  const found = (creator: string) => createdThrough(keys, creator).map(({ id }) => id);

  it('is found with all keys that it has created, directly or by other keys', () => {
    expect(found('stolen')).to.deep.equal(['last', 'child', 'stolen']);
    expect(found('key:stolen')).to.deep.equal(['last', 'child', 'stolen']);
    expect(found('child')).to.deep.equal(['last', 'child']);
    expect(found('operator:ada')).to.deep.equal(['last', 'child', 'stolen']);
    expect(found('grace')).to.deep.equal(['token']);
    expect(found('nobody')).to.deep.equal([]);
  });

  it('is the key of a caller that has one, and otherwise the subject', () => {
    const caller = { ...anonymous, subject: 'ops' };
    expect(creatorOf({ ...caller, credential: { kind: 'key', id: 'abc' } })).to.equal('key:abc');
    expect(creatorOf({ ...caller, credential: { kind: 'token', validUntilMs: 0 } })).to.equal('ops');
  });

  it('that creates keys all the time does not keep the revocation of its keys busy for ever', async () => {
    let created = 0;
    const query = async (sql: string) => {
      if (sql.startsWith('update')) return { rows: [{ id: `key-${created}` }] };
      created += 1;
      return { rows: [{ id: `key-${created}`, scopes: [], revokedAt: null, createdBy: 'grace' }] };
    };
    const { revoked, isOver } = await revokeCreatedBy({ query } as unknown as Pool, 'grace');
    expect([revoked.length, isOver]).to.deep.equal([limits.maxRevocationRounds, false]);
  });
});
