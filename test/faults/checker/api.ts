/** Queries to the running service, after the run. */
export interface Api {
  get<Body>(path: string): Promise<Body>;
}

/**
 * A query that fails for a while is repeated: what counts is the answer. Once a query has failed
 * for good, the others get one attempt each. The service is not at rest then, and hundreds of
 * queries would wait for it.
 */
const attempts = 20;
const pauseMs = 250;
const timeoutMs = 10_000;

export function connectApi(baseUrl: string, apiKey?: string): Api {
  let left = attempts;
  return {
    async get<Body>(path: string): Promise<Body> {
      let failure = '';
      for (let attempt = 1; attempt <= left; attempt += 1) {
        const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
        const response = await fetch(new URL(path, baseUrl), { headers, signal: AbortSignal.timeout(timeoutMs) });
        const text = await response.text();
        if (response.status === 200) return JSON.parse(text) as Body;
        failure = `GET ${path} responded ${response.status}: ${text}`;
        if (response.status < 429) break;
        if (attempt < left) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      left = 1;
      throw new Error(failure);
    },
  };
}
