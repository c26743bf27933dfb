// Random numbers from a seed (mulberry32): the same seed leads to the same shop.

/** @param {number} seed */
export function createRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const integer = (from, to) => from + Math.floor(next() * (to - from + 1));
  return {
    /** From 0 up to 1, without 1. */
    next,
    integer,
    chance: (probability) => next() < probability,
    /** @template Value @param {readonly Value[]} values @returns {Value} */
    pick: (values) => values[Math.floor(next() * values.length)],
    /** One of the values; each has its weight at the same index. */
    weighted(values, weights) {
      let left = next() * weights.reduce((sum, weight) => sum + weight, 0);
      for (const [index, weight] of weights.entries()) {
        left -= weight;
        if (left < 0) return values[index];
      }
      return values.at(-1);
    },
    /** Mostly small, now and then large: the times of people and parcels. */
    exponential: (mean) => -Math.log(1 - next()) * mean,
    /** A UUID of version 7 with the time of the order, so that ids sort as orders do. */
    uuid(ms) {
      const time = Math.floor(ms).toString(16).padStart(12, '0');
      const hex = (digits) => Array.from({ length: digits }, () => integer(0, 15).toString(16)).join('');
      return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${'89ab'[integer(0, 3)]}${hex(3)}-${hex(12)}`;
    },
  };
}
