import type { FaultRecord, LossRecord } from '../history.js';
import type { Losses } from './losses.js';
import type { Observation } from './observations.js';
import type { OrderRun } from './orders.js';
import type { OrderState } from './state.js';
import { differences, viewOf } from './view.js';

/**
 * Faults after which Redis may have an older state. An empty Redis is not among them: queries get
 * 503 until it is filled (docs/reliability.md).
 */
const leavesOlderState = /^(kill Redis|older Redis|fail over Redis|restore)$/;
/** Part of the detail of faults that kill Redis on the way. */
const killsRedis = 'SIGKILL of Redis';

/**
 * Times in which Redis may have gone back: a read after such a time may see less than one before
 * it, unless it carries a position.
 */
export class RedisFaults {
  readonly #times: [number, number][];

  constructor(faults: readonly FaultRecord[], losses: readonly LossRecord[]) {
    this.#times = faults
      .filter(
        ({ name, detail }) =>
          name.split(' + ').some((one) => leavesOlderState.test(one)) || detail.includes(killsRedis),
      )
      .map(({ at, readyAt }) => [at, readyAt ?? Number.POSITIVE_INFINITY]);
    for (const { at } of losses) this.#times.push([at, at]);
  }

  between(one: number, other: number): boolean {
    return this.#times.some(([began, ended]) => began <= other && ended >= one);
  }
}

/**
 * Every order in a response is the fold of the log at its version. A read with a position saw at
 * least that. Reads never go back while Redis keeps its data, and no read misses an order for which
 * it carries the position.
 */
export function checkReads(
  order: OrderRun,
  states: readonly OrderState[],
  observations: readonly Observation[],
  losses: Losses,
  faults: RedisFaults,
  count: (what: string) => void,
): string[] {
  const anomalies: string[] = [];
  for (const seen of observations) {
    count(seen.version === 0 ? 'orders not found' : 'orders in responses');
    if (losses.mayHaveLost(seen.version, seen.startedAt, order.partition, order.events)) continue;
    anomalies.push(...checkContent(order, states, seen), ...checkPosition(order, seen, losses, count));
  }
  return [...anomalies, ...checkOrder(observations, faults, count)];
}

function checkContent(order: OrderRun, states: readonly OrderState[], seen: Observation): string[] {
  if (seen.version === 0) return [];
  const state = states[seen.version - 1];
  if (!state) return [`${seen.name} shows version ${seen.version} of order ${order.id}, which the log lacks.`];
  const found: string[] = [];
  // Until the event of a forgetting, personal data may be there or not.
  const isForgotten = states.at(-1)?.erased === true && !state.erased;
  const personal = isForgotten ? ['user_id', 'metadata', 'shipments'] : [];
  if (seen.order) found.push(...differences(viewOf(state), seen.order, personal));
  seen.events?.forEach((event, nth) => {
    const inLog = order.events[nth];
    const { version, hash, position } = event;
    if (version !== nth + 1 || position !== inLog?.position || hash !== inLog?.hash.toString('hex'))
      found.push(`event ${nth + 1} is not that of the log`);
  });
  return found.map((text) => `${seen.name} shows order ${order.id} at version ${seen.version}: ${text}.`);
}

function checkPosition(order: OrderRun, seen: Observation, losses: Losses, count: (what: string) => void): string[] {
  const { minPosition } = seen;
  if (minPosition?.partition !== order.partition || losses.hasLostPosition(minPosition)) return [];
  count('reads with a position');
  const least = order.events.filter((event) => event.position <= minPosition.position).length;
  if (seen.version >= least) return [];
  const what = seen.version === 0 ? 'says that there is no' : `shows version ${seen.version} of`;
  return [
    `${seen.name} asked for ${minPosition.partition}:${minPosition.position} and ${what} order ${order.id}, of which version ${least} is at or before that position.`,
  ];
}

/** Of two reads, one after the other, the later one sees at least as much. */
function checkOrder(
  observations: readonly Observation[],
  faults: RedisFaults,
  count: (what: string) => void,
): string[] {
  const anomalies: string[] = [];
  for (const source of ['order-status', 'order-history']) {
    const seen = observations.filter((one) => one.source === source);
    const byEnd = [...seen].sort((one, other) => one.endedAt - other.endedAt);
    let highest: Observation | undefined;
    let next = 0;
    for (const later of [...seen].sort((one, other) => one.startedAt - other.startedAt)) {
      for (let earlier = byEnd[next]; earlier && earlier.endedAt <= later.startedAt; earlier = byEnd[next]) {
        if (!highest || earlier.version >= highest.version || faults.between(highest.startedAt, earlier.endedAt))
          highest = earlier;
        next += 1;
      }
      if (!highest || faults.between(highest.startedAt, later.endedAt)) continue;
      count('reads after others');
      if (later.version < highest.version)
        anomalies.push(
          `${later.name} shows version ${later.version} of order ${later.orderId}, after ${highest.name} had shown version ${highest.version}.`,
        );
    }
  }
  return anomalies;
}
