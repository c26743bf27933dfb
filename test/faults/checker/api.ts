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
        const { status, text } = await ask(new URL(path, baseUrl), apiKey);
        if (status === 200) return JSON.parse(text) as Body;
        failure = status === 0 ? text : `GET ${path} responded ${status}: ${text}`;
        if (status > 0 && status < 429) break;
        if (attempt < left) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      left = 1;
      throw new Error(failure);
    },
  };
}

/** A request without a response has the status 0, and what happened as its text. */
async function ask(url: URL, apiKey: string | undefined): Promise<{ status: number; text: string }> {
  try {
    const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { status: 0, text: error instanceof Error ? error.message : String(error) };
  }
}
