// Live orders: customers order, the warehouse ships, parcels arrive, as long as the demo runs.
import { setTimeout } from 'node:timers/promises';
import { createOrdersClient } from '../../dist/client/orders-client.js';
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
  const client = createOrdersClient(url);
  const due = [];
  for (let number = firstNumber; !signal.aborted; number += 1) {
    const nowMs = Date.now();
    for (const { atMs, command } of lifeCycle(random, { placedAtMs: nowMs, number, customers })) {
      const soonMs = nowMs + (atMs - nowMs) / faster;
      due.push({ atMs: soonMs, command });
    }
    due.sort((a, b) => a.atMs - b.atMs);
    while (!signal.aborted && due.length > 0 && due[0].atMs <= Date.now())
      await send(client, due.shift().command, signal);
    await setTimeout(minPauseMs + random.exponential(meanPauseMs), undefined, { signal }).catch(() => undefined);
  }
}

/** Sends one command. A refusal is part of a shop's life; an unreachable service is waited for. */
async function send(client, { command, order_id, idempotency_key, ...body }, signal) {
  const headers = { 'idempotency-key': `live-${idempotency_key}-${order_id}` };
  try {
    if (command === 'place') await client.POST('/orders', { body: { order_id, ...body }, headers, signal });
    else await client.POST(`/orders/{order_id}/${command}`, { params: { path: { order_id } }, body, headers, signal });
  } catch {
    // The next order is tried again, unless the demo stops.
  }
}
