// A year of realistic orders, as commands in the order in which they happened.
import { hours, months, weekdays } from './catalogue.mjs';
import { lifeCycle } from './life-cycle.mjs';
import { createRandom } from './random.mjs';

const dayMs = 86_400_000;
const days = 365;

/**
 * @param {{ orders: number, seed: number, nowMs: number }} wanted
 * @returns {object[]} commands with `occurred_at`, none later than now
 */
export function shopHistory({ orders, seed, nowMs }) {
  const random = createRandom(seed);
  // Whole days before today: the same seed on the same day leads to the same orders.
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const dayStarts = Array.from({ length: days }, (_, nth) => today - (days - 1 - nth) * dayMs);
  // The shop grows by half in its year.
  const weights = dayStarts.map((ms, nth) => {
    const date = new Date(ms);
    return (
      months[date.getUTCMonth()] * weekdays[date.getUTCDay()] * (1 + nth / (2 * days)) * (0.8 + random.next() * 0.4)
    );
  });
  const hourly = hours.map((_, hour) => hour);
  const customers = Math.max(20, Math.round(orders / 4));
  const steps = [];
  for (let number = 1; number <= orders; number += 1) {
    const day = random.weighted(dayStarts, weights);
    const hour = random.weighted(hourly, hours);
    const placedAtMs = day + hour * 3_600_000 + random.integer(0, 3_599_999);
    // Steps in the future are left out; their random numbers are used up all the same.
    for (const step of lifeCycle(random, { placedAtMs, number, customers })) if (step.atMs <= nowMs) steps.push(step);
  }
  return steps
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ atMs, command }) => ({ ...command, occurred_at: new Date(atMs).toISOString() }));
}
