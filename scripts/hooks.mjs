#!/usr/bin/env node
// Lets Git run the hooks of .githooks in this checkout: `git config core.hooksPath .githooks`.
// Changes nothing if this is no checkout, if Git is missing, or if other hooks are configured.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const hooksFolder = '.githooks';

/**
 * @param {string} root the folder of package.json
 * @returns {'enabled' | 'already-enabled' | 'other-hooks' | 'no-checkout'}
 */
export function enableHooks(root) {
  // Only the top of a checkout: the hooks of an enclosing repository are not ours.
  if (!existsSync(join(root, '.git')) || !existsSync(join(root, hooksFolder))) return 'no-checkout';
  const git = (...args) => {
    const { status, stdout } = spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
    return { ok: status === 0, text: status === 0 ? stdout.trim() : '' };
  };
  const common = git('rev-parse', '--git-common-dir');
  if (!common.ok) return 'no-checkout';
  const configured = git('config', '--get', 'core.hooksPath').text;
  if (configured === hooksFolder) return 'already-enabled';
  if (configured !== '' || hasHooks(resolve(root, common.text, 'hooks'))) return 'other-hooks';
  return git('config', '--local', 'core.hooksPath', hooksFolder).ok ? 'enabled' : 'no-checkout';
}

/** Whether somebody put hooks into Git's own folder, which `core.hooksPath` would switch off. */
function hasHooks(folder) {
  return existsSync(folder) && readdirSync(folder).some((name) => !name.endsWith('.sample'));
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const messages = {
    enabled: 'enabled: commits are checked by .githooks. To undo: git config --unset core.hooksPath',
    'already-enabled': 'enabled already',
    'other-hooks': 'left alone: other Git hooks are configured here',
    'no-checkout': 'nothing to do: this is no Git checkout, or Git is missing',
  };
  console.log(`hooks: ${messages[enableHooks(dirname(dirname(fileURLToPath(import.meta.url))))]}`);
}
