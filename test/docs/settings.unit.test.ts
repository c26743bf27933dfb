import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { readConfig } from '../../src/config.js';
import { knownVariables } from '../../src/known-variables.js';
import { blocksRunBy } from '../support/block-runs.js';

const test = 'test/docs/settings.unit.test.ts';

/** The variables that a block sets, as a shell reads them. */
function variablesOf(code: string): Record<string, string> {
  const names = [...code.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name);
  const printed = names.map((name) => `printf '%s\\0' "$${name}"`).join('\n');
  const values = execFileSync('bash', ['--norc', '-c', `${code}\n${printed}`], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  }).split('\0');
  return Object.fromEntries(names.map((name, nth) => [name, values[nth] ?? '']));
}

describe('the settings that documents show', () => {
  it('docs/access.md sets only variables that the service has, to values that it accepts together', () => {
    const blocks = blocksRunBy(test, 'docs/access.md');
    expect(blocks).to.have.length(3);
    const env = Object.assign({}, ...blocks.map(({ code }) => variablesOf(code)));
    expect(knownVariables).to.include.members(Object.keys(env));
    const config = readConfig(env);
    expect(config.tokens?.issuer).to.equal('https://issuer.example/');
    expect(config.shutdownDelayMs).to.equal(5_000);
  });

  it('docs/servers.md sets only URLs that the service accepts', () => {
    const blocks = blocksRunBy(test, 'docs/servers.md');
    expect(blocks).to.have.length(3);
    for (const { code, line } of blocks) {
      const env = variablesOf(code);
      expect(knownVariables).to.include.members(Object.keys(env));
      expect(readConfig(env).databaseUrl, `line ${line}`).to.equal(env.DATABASE_URL);
    }
    const direct = variablesOf(blocks[2]?.code ?? '').DATABASE_DIRECT_URL;
    expect(readConfig(variablesOf(blocks[2]?.code ?? '')).directDatabaseUrl).to.equal(direct);
  });
});
