import { expect } from 'chai';
import { readConfig } from '../../../src/config.js';
import { knownVariables } from '../../../src/known-variables.js';
import { describeConfiguration, withoutSecrets } from '../../../src/service/system/configuration.js';

describe('The configuration in force', () => {
  it('URLs are shown without users, passwords and parameters', () => {
    for (const [url, shown] of [
      ['postgres://ada:s3cret@db.example:5432/orders?sslmode=require', 'postgres://db.example:5432/orders'],
      ['postgres://ada:p@ss@db.example/orders', 'postgres://db.example/orders'],
      ['rediss://:s3cret@a.example:6379,b.example:6379', 'rediss://a.example:6379,b.example:6379'],
      ['redis://127.0.0.1:6379/0', 'redis://127.0.0.1:6379/0'],
      ['s3cret', 'a URL that is not shown'],
    ] as const)
      expect(withoutSecrets(url), url).to.equal(shown);
    expect(withoutSecrets(undefined)).to.equal(undefined);
  });

  it('names variables that exist, and says which have their default', () => {
    const shown = describeConfiguration(readConfig({ PORT: '4000' }));
    for (const { name } of shown) expect(knownVariables, name).to.include(name);
    expect(shown.filter(({ is_default }) => !is_default).map(({ name }) => name)).to.deep.equal(['PORT']);
  });
});
