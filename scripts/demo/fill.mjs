// Sends commands to POST /orders/batch, and returns how many were done, replayed or refused.

import { sendBatch } from '../../dist/client/batch.js';

/** Results between two reports of the progress. */
const reportEvery = 1_000;

/**
 * @typedef {object} Filled
 * @property {number} done
 * @property {number} replayed lines that an earlier run has sent
 * @property {{ line: object, problem: object }[]} refused
 */

/**
 * @param {string} url
 * @param {readonly object[]} commands
 * @param {{ onProgress?: (done: number) => void, signal?: AbortSignal }} [options]
 * @returns {Promise<Filled>}
 */
export async function fill(url, commands, { onProgress = () => undefined, signal } = {}) {
  const result = { done: 0, replayed: 0, refused: [] };
  let handled = 0;
  // Nobody queries the orders before all of them are there.
  const options = { prefer: 'respond-async', ...(signal ? { signal } : {}) };
  for await (const { command, result: line } of sendBatch(url, commands, options)) {
    if ('problem' in line) result.refused.push({ line: command, problem: line.problem });
    else if (line.replayed) result.replayed += 1;
    else result.done += 1;
    handled += 1;
    if (handled % reportEvery === 0 || handled === commands.length) onProgress(handled);
  }
  return result;
}
