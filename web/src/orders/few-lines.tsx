import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../format/numbers.js';
import { Input } from '../ui/field.js';

/** A form shows this many lines of an order at once: with thousands of fields, typing is slow. */
const shownLines = 50;

/**
 * The lines that a form shows: all of them, or if they are many, the first that hold a text that the
 * user looks for.
 * @param isKept whether a line is shown whatever the user looks for
 */
export function useFewLines<Line>(
  lines: readonly Line[],
  itemOf: (line: Line) => string,
  isKept: (line: Line) => boolean,
): { readonly shown: readonly Line[]; readonly finder: ComponentChildren } {
  const [text, setText] = useState('');
  if (lines.length <= shownLines) return { shown: lines, finder: null };
  const wanted = text.trim().toLowerCase();
  let found = 0;
  const shown = lines.filter((line) => {
    if (isKept(line)) return true;
    if (found >= shownLines || !itemOf(line).toLowerCase().includes(wanted)) return false;
    found += 1;
    return true;
  });
  const finder = (
    <Input
      label="Find lines by their item"
      type="search"
      value={text}
      onInput={setText}
      hint={`${count(shown.length)} of ${count(lines.length)} lines are shown. The others stay as they are.`}
    />
  );
  return { shown, finder };
}
