import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

interface Hooks {
  readonly enableHooks: (root: string) => string;
}

/** Git's environment, without the user's settings and without those of a commit in progress. */
const environment = {
  PATH: process.env.PATH,
  HOME: tmpdir(),
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

describe('Git hooks', () => {
  let enableHooks: Hooks['enableHooks'];
  let folder: string;
  const saved = { ...process.env };
  before(async function () {
    if (spawnSync('git', ['--version']).status !== 0) this.skip();
    const hooks: Hooks = await import(pathToFileURL(projectPath('scripts/hooks.mjs')).href);
    enableHooks = hooks.enableHooks;
    for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
    Object.assign(process.env, { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' });
  });
  after(() => {
    for (const name of Object.keys(process.env)) if (name.startsWith('GIT_')) delete process.env[name];
    Object.assign(process.env, saved);
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'orders-hooks-'));
    cpSync(projectPath('.githooks'), join(folder, '.githooks'), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const git = (...args: string[]) => spawnSync('git', args, { cwd: folder, env: environment, encoding: 'utf8' });
  const configured = () => git('config', '--get', 'core.hooksPath').stdout.trim();

  describe('when they are set up', () => {
    it('hooks are enabled in a fresh checkout, once', () => {
      git('init', '-q');
      expect(enableHooks(folder)).to.equal('enabled');
      expect(configured()).to.equal('.githooks');
      expect(enableHooks(folder)).to.equal('already-enabled');
    });

    it('a hooks path that the user configured is kept', () => {
      git('init', '-q');
      git('config', 'core.hooksPath', 'my-hooks');
      expect(enableHooks(folder)).to.equal('other-hooks');
      expect(configured()).to.equal('my-hooks');
    });

    it('hooks that the user put into .git/hooks stay in use', () => {
      git('init', '-q');
      mkdirSync(join(folder, '.git/hooks'), { recursive: true });
      writeFileSync(join(folder, '.git/hooks/pre-push'), '#!/bin/sh\n');
      expect(enableHooks(folder)).to.equal('other-hooks');
      expect(configured()).to.equal('');
    });

    it('nothing is done outside a checkout, below its top, and without Git', () => {
      expect(enableHooks(folder)).to.equal('no-checkout');
      git('init', '-q');
      cpSync(join(folder, '.githooks'), join(folder, 'below/.githooks'), { recursive: true });
      expect(enableHooks(join(folder, 'below'))).to.equal('no-checkout');
      const { PATH } = process.env;
      process.env.PATH = '';
      try {
        expect(enableHooks(folder)).to.equal('no-checkout');
      } finally {
        process.env.PATH = PATH;
      }
      expect(configured()).to.equal('');
    });
  });

  describe('on a commit message', () => {
    const check = (message: string) => {
      const file = join(folder, 'message');
      writeFileSync(file, message);
      const { status, stderr } = spawnSync(join(folder, '.githooks/commit-msg'), [file], {
        env: environment,
        encoding: 'utf8',
      });
      return { status, stderr };
    };

    for (const message of [
      'Compare batches with COPY of their own rows',
      `${'ü'.repeat(72)}\n\nThe body says why.\n`,
      '\nKeep the flags in one place\n# Please enter the commit message\n# ------------------------ >8 ------------------------\ndiff --git a/a b/a\n',
      `Merge branch 'a very long name of a branch that nobody shortens' into another long one`,
      `fixup! ${'a'.repeat(72)}`,
      '# only comments\n',
    ]) {
      it(`the hook accepts ${JSON.stringify(message.slice(0, 50))}`, () => {
        expect(check(message)).to.deep.equal({ status: 0, stderr: '' });
      });
    }

    it('the hook refuses a subject of 73 characters and says how to shorten it', () => {
      const { status, stderr } = check('ü'.repeat(73));
      expect(status).to.equal(1);
      expect(stderr).to.match(/has 73 characters. Shorten it to 72, and move the reason into the body/);
      expect(stderr).to.match(/run: git commit -e -F/);
    });

    it('the hook refuses a period at the end of the subject', () => {
      const { status, stderr } = check('Keep the flags in one place.\n');
      expect(status).to.equal(1);
      expect(stderr).to.match(/ends with a period. Remove it/);
    });

    it('the hook refuses a body that follows the subject without a blank line', () => {
      const { status, stderr } = check('Keep the flags\nin one place\n');
      expect(status).to.equal(1);
      expect(stderr).to.match(/Put a blank line between/);
    });
  });

  describe('before a commit', () => {
    beforeEach(() => {
      git('init', '-q');
      git('config', 'core.hooksPath', '.githooks');
      cpSync(projectPath('scripts/check-prose.mjs'), join(folder, 'scripts/check-prose.mjs'));
      cpSync(projectPath('scripts/prose'), join(folder, 'scripts/prose'), { recursive: true });
      for (const name of ['biome.json', 'package.json', 'tsconfig.json']) cpSync(projectPath(name), join(folder, name));
      symlinkSync(projectPath('node_modules'), join(folder, 'node_modules'));
    });
    const commit = (path: string, text: string) => {
      writeFileSync(join(folder, path), text);
      git('add', path);
      const { status, stderr } = git('commit', '-q', '-m', 'Add a file');
      return { status, stderr };
    };

    it('clean files are committed, names with spaces included', () => {
      expect(commit('a file.ts', '// Why.\nexport const a = 1;\n').status).to.equal(0);
    });

    it('a file that Biome refuses stops the commit, and the message names the fix', () => {
      const { status, stderr } = commit('a.ts', 'export const a = "1"\n');
      expect(status).to.equal(1);
      expect(stderr).to.match(/Run: npm run format/);
    });

    it('a line that is too wide stops the commit, and the message names line and fix', () => {
      const { status, stderr } = commit('a.md', `# Title\n\n${'long '.repeat(24)}\n`);
      expect(status).to.equal(1);
      expect(stderr).to.match(/^a\.md:3: 119 columns/m);
      expect(stderr).to.match(/Wrap the lines above at 100 columns/);
    });

    it('files that are not staged are not looked at', () => {
      writeFileSync(join(folder, 'b.ts'), 'export const b = "1"\n');
      expect(commit('a.ts', 'export const a = 1;\n').status).to.equal(0);
    });

    it('without dependencies the commit stops, and the message names the set-up', () => {
      rmSync(join(folder, 'node_modules'));
      const { status, stderr } = commit('a.ts', 'export const a = 1;\n');
      expect(status).to.equal(1);
      expect(stderr).to.match(/Run: node scripts\/setup\.mjs --no-redis/);
    });
  });

  it('the hooks are executable: Git ignores others', () => {
    for (const name of ['pre-commit', 'commit-msg']) {
      expect(statSync(projectPath('.githooks', name)).mode & 0o100, name).to.equal(0o100);
    }
  });
});
