// `npx orders …`: npx finds it among the commands of the dependencies.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readText, root, startFlags } from './project.mjs';

/**
 * Writes node_modules/.bin/orders, a shell script. A link to scripts/orders.mjs could not give Node
 * the young generation of `npm start`, with which imports are faster.
 */
export function writeOrdersCommand() {
  const file = join(root, 'node_modules', '.bin', 'orders');
  const youngGeneration = startFlags().find((flag) => flag.startsWith('--max-semi-space-size='));
  const text = `#!/bin/sh\nexec node ${youngGeneration} "$(dirname "$0")/../../scripts/orders.mjs" "$@"\n`;
  if (readText(file) === text) return;
  mkdirSync(dirname(file), { recursive: true });
  // It may be a link, through which the script itself would be overwritten.
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o755 });
}
