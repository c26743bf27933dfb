import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectPath } from '../../src/project-path.js';

/** A fenced block of a document. */
export interface Block {
  readonly page: string;
  /** The line of the opening fence. */
  readonly line: number;
  /** The text of the nearest heading above. */
  readonly heading: string;
  /** Empty if the fence names none. */
  readonly language: string;
  readonly code: string;
  /** The reason in the mark above the block; undefined if it has none, so that a test runs it. */
  readonly notRun: string | undefined;
}

/** Folders with documents, besides the root of the project. */
const folders = ['client', 'docs', 'ops', 'test'];

/** The paths of all documents. */
export const documents: readonly string[] = [
  ...markdownIn('.', false),
  ...folders.flatMap((folder) => markdownIn(folder, true).map((file) => join(folder, file))),
];

function markdownIn(folder: string, recursive: boolean): string[] {
  return readdirSync(projectPath(folder), { recursive, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.md') && !file.includes('node_modules'),
  );
}

/** The blocks of a document. Throws at a fence that is not closed, or of another form. */
export function blocksOf(page: string): Block[] {
  return blocksIn(page, readFileSync(projectPath(page), 'utf8'));
}

/** The blocks of a text. A mark is `<!-- not run: REASON -->`, on the line above its block. */
export function blocksIn(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let heading = '';
  for (let nth = 0; nth < lines.length; nth += 1) {
    const line = lines[nth] ?? '';
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    if (!/^ *(```|~~~)/.test(line)) continue;
    const [, indent, language = ''] = /^( *)```(\w*)$/.exec(line) ?? [];
    const length = lines.slice(nth + 1).indexOf(`${indent}\`\`\``);
    if (indent === undefined || length < 0) throw new Error(`${page}:${nth + 1}: a fence of another form`);
    const code = lines
      .slice(nth + 1, nth + 1 + length)
      .map((one) => `${one.slice(indent.length)}\n`)
      .join('');
    const notRun = /^ *<!-- not run: (.+) -->$/.exec(lines[nth - 1] ?? '')?.[1];
    blocks.push({ page, line: nth + 1, heading, language, code, notRun });
    nth += 1 + length;
  }
  return blocks;
}
