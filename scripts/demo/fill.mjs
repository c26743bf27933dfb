// Sends commands to POST /orders/batch, and says what became of them.

const linesPerRequest = 5_000;

/**
 * @typedef {object} Filled
 * @property {number} done
 * @property {number} replayed lines that an earlier run has sent
 * @property {{ line: object, problem: object }[]} refused
 */

/**
 * @param {string} url
 * @param {readonly object[]} commands
 * @param {(done: number) => void} [onProgress]
 * @returns {Promise<Filled>}
 */
export async function fill(url, commands, onProgress = () => undefined) {
  const result = { done: 0, replayed: 0, refused: [] };
  for (let at = 0; at < commands.length; at += linesPerRequest) {
    const part = commands.slice(at, at + linesPerRequest);
    const response = await fetch(`${url}/orders/batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', prefer: 'respond-async' },
      body: part.map((command) => `${JSON.stringify(command)}\n`).join(''),
    });
    if (!response.ok)
      throw new Error(`${url}/orders/batch responded with ${response.status}: ${await response.text()}`);
    const lines = (await response.text()).split('\n').filter(Boolean);
    for (const [nth, text] of lines.entries()) {
      const { problem, replayed } = JSON.parse(text);
      if (problem) result.refused.push({ line: part[nth], problem });
      else if (replayed) result.replayed += 1;
      else result.done += 1;
    }
    onProgress(at + part.length);
  }
  return result;
}
