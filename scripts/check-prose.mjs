#!/usr/bin/env node
// Checks comments and Markdown: `node scripts/check-prose.mjs [FILE…]`; without files, everything.
//
// Fails if a line that holds a comment, or a line of Markdown, is wider than 100 columns. A column
// is one code point. Exempt are:
// - Markdown tables and fenced code blocks;
// - lines that cannot be broken: a single word that holds a URL or the target of a link;
// - generated files (`generatedFiles` below) and test/fixtures.
//
// Lists sentences that begin with Who, Whoever, Whose, What or Where, without failing. A person has
// to look at them: most are clearer with the actor as the subject. The list covers comments,
// Markdown, and the strings of `foldersWithTexts` (problem types, OpenAPI descriptions, messages of
// the command line). Questions are fine. Sentences that were looked at and should stay are in
// prose/accepted.txt.
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kindOf, scan } from './prose/comments.mjs';
import { proseOfComments, proseOfMarkdown, proseOfStrings } from './prose/paragraphs.mjs';
import { suspectSentences } from './prose/sentences.mjs';
import { linesOfComments, linesOfMarkdown, maxColumns, tooWide } from './prose/width.mjs';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const acceptedFile = 'scripts/prose/accepted.txt';

const skippedFolders = new Set(['node_modules', 'dist', '.git', '.data', 'test/fixtures']);
const generatedFiles = new Set(['client/schema.d.ts', 'docs/performance.md']);
/** Folders with strings that callers, operators and contributors read. */
const foldersWithTexts = ['src/', 'scripts/', 'web/', 'bench/'];

/**
 * @typedef {object} Findings
 * @property {{ line: number, columns: number }[]} wide
 * @property {{ line: number, sentence: string }[]} suspects
 */

/**
 * @param {string} path relative to the project, with slashes
 * @param {string} text the content of that file
 * @returns {Findings}
 */
export function checkText(path, text) {
  const kind = kindOf(path, text);
  if (kind === undefined) return { wide: [], suspects: [] };
  if (kind === 'markdown') {
    return { wide: tooWide(linesOfMarkdown(text)), suspects: suspectSentences(proseOfMarkdown(text)) };
  }
  const { comments, strings } = scan(kind, text);
  const suspects = suspectSentences(proseOfComments(text, comments));
  if (foldersWithTexts.some((folder) => path.startsWith(folder))) {
    suspects.push(...suspectSentences(proseOfStrings(text, strings)));
  }
  return {
    wide: tooWide(linesOfComments(text, comments)),
    suspects: suspects.sort((a, b) => a.line - b.line),
  };
}

/** Whether a file is the project's own text, and neither generated nor data. */
export function isChecked(path) {
  if (path.startsWith('../') || generatedFiles.has(path)) return false;
  const folders = path.split('/').slice(0, -1);
  return !folders.some(
    (name, depth) => skippedFolders.has(name) || skippedFolders.has(folders.slice(0, depth + 1).join('/')),
  );
}

/** The entries of accepted.txt: "path: beginning of the sentence". */
export function readAccepted(text) {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** All files below a folder, as paths relative to the project. */
function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return isChecked(`${path}/`) ? filesBelow(path) : [];
    return entry.isFile() ? [path] : [];
  });
}

function main(given) {
  const paths = given.length > 0 ? given.map((path) => relative(root, resolve(path))) : filesBelow('');
  const accepted = readAccepted(readFileSync(join(root, acceptedFile), 'utf8'));
  const unused = new Set(accepted);
  let files = 0;
  let wideLines = 0;
  let suspects = 0;
  for (const path of paths.map((one) => one.split(sep).join('/')).sort()) {
    if (!isChecked(path)) continue;
    const text = readFileSync(join(root, path), 'utf8');
    if (kindOf(path, text) === undefined) continue;
    files += 1;
    const found = checkText(path, text);
    for (const { line, columns } of found.wide) {
      wideLines += 1;
      console.error(`${path}:${line}: ${columns} columns; wrap it at ${maxColumns}`);
    }
    for (const { line, sentence } of found.suspects) {
      const entry = accepted.find((one) => `${path}: ${sentence}`.startsWith(one));
      if (entry !== undefined) unused.delete(entry);
      else {
        suspects += 1;
        console.log(`${path}:${line}: suspect: ${sentence}`);
      }
    }
  }
  if (given.length === 0) {
    for (const entry of unused) console.log(`${acceptedFile}: remove "${entry}": no such sentence is left`);
  }
  console.log(`prose: ${files} files; lines too wide: ${wideLines}; sentences to look at: ${suspects}`);
  if (wideLines > 0) process.exitCode = 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2));
}
