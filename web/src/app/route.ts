import { computed, signal } from '@preact/signals';

/**
 * The place in the console, in the part of the address after `#`: `#/orders?status=pending`. The
 * service sees none of it, so links work behind any proxy.
 */
const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export interface Place {
  /** The parts of the path: `['orders', '0197…']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export const place = computed((): Place => {
  const [path = '', query = ''] = hash.value.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decoded), query: new URLSearchParams(query) };
});

/** A part of the path. A stray % stands for itself: people also type addresses. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place, for links. */
export function linkTo(path: readonly string[], query: Readonly<Record<string, string | undefined>> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  const search = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
}

export function goTo(path: readonly string[], query?: Readonly<Record<string, string | undefined>>): void {
  location.hash = linkTo(path, query);
}

/** Changes the query of the current place, without a step in the history of the browser. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const { path, query } = place.value;
  const link = linkTo(path, { ...Object.fromEntries(query), ...changes });
  history.replaceState(null, '', link);
  hash.value = link;
}
