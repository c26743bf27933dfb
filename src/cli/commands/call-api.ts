import { createOrdersClient, type OrdersClient } from '../../../client/orders-client.js';
import { errorMessage, UsageError } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';

/** The options of every command that calls the API. */
export const apiOptions = { url: { type: 'string' }, json: { type: 'boolean' } } as const;

export const apiUsage = `  --url URL     the service; by default ORDERS_URL, or http://127.0.0.1:PORT
  --json        print the response as it is

  Set ORDERS_API_KEY to an API key, if the service requires one.`;

/** Milliseconds that a response may take, with all attempts. */
const responseTimeoutMs = 30_000;

interface ApiCall<Data> {
  /** The Idempotency-Key of a command. */
  readonly key?: string;
  /** Sends the request. The signal ends it when it takes too long. */
  readonly send: (client: OrdersClient, signal: AbortSignal) => Promise<ApiResponse<Data>>;
}

type ApiResponse<Data> =
  | { readonly data: Data; readonly error?: never; readonly response: Response }
  | { readonly data?: never; readonly error: unknown; readonly response: Response };

/**
 * Calls the running service. Rejects with an Error that describes the problem, or says what to do
 * if the service cannot be reached.
 */
export async function callApi<Data>(
  { env }: Pick<Terminal, 'env'>,
  url: string | undefined,
  { key, send }: ApiCall<Data>,
): Promise<Data> {
  const base = baseUrl(url ?? (env.ORDERS_URL || `http://127.0.0.1:${env.PORT || 3000}`));
  const again = repeatHint(key);
  const client = createOrdersClient(base, {
    ...(env.ORDERS_API_KEY ? { key: headerOf(env.ORDERS_API_KEY) } : {}),
    retries: { attempts: 3, maxWaitMs: 2_000 },
    positions: false,
  });
  let result: ApiResponse<Data>;
  try {
    result = await send(client, AbortSignal.timeout(responseTimeoutMs));
  } catch (error) {
    if (error instanceof SyntaxError) throw new Error(`the server at ${base} is not this service: ${wrongUrl}${again}`);
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw new Error(`the service at ${base} did not respond within ${responseTimeoutMs / 1000} s${again}`);
    }
    // fetch names the cause if the network has failed. Any other error is one of this program.
    if (!(error instanceof TypeError && error.cause instanceof Error)) throw error;
    throw new Error(
      `the service at ${base} cannot be reached (${errorMessage(error.cause)}): start it, or set ORDERS_URL or --url${again}`,
    );
  }
  const { data, error, response } = result;
  if (response.ok && data !== undefined) return data;
  const problem = problemOf(error);
  let hint = response.status >= 500 && problem.may_have_been_done !== false ? again : '';
  if (response.status === 401) hint = '. Set ORDERS_API_KEY to a key: `orders keys create` creates one';
  const unknown = `the server at ${base} responded with status ${response.status}, and is perhaps not this service: ${wrongUrl}`;
  throw new Error(`${describe(problem) ?? unknown}${hint}`);
}

const wrongUrl = 'check ORDERS_URL, PORT or --url';

function baseUrl(text: string): string {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  // The message does not repeat a password.
  if (url && (url.username !== '' || url.password !== '')) {
    throw new UsageError('the URL of the service must have no credentials: set ORDERS_API_KEY');
  }
  if (url && url.search === '' && url.hash === '') return text;
  throw new UsageError(`"${text}" is not the URL of a service, such as http://127.0.0.1:3000`);
}

/** Throws UsageError for a key that no header can have. Node's message would show it. */
function headerOf(key: string): string {
  if (/^[\x21-\x7e]+$/.test(key.trim())) return key.trim();
  throw new UsageError('ORDERS_API_KEY must consist of visible ASCII characters');
}

/** Says how to repeat a command whose outcome is unknown, so that it is not done twice. */
function repeatHint(key: string | undefined): string {
  return key === undefined ? '' : `. The command may have been done: repeat it with --key ${key}, then it is done once`;
}

/** The fields of a problem that are shown, or that decide what is shown. */
interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
  readonly may_have_been_done?: boolean;
}

/** Returns an empty problem for an error of another form, such as the page of a proxy. */
function problemOf(error: unknown): Problem {
  return typeof error === 'object' && error !== null ? error : {};
}

/** The title, the detail and the field errors of a problem. */
function describe({ title, detail, errors = [] }: Problem): string | undefined {
  const fields = errors.map(({ pointer, message }) => `\n  ${pointer || '/'} ${message}`).join('');
  // The detail repeats the first field error.
  const shownDetail = detail && fields === '' ? detail : '';
  return title && `${title}${shownDetail && `: ${shownDetail}`}${fields && `:${fields}`}`;
}
