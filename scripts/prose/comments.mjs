// Finds comments, and the strings of TypeScript, in source text. Positions are offsets into it.
import { scanTypeScript } from './typescript.mjs';

const quoted = String.raw`"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'`;

/**
 * @typedef {object} Scanned
 * @property {{ start: number, end: number }[]} comments
 * @property {{ start: number, text: string }[]} strings only of TypeScript
 */

/**
 * Languages that one expression can read. It matches comments, and also strings, so that no comment
 * is seen inside a string. Bodies of SQL functions ($$ … $$) count as code: they hold comments.
 */
const lexers = {
  sql: /(?<comment>--[^\n]*|\/\*[\s\S]*?\*\/)|'(?:[^']|'')*'|"[^"]*"/g,
  lua: new RegExp(String.raw`(?<comment>--\[\[[\s\S]*?\]\]|--[^\n]*)|\[\[[\s\S]*?\]\]|${quoted}`, 'g'),
  css: new RegExp(String.raw`(?<comment>\/\*[\s\S]*?\*\/)|${quoted}`, 'g'),
  html: /(?<comment><!--[\s\S]*?-->)/g,
  // YAML, shell, Dockerfile and the like. A number sign within a word does not begin a comment.
  hash: new RegExp(String.raw`(?<comment>(?<=^|[ \t])#(?!!)[^\n]*)|${quoted}`, 'gm'),
};

const kindOfExtension = {
  md: 'markdown',
  ts: 'typescript',
  mts: 'typescript',
  js: 'typescript',
  mjs: 'typescript',
  cjs: 'typescript',
  sql: 'sql',
  lua: 'lua',
  css: 'css',
  html: 'html',
  yaml: 'hash',
  yml: 'hash',
  sh: 'hash',
};
const hashFiles = /(^|\/)(Dockerfile|\.env\.example|\.npmrc|\.editorconfig|\.\w+ignore|\.gitattributes)$/;

/**
 * The language of a file; undefined if the check does not know it. The first line tells that a file
 * without an extension is a shell script.
 */
export function kindOf(path, text) {
  const extension = /[^/]\.(\w+)$/.exec(path)?.[1] ?? '';
  if (Object.hasOwn(kindOfExtension, extension)) return kindOfExtension[extension];
  if (hashFiles.test(path) || /^#!.*\b(ba|da|z)?sh\b/.test(text)) return 'hash';
  return undefined;
}

/**
 * @param {string} kind any kind but Markdown
 * @param {string} text
 * @returns {Scanned}
 */
export function scan(kind, text) {
  if (kind === 'typescript') return scanTypeScript(text);
  const comments = [...text.matchAll(lexers[kind])]
    .filter(({ groups }) => groups.comment !== undefined)
    .map(({ index, 0: comment }) => ({ start: index, end: index + comment.length }));
  return { comments, strings: [] };
}

/** The offset at which each line starts. */
export function lineStarts(text) {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
}

/** The line, from 1, of an offset. */
export function lineAt(starts, offset) {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
