/** Queries to the running service, after the run. */
export interface Api {
  get<Body>(path: string): Promise<Body>;
}

/** A query that fails for a while is repeated: what counts is the answer. */
const attempts = 20;
const pauseMs = 250;

export function connectApi(baseUrl: string, apiKey?: string): Api {
  return {
    async get<Body>(path: string): Promise<Body> {
      let failure = '';
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
        const response = await fetch(new URL(path, baseUrl), { headers });
        const text = await response.text();
        if (response.status === 200) return JSON.parse(text) as Body;
        failure = `GET ${path} responded ${response.status}: ${text}`;
        if (response.status < 429) break;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      throw new Error(failure);
    },
  };
}
