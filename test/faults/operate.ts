import { parseJson } from './checker/json.js';
import { Finding } from './finding.js';
import type { World } from './world.js';

const timeoutMs = 15_000;
const pauseMs = 100;

export interface Operated {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Sends an operator's request to one API process after the other, until one does it: faults may be
 * under way. Rejects with a Finding if none does in time, or if one
 * responds with a status that is not expected.
 * @param expected the statuses of success, and of refusals that are right.
 */
export async function operate(
  { topology: { members, apiKey } }: World,
  method: string,
  path: string,
  expected: readonly number[],
  body?: object,
): Promise<Operated> {
  const apis = members.filter(({ role }) => role === 'api');
  const deadline = performance.now() + timeoutMs;
  for (let attempt = 0; ; attempt += 1) {
    const url = apis[attempt % apis.length]?.process.url;
    const ended = await send(`${url}${path}`, method, apiKey, body).catch((error: Error) => {
      if (error instanceof Finding) throw error;
      return { status: 0, body: error.message };
    });
    if (expected.includes(ended.status)) return ended;
    const isTemporary = ended.status === 0 || ended.status >= 500;
    if (!isTemporary || performance.now() > deadline)
      throw new Finding(`${method} ${path}: ${ended.status} ${JSON.stringify(ended.body)}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/**
 * One request, by any key. Rejects if there is no response, and with a Finding if it is not JSON.
 */
export async function send(url: string, method: string, key: string, body?: object): Promise<Operated> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(5_000),
    headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  const parsed = text === '' ? undefined : parseJson(text);
  if (text !== '' && parsed === undefined) throw new Finding(`${method} ${url} sent no JSON: ${text}`);
  return { status: response.status, body: parsed };
}
