// Finds lines that are too wide.
import { lineAt, lineStarts } from './comments.mjs';

export const maxColumns = 100;

/** Lines that hold a comment, alone or behind code. */
export function linesOfComments(text, comments) {
  const starts = lineStarts(text);
  const lines = text.split('\n');
  const numbers = new Set();
  for (const { start, end } of comments) {
    for (let line = lineAt(starts, start); line <= lineAt(starts, end - 1); line += 1) numbers.add(line);
  }
  return [...numbers].map((line) => ({ line, text: lines[line - 1] }));
}

/** Lines of Markdown that can be wrapped: all but tables and fenced code blocks. */
export function linesOfMarkdown(text) {
  return outsideFences(text).filter((line) => !/^\s*\|/.test(line.text));
}

/** Lines of Markdown outside fenced code blocks. */
export function outsideFences(text) {
  let fence;
  return text
    .split('\n')
    .map((line, index) => ({ line: index + 1, text: line }))
    .filter((line) => {
      const mark = /^\s*(?:[-*+]\s+|\d+[.)]\s+)?(`{3,}|~{3,})/.exec(line.text)?.[1];
      if (fence === undefined && mark !== undefined) {
        fence = mark;
        return false;
      }
      if (fence === undefined) return true;
      // At least as many of the same marks, alone on a line, close a fence.
      if (mark?.startsWith(fence) && line.text.trim() === mark) fence = undefined;
      return false;
    });
}

/** The lines that are too wide and could be wrapped. */
export function tooWide(lines) {
  return lines
    .map(({ line, text }) => ({ line, text: text.trimEnd(), columns: columnsOf(text.trimEnd()) }))
    .filter(({ text, columns }) => columns > maxColumns && !isOneLink(text))
    .map(({ line, columns }) => ({ line, columns }));
}

function columnsOf(text) {
  return text.length <= maxColumns ? text.length : [...text].length;
}

/** Whether the comment sign, list mark or label is followed by a single word that holds a URL. */
function isOneLink(text) {
  const word = /^\s*(?:(?:\/\/|\/?\*+|--|#+|>|<!--|[-+]|\d+[.)]|\[[^\]]+\]:)\s+)*(\S+)$/.exec(text)?.[1];
  return word !== undefined && (word.includes('://') || word.includes(']('));
}
