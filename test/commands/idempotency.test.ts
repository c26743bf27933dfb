import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { commandHash, isHashOf, storedHash } from '../../src/commands/idempotency.js';

describe('the hash of a command', () => {
  const command = {
    command: 'place',
    userId: 'u',
    items: [{ quantity: 1, item_id: 'a' }],
    metadata: { b: 'é', a: '"' },
  };

  it('is SHA-256 of its JSON text with sorted keys, so that the order of fields makes no difference', () => {
    const text =
      '{"command":"place","items":[{"item_id":"a","quantity":1}],"metadata":{"a":"\\"","b":"é"},"userId":"u"}';
    expect(commandHash(command)).to.equal(createHash('sha256').update(text).digest('hex'));
    expect(commandHash({ ...command, metadata: { a: '"', b: 'é' } })).to.equal(commandHash(command));
  });

  it('tells two commands apart by any field, also by one with a name that objects have already', () => {
    const strange = (value: string) => commandHash(JSON.parse(`{"metadata":{"__proto__":"${value}"}}`));
    expect(strange('a')).to.not.equal(strange('b'));
    expect(commandHash({ ...command, userId: 'v' })).to.not.equal(commandHash(command));
  });

  it('is recognised in events as they carry it now and as the oldest do', () => {
    const hash = commandHash(command);
    const other = commandHash({ ...command, userId: 'v' });
    expect(storedHash(hash)).to.have.length(22);
    for (const carried of [storedHash(hash), hash]) {
      expect(isHashOf(carried, hash)).to.equal(true);
      expect(isHashOf(carried, other)).to.equal(false);
    }
    expect(isHashOf(undefined, hash)).to.equal(false);
  });
});
