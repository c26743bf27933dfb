import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { projectPath } from '../../src/project-path.js';

/** The texts of all files of src, by their path within it. */
export function readSources(): ReadonlyMap<string, string> {
  const src = projectPath('src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return new Map(files.sort().map((file) => [file, readFileSync(join(src, file), 'utf8')]));
}

export interface Import {
  readonly from: string;
  readonly to: string;
}

/** Every relative import, of values and of types, static and dynamic. */
export function imports(sources: ReadonlyMap<string, string>): Import[] {
  return [...sources].flatMap(([from, text]) =>
    [...text.matchAll(/(?:from|import\(|import)\s*'(\.[^']+)'/g)].map(([, target = '']) => ({
      from,
      to: normalize(join(dirname(from), target)).replace(/\.js$/, '.ts'),
    })),
  );
}

/** The folder of a file; empty for files directly in src. */
export function folderOf(file: string): string {
  const folder = dirname(file);
  return folder === '.' ? '' : folder;
}

export function folderSizes(sources: ReadonlyMap<string, string>): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const file of sources.keys()) sizes.set(folderOf(file), (sizes.get(folderOf(file)) ?? 0) + 1);
  return sizes;
}

/**
 * The groups of files that import each other, directly or through others: the strongly connected
 * components of more than one file (Tarjan, 1972).
 */
export function circles(all: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of all) targets.set(from, [...(targets.get(from) ?? []), to]);
  const order = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];

  function visit(file: string): number {
    const index = order.size;
    order.set(file, index);
    stack.push(file);
    let low = index;
    for (const to of targets.get(file) ?? []) {
      if (!order.has(to)) low = Math.min(low, visit(to));
      else if (stack.includes(to)) low = Math.min(low, order.get(to) ?? low);
    }
    if (low === index) {
      const component = stack.splice(stack.indexOf(file));
      if (component.length > 1) found.push(component.sort());
    }
    return low;
  }

  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return found;
}
