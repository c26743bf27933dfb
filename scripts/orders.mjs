#!/usr/bin/env node
// Starts the command line, for `npx orders COMMAND`. The program itself is src/cli/main.ts.
import { existsSync } from 'node:fs';

const main = new URL('../dist/src/cli/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error('orders: the program is not built yet. Run `npm start` once, or `node scripts/setup.mjs`.');
  process.exit(1);
}
await warnIfStale();
process.setSourceMapsEnabled(true);
await import(main.href);

/**
 * Says if the sources are newer than the build, and continues: a service that was started before a
 * `git pull` is still served by the build that it runs.
 */
async function warnIfStale() {
  // The image has this script and the build, but neither the sources nor the set-up.
  if (!existsSync(new URL('./setup/build.mjs', import.meta.url))) return;
  const { buildIsStale } = await import('./setup/build.mjs');
  if (buildIsStale()) console.error('orders: the sources have changed since the build. Run `npm run build`.');
}
