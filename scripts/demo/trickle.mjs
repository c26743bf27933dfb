// Live orders: customers order, the warehouse ships, parcels arrive, as long as the demo runs.
import { setTimeout } from 'node:timers/promises';
import { lifeCycle } from './life-cycle.mjs';
import { createRandom } from './random.mjs';

/** A year of an order's life passes in minutes, so that each order is seen to move. */
const faster = 4_000;
const minPauseMs = 400;
const meanPauseMs = 1_600;

/**
 * @param {string} url
 * @param {{ seed: number, firstNumber: number, customers: number, signal: AbortSignal }} options
 */
export async function trickle(url, { seed, firstNumber, customers, signal }) {
  const random = createRandom(seed);
  const due = [];
  for (let number = firstNumber; !signal.aborted; number += 1) {
    const nowMs = Date.now();
    for (const { atMs, command } of lifeCycle(random, { placedAtMs: nowMs, number, customers })) {
      const soonMs = nowMs + (atMs - nowMs) / faster;
      due.push({ atMs: soonMs, command });
    }
    due.sort((a, b) => a.atMs - b.atMs);
    while (due.length > 0 && due[0].atMs <= Date.now()) await send(url, due.shift().command);
    await setTimeout(minPauseMs + random.exponential(meanPauseMs), undefined, { signal }).catch(() => undefined);
  }
}

/** Sends one command. A refusal is part of a shop's life; an unreachable service is waited for. */
async function send(url, { command, order_id, idempotency_key, ...body }) {
  const path = command === 'place' ? '/orders' : `/orders/${order_id}/${command}`;
  try {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `live-${idempotency_key}-${order_id}` },
      body: JSON.stringify(command === 'place' ? { order_id, ...body } : body),
    });
    await response.arrayBuffer();
  } catch {
    // The next order is tried again.
  }
}
