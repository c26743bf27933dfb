#!/usr/bin/env node
// Prepares a checkout: dependencies, Git hooks, build, the command `npx orders`, a Redis server.
// `node scripts/setup.mjs [--no-redis]`.
//
// Each step checks first whether it is done, so a second run takes a fraction of a second. The npm
// scripts call it themselves: npm runs no pre-scripts if a user has set ignore-scripts=true.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { enableHooks } from './hooks.mjs';
import { build } from './setup/build.mjs';
import { buildConsole } from './setup/console.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { writeOrdersCommand } from './setup/orders-command.mjs';
import { checkPlatform } from './setup/platform.mjs';
import { isMain, root, SetupError, say } from './setup/project.mjs';
import { installRedis } from './setup/redis-server.mjs';

/**
 * Exits with code 1 and one message if a step fails.
 * @param {{ redis?: boolean, service?: boolean }} [needs] redis: whether a Redis server is needed;
 *   service: whether the service runs next, with its embedded servers unless others are configured
 */
export function setUp({ redis = true, service = false } = {}) {
  try {
    checkNode();
    if (service) checkPlatform();
    installDependencies();
    if (enableHooks(root) === 'enabled') say('Git checks commits with .githooks from now on (see CONTRIBUTING.md)');
    build();
    buildConsole();
    writeOrdersCommand();
    if (redis && !process.env.REDIS_URL) installRedis();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`set-up: ${error.message}`);
    process.exit(1);
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(`Node ${process.versions.node} is too old: install Node 20.19 or newer.`);
}

if (isMain(import.meta.url)) {
  // The service reads this file too: with servers of its own, a user needs no Redis from here.
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'));
  const redis = !process.argv.includes('--no-redis');
  setUp({ redis, service: redis });
}
