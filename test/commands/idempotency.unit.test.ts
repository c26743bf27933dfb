import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { commandHash, isHashOf, storedHash } from '../../src/commands/idempotency.js';
import { derivedOrderId } from '../../src/commands/order-ids.js';

describe('derivedOrderId', () => {
  it('the order id derived from an actor and an Idempotency-Key never changes', () => {
    expect(derivedOrderId('anonymous', 'key-1')).to.equal('98931a93-26ac-5cd6-a607-8de8fd2ae16b');
    expect(derivedOrderId('käy €', '🎉')).to.equal('31a57782-659c-5d8f-8c83-3540c7184597');
  });
});

describe('commandHash', () => {
  const command = {
    command: 'place',
    userId: 'u',
    items: [{ quantity: 1, item_id: 'a' }],
    metadata: { b: 'é', a: '"' },
  };

  it('the hash of a command is SHA-256 of its JSON text with sorted keys', () => {
    const text =
      '{"command":"place","items":[{"item_id":"a","quantity":1}],"metadata":{"a":"\\"","b":"é"},"userId":"u"}';
    expect(commandHash(command)).to.equal(createHash('sha256').update(text).digest('hex'));
    expect(commandHash({ ...command, metadata: { a: '"', b: 'é' } })).to.equal(commandHash(command));
  });

  it('the hash of a command does not depend on the order of fields at any depth', () => {
    const field = fc.oneof(fc.constantFrom('a', 'b', 'Z', '10', '9', 'é', '__proto__'), fc.string({ maxLength: 3 }));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 3 }, fc.string(), fc.integer(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('tree'), { maxLength: 3 }),
      object: fc.dictionary(field, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
    }));
    const reversed = (value: unknown): unknown => {
      if (value === null || typeof value !== 'object') return value;
      if (Array.isArray(value)) return value.map(reversed);
      const entries = Object.entries(value).map(([name, inner]) => [name, reversed(inner)]);
      return Object.fromEntries(entries.reverse());
    };
    fc.assert(fc.property(tree, (value) => commandHash(reversed(value)) === commandHash(value)));
  });

  it('two commands that differ in any field, even in __proto__, have different hashes', () => {
    const strange = (value: string) => commandHash(JSON.parse(`{"metadata":{"__proto__":"${value}"}}`));
    expect(strange('a')).to.not.equal(strange('b'));
    expect(commandHash({ ...command, userId: 'v' })).to.not.equal(commandHash(command));
  });

  it('a command is recognised by the short hash of an event and by the full hash of the oldest events', () => {
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
