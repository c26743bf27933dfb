import { authorization, globalFetch } from '../../../client/orders-client.js';
import { withRetries } from '../../../client/retries.js';
import type { Terminal } from '../terminal/terminal.js';

/** The options of every command that calls the API. */
export const apiOptions = { url: { type: 'string' }, json: { type: 'boolean' } } as const;

export const apiUsage = `  --url URL   the service; by default ORDERS_URL, or http://127.0.0.1:PORT
  --json      print the response as it is

  ORDERS_API_KEY is the key, if the service asks for one.`;

/** Milliseconds that a response may take, with all attempts. */
const responseTimeoutMs = 30_000;

/** As the client does it: only queries, and commands with a key, are repeated. */
const send = withRetries(globalFetch, { attempts: 3, maxWaitMs: 2_000 });

interface ApiCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Calls the running service. Rejects with what its problem says, and what to do if it cannot be
 * reached.
 */
export async function callApi(
  { env }: Pick<Terminal, 'env'>,
  url: string | undefined,
  { method, path, body, headers = {} }: ApiCall,
): Promise<unknown> {
  const base = url ?? (env.ORDERS_URL || `http://127.0.0.1:${env.PORT || 3000}`);
  const key = env.ORDERS_API_KEY || undefined;
  const again = repeatHint(headers);
  let response: Response;
  let text: string;
  try {
    const request = new Request(new URL(path, base), {
      method,
      headers: {
        accept: 'application/json',
        ...(await authorization(key)),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(responseTimeoutMs),
    });
    response = await send(request);
    text = await response.text();
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new Error(`the service at ${base} did not respond within ${responseTimeoutMs / 1000} s${again}`);
    }
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(
      `the service at ${base} cannot be reached (${cause}): start it, or set ORDERS_URL or --url${again}`,
    );
  }
  if (response.ok) return JSON.parse(text);
  const problem = parseProblem(text);
  let hint = response.status >= 500 && problem.may_have_been_done !== false ? again : '';
  if (response.status === 401) hint = '. Set ORDERS_API_KEY to a key: `orders keys create` makes one';
  throw new Error(`${describe(problem) ?? `the service responded with ${response.status}`}${hint}`);
}

/** Says how to repeat a command whose outcome is unknown, so that it is not done twice. */
function repeatHint(headers: Readonly<Record<string, string>>): string {
  const key = headers['idempotency-key'];
  return key === undefined ? '' : `. The command may have been done: repeat it with --key ${key}, then it is done once`;
}

/** The fields of a problem that are shown, or that decide what is shown. */
interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly may_have_been_done?: boolean;
}

/** Returns an empty problem for a text of another form, such as the page of a proxy. */
function parseProblem(text: string): Problem {
  try {
    return (JSON.parse(text) ?? {}) as Problem;
  } catch {
    return {};
  }
}

/** The title, the detail and the field errors of a problem. */
function describe({ title, detail, errors = [] }: Problem): string | undefined {
  const fields = errors.map(({ pointer, message }) => `\n  ${pointer || '/'} ${message}`).join('');
  return title && `${title}${detail ? `: ${detail}` : ''}${fields}`;
}
