import type { HistoryEvent } from '../api/types.js';

type FieldChange = NonNullable<HistoryEvent['changes']>[number];

/** What an event changed, field by field. */
export function Changes({ changes }: { readonly changes: readonly FieldChange[] }) {
  return (
    <ul class="changes" aria-label="Changes">
      {changes.map(({ pointer, before, after }) => (
        <li key={pointer}>
          <code>{pointer}</code>
          {before !== undefined && (
            <del>
              <span class="visually-hidden">before: </span>
              {shown(before)}
            </del>
          )}
          {after !== undefined && (
            <ins>
              <span class="visually-hidden">after: </span>
              {shown(after)}
            </ins>
          )}
        </li>
      ))}
    </ul>
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
