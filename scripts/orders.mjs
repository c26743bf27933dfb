#!/usr/bin/env node
// The command line: `npx orders …`. The program itself is src/cli/main.ts.
import { existsSync } from 'node:fs';

const main = new URL('../dist/src/cli/main.js', import.meta.url);
if (!existsSync(main)) {
  console.error('orders: not built yet. Run `npm start` once, or `node scripts/setup.mjs`.');
  process.exit(1);
}
process.setSourceMapsEnabled(true);
await import(main.href);
