// Divides comments, Markdown and strings into paragraphs: arrays of { line, text }, without comment
// signs, list marks and heading marks. A sentence never crosses the border between two paragraphs.
import { lineAt, lineStarts } from './comments.mjs';
import { outsideFences } from './width.mjs';

const commentSigns = /^\s*(?:\/\*+|\*+\/?|\/\/+|--+(?:\[\[)?|#+|<!--)?\s?|\s*(?:\*\/|-->|\]\])\s*$/g;
const listItem = /^\s*(?:[-*+]|\d+[.)])\s+/;
const tag = /^\s*@(?:param\s+\S+|\w+)\s*/;
const heading = /^\s*#{1,6}\s+/;

/** Paragraphs of comments. Line comments on consecutive lines are one comment. */
export function proseOfComments(text, comments) {
  const starts = lineStarts(text);
  const paragraphs = [];
  let paragraph = [];
  const end = () => {
    if (paragraph.length > 0) paragraphs.push(paragraph);
    paragraph = [];
  };
  let lastLine = 0;
  for (const { start, end: endOffset } of comments) {
    let line = lineAt(starts, start);
    const standsAlone = text.slice(starts[line - 1], start).trim() === '';
    if (line > lastLine + 1 || !standsAlone) end();
    for (const raw of text.slice(start, endOffset).split('\n')) {
      const words = raw.replaceAll(commentSigns, '');
      if (words.trim() === '' || listItem.test(words) || tag.test(words)) end();
      if (words.trim() !== '') {
        paragraph.push({ line, text: words.replace(listItem, '').replace(tag, '').trim() });
      }
      lastLine = line;
      line += 1;
    }
    if (!standsAlone) end();
  }
  end();
  return paragraphs;
}

/** Paragraphs of Markdown outside code blocks: each list item, heading and table cell is one. */
export function proseOfMarkdown(text) {
  const paragraphs = [];
  let paragraph = [];
  const end = () => {
    if (paragraph.length > 0) paragraphs.push(paragraph);
    paragraph = [];
  };
  for (const { line, text: raw } of outsideFences(text)) {
    const words = raw.replace(/^\s*>\s?/, '');
    const isTable = /^\s*\|/.test(words);
    if (isTable || words.trim() === '' || listItem.test(words) || heading.test(words)) end();
    if (isTable) {
      for (const cell of words.split(/(?<!\\)\|/)) paragraphs.push([{ line, text: cell.trim() }]);
    } else if (words.trim() !== '') {
      paragraph.push({ line, text: words.replace(listItem, '').replace(heading, '').trim() });
    }
    if (heading.test(words)) end();
  }
  end();
  return paragraphs;
}

/** Strings of TypeScript: each is one paragraph. */
export function proseOfStrings(text, strings) {
  const starts = lineStarts(text);
  return strings.map((string) => {
    const first = lineAt(starts, string.start);
    return string.text.split('\n').map((line, index) => ({ line: first + index, text: line.trim() }));
  });
}
