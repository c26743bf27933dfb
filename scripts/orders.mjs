#!/usr/bin/env node
// Starts the command line, for `npx orders COMMAND`. The program itself is src/cli/main.ts.
import { existsSync } from 'node:fs';

const main = new URL('../dist/src/cli/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error('orders: the program is not built yet. Run `npm start` once, or `node scripts/setup.mjs`.');
  process.exit(1);
}
process.setSourceMapsEnabled(true);
await import(main.href);
