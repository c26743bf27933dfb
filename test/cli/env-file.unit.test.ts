import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadEnvFile, parseEnvFile } from '../../src/cli/env-file.js';
import { readConfig } from '../../src/config.js';

describe('A .env file', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'env-file-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The environment after a file with these contents was loaded. */
  function load(contents: string | Buffer, env: Record<string, string | undefined> = {}) {
    const file = join(folder, '.env');
    writeFileSync(file, contents);
    loadEnvFile(env, file);
    return env;
  }

  const required: [string, string | Buffer][] = [
    ['a byte order mark', '\ufeffORDERS_AUTH=required\n'],
    ['CRLF line breaks', '# comment\r\nORDERS_AUTH=required\r\nLOG_LEVEL=info\r\n'],
    ['CR line breaks', 'LOG_LEVEL=info\rORDERS_AUTH=required\r'],
    ['export', 'export ORDERS_AUTH=required'],
    ['double quotes', 'ORDERS_AUTH="required"\r\n'],
    ['single quotes', "ORDERS_AUTH='required' # with a comment"],
    ['backticks', 'ORDERS_AUTH=`required`'],
    ['spaces', '  ORDERS_AUTH = required  '],
    ['a comment', 'ORDERS_AUTH=required # everybody needs a key'],
    ['the same value twice', 'ORDERS_AUTH=required\nORDERS_AUTH="required"'],
  ];
  for (const [what, contents] of required) {
    it(`with ${what} turns access control on as its author meant`, () => {
      expect(readConfig(load(contents)).authRequired).to.equal(true);
    });
  }

  const refused: [string, string | Buffer, RegExp][] = [
    ['UTF-16', Buffer.from('\ufeffORDERS_AUTH=required', 'utf16le'), /is not UTF-8/],
    ['a colon instead of =', 'ORDERS_AUTH: required', /line 1: write NAME=value/],
    ['a name without a value', 'export ORDERS_AUTH', /line 1: write NAME=value/],
    ['the syntax of another shell', '\n$env:ORDERS_AUTH = "required"', /line 2: write NAME=value/],
    ['a letter that only looks like O', '\u041eRDERS_AUTH=required', /line 1: write NAME=value/],
    ['an open quote', 'ORDERS_AUTH="required\nLOG_LEVEL=info', /line 1: the value of ORDERS_AUTH has an opening quote/],
    ['text after a quote', 'ORDERS_AUTH="required"d', /opening quote/],
    ['a variable in a value', 'ORDERS_AUTH=$\u007bAUTH}', /\$ expression/],
    ['a command in a value', 'ORDERS_AUTH="$(cat auth)"', /\$ expression/],
    ['a second value', 'ORDERS_AUTH=required\nORDERS_AUTH=none', /line 2: ORDERS_AUTH has another value further up/],
    ['a second value that is empty', 'ORDERS_AUTH=required\nORDERS_AUTH=', /line 2: ORDERS_AUTH has another value/],
    ['an escape', 'REDIS_URL="redis://h\\n"', /backslash/],
  ];
  for (const [what, contents, message] of refused) {
    it(`with ${what} is refused`, () => {
      expect(() => load(contents)).to.throw(message);
    });
  }

  it('is never quoted in an error, because its values may be secrets', () => {
    expect(() => parseEnvFile('DATABASE_URL="postgresql://u:secret@h/db'))
      .to.throw()
      .and.not.match(/secret/);
  });

  it('keeps a # and a $ inside a value', () => {
    const values = parseEnvFile("A=a#b\nB='$\u007bc} # d'\nC=$5");
    expect([...values]).to.deep.equal([
      ['A', 'a#b'],
      ['B', '$\u007bc} # d'],
      ['C', '$5'],
    ]);
  });

  it('gives a variable that is not of this service its last value, as shells do', () => {
    expect(load('A=1\nA=2')).to.deep.equal({ A: '2' });
  });

  it('sets variables that are missing or empty, and keeps the others', () => {
    const env = load('A=file\nB=file\nC=file', { A: 'set', B: '' });
    expect(env).to.deep.equal({ A: 'set', B: 'file', C: 'file' });
  });

  it('is optional, but an unreadable one is refused', () => {
    expect(() => loadEnvFile({}, join(folder, 'absent'))).not.to.throw();
    expect(() => loadEnvFile({}, folder)).to.throw(/could not be read/);
  });
});
