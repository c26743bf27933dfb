import type { Profiler } from 'node:inspector';

/** One part of a process and its time, in microseconds. */
export interface ProfilePart {
  readonly part: string;
  readonly microseconds: number;
}

const packages: readonly [RegExp, string][] = [
  [
    /^(koa|koa-.*|@koa|router|http-errors|statuses|cookies|parseurl|accepts|type-is|content-.*|mime-.*|vary|fresh)$/,
    'Koa',
  ],
  [/^(pg|pg-.*|postgres-.*)$/, 'pg'],
  [/^(ioredis|@ioredis|redis-.*|denque|standard-as-callback|cluster-key-slot)$/, 'ioredis'],
  [/^(ajv|ajv-.*|fast-deep-equal)$/, 'validation (ajv)'],
  [/^(pino|pino-.*|sonic-boom|thread-stream)$/, 'logging (pino)'],
];

/**
 * Sums a CPU profile by our folders and by package. Each sample counts for the innermost frame that
 * is neither Node's nor V8's: the time of JSON.stringify counts for its caller.
 */
export function partsOf(profile: Profiler.Profile): ProfilePart[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const parts = new Map<string, number>();
  for (const [nth, sample] of (profile.samples ?? []).entries()) {
    const part = partOf(sample);
    if (part !== undefined) parts.set(part, (parts.get(part) ?? 0) + (profile.timeDeltas?.[nth] ?? 0));
  }
  return [...parts]
    .map(([part, microseconds]) => ({ part, microseconds }))
    .sort((a, b) => b.microseconds - a.microseconds);

  function partOf(sample: number): string | undefined {
    const leaf = nodes.get(sample)?.callFrame.functionName;
    if (leaf === '(idle)') return undefined;
    if (leaf === '(garbage collector)') return 'garbage collection';
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const named = partOfFile(nodes.get(id)?.callFrame.url ?? '');
      if (named) return named;
    }
    return 'Node: sockets, HTTP, timers';
  }
}

function partOfFile(url: string): string | undefined {
  const ours = /\/dist\/src\/([^/]+)\//.exec(url)?.[1];
  if (ours) return `src/${ours}`;
  const name = /\/node_modules\/(@?[^/]+)/.exec(url)?.[1];
  if (name === undefined) return undefined;
  return packages.find(([names]) => names.test(name))?.[1] ?? name;
}
