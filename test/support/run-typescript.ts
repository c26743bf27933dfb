import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { projectPath } from '../../src/project-path.js';

/** Values that an example leaves to its reader, by name. */
type Given = Readonly<Record<string, unknown>>;

/**
 * Runs an example of a document as the body of an async function, and resolves with what it
 * returns. Imports of the client's package lead to its sources.
 * @param modules replace imported modules, by name
 */
export async function runTypeScript(code: string, given: Given = {}, modules: Given = {}): Promise<unknown> {
  const imports = /^import (\{.*\}) from '(.*)';$/gm;
  const body = code.replaceAll(imports, (_, names: string, name: string) => `const ${names} = await load('${name}');`);
  const { code: script } = transformSync(`(async () => {\n${body}\n})()`, { loader: 'ts', target: 'es2022' });
  const load = async (name: string) => modules[name] ?? import(pathOf(name));
  const run = new Function('load', ...Object.keys(given), `return ${script}`) as (...values: unknown[]) => unknown;
  return run(load, ...Object.values(given));
}

/** The compiled source of an export of the client's package; any other name stays. */
function pathOf(name: string): string {
  const [, part] = /^order-service-client(\/.*)?$/.exec(name) ?? [name, undefined];
  if (!name.startsWith('order-service-client')) return name;
  const { exports } = JSON.parse(readFileSync(projectPath('client', 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, string>>;
  };
  const path = exports[`.${part ?? ''}`];
  if (path === undefined) throw new Error(`the package of the client does not export ${name}`);
  return path.replace('./dist', '../../client');
}
