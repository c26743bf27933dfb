import { expect } from 'chai';
import { readConfig } from '../../src/config.js';
import { missingKeys } from '../../src/service/missing-keys.js';

describe('missingKeys', () => {
  const servers = { DATABASE_URL: 'postgresql://db/orders' };

  it('names each key that a service on servers of its operator lacks', () => {
    expect(missingKeys(readConfig(servers)).map((text) => text.split(' ')[0])).to.deep.equal([
      'ORDERS_SIGNING_KEY_FILES',
      'ORDERS_PERSONAL_DATA_KEY_FILE',
    ]);
    const keys = { ORDERS_SIGNING_KEY_FILES: 'a.pem', ORDERS_PERSONAL_DATA_KEY_FILE: 'b.key' };
    expect(missingKeys(readConfig({ ...servers, ...keys }))).to.deep.equal([]);
  });

  it('does not trouble a first try on embedded servers', () => {
    expect(missingKeys(readConfig({}))).to.deep.equal([]);
  });
});
