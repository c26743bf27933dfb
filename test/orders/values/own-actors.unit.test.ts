import { expect } from 'chai';
import { isKeySubject, isNeverPerson, isOwnActor } from '../../../src/orders/values/own-actors.js';

describe('The actors of the service itself', () => {
  const all = ['import', 'anonymous', '[erased]', 'key:abc', 'operator:root', 'person:x', 'token:import', 'key:\n'];
  const others = ['clerk-7', 'Import', 'imports', 'keys:abc', 'operator', 'erased', 'auth0|5f7', ' import'];

  it('are known by their name, or by what it begins with', () => {
    expect(all.filter(isOwnActor)).to.deep.equal(all);
    expect(others.filter(isOwnActor)).to.deep.equal([]);
  });

  it('are kept on the orders of a forgotten person unless they may have been that person', () => {
    expect([...all, ...others].filter(isNeverPerson)).to.deep.equal([
      ...['import', 'anonymous', 'key:abc', 'operator:root', 'key:\n'],
    ]);
  });

  it('are refused as the subject of an API key, but for a key or a token that it replaces', () => {
    expect(all.filter(isKeySubject)).to.deep.equal(['key:abc', 'token:import', 'key:\n']);
    expect(others.filter(isKeySubject)).to.deep.equal(others);
  });
});
