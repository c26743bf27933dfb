import { signal } from '@preact/signals';

/** A screen of this width shows less of tables and filters, as in styles/tables.css. */
const narrowScreen = matchMedia('(max-width: 48rem)');

export const isNarrow = signal(narrowScreen.matches);
narrowScreen.addEventListener('change', ({ matches }) => {
  isNarrow.value = matches;
});
