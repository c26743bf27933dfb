import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json: the compiled file is at some depth below it. */
const projectRoot = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('no folder above this file holds a package.json');
    folder = parent;
  }
  return folder;
})();

/** The absolute path of a file or folder of the project. */
export function projectPath(...parts: string[]): string {
  return join(projectRoot, ...parts);
}

/** The version of the installed release. */
export function projectVersion(): string {
  return (JSON.parse(readFileSync(projectPath('package.json'), 'utf8')) as { version: string }).version;
}
