import type { ProjectionState } from '../../queries/projections-document.js';

/**
 * Seconds of lag from which on a projection counts as behind: queries wait up to 5 s for a
 * position.
 */
const behindSeconds = 10;

export interface ProjectionHealth {
  readonly isDegraded: boolean;
  /** Shown to every caller; GET /projections shows the orders and the errors to operators. */
  readonly text: string;
}

/** A projection that has stopped on an event. */
export interface StoppedProjection {
  readonly projection: string;
  readonly partition: number;
  readonly position: number;
}

/**
 * Says whether every partition has a living projector that moves.
 * @param states undefined if Redis does not respond.
 * @param own what has stopped in this process, which it knows before it reports it.
 */
export function projectionHealth(
  states: readonly ProjectionState[] | undefined,
  own: readonly StoppedProjection[] = [],
): ProjectionHealth {
  const stopped = new Set([...own, ...(states ?? []).flatMap(stoppedIn)].map(describeStopped));
  const texts = [...stopped];
  const [first] = states ?? [];
  // One process projects all projections of a partition.
  for (const [without, text] of [
    ['unowned', 'no living projector in'],
    ['blocked', 'no projector can report on'],
  ] as const) {
    const those = (first?.partitions ?? []).flatMap(({ partition, state }) => (state === without ? partition : []));
    if (first && those.length > 0) texts.push(`${text} ${namePartitions(those, first.partitions.length)}`);
  }
  for (const { name, lag_seconds } of states ?? []) {
    if (lag_seconds !== null && lag_seconds >= behindSeconds) texts.push(`${name} is ${lag_seconds} s behind`);
  }
  if (texts.length > 0) return { isDegraded: true, text: texts.join('; ') };
  return { isDegraded: false, text: states ? 'live' : 'unknown' };
}

function stoppedIn({ name, partitions, rebuild }: ProjectionState): StoppedProjection[] {
  const live = partitions.flatMap(({ partition, owner, stopped }) =>
    stopped && owner !== null ? [{ projection: name, partition, position: stopped.position }] : [],
  );
  const building = rebuild?.stopped ?? [];
  return [...live, ...building.map(({ partition, position }) => ({ projection: name, partition, position }))];
}

function describeStopped({ projection, partition, position }: StoppedProjection): string {
  return `${projection} stopped in partition ${partition} at ${position}`;
}

/** Such as "partitions 1, 2 and 7" or "all 16 partitions". */
export function namePartitions(partitions: readonly number[], all: number): string {
  if (partitions.length === all) return all === 1 ? 'the only partition' : `all ${all} partitions`;
  if (partitions.length > maxNamed) return `${partitions.length} of ${all} partitions`;
  const names = partitions.map(String);
  const last = names.pop() ?? '';
  return names.length === 0 ? `partition ${last}` : `partitions ${names.join(', ')} and ${last}`;
}

/** Partitions that a message names one by one. */
const maxNamed = 8;
