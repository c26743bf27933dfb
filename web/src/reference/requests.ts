import { messagesOf } from '../../../client/server-sent-events.js';
import { addCredential, sendAs } from '../api/client.js';
import type { Operation, Parameter } from './openapi-document.js';

/** The content of a form: the values of parameters by name, and the body. */
export interface Draft {
  readonly values: Readonly<Record<string, string>>;
  readonly body: string;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
}

export interface Received {
  readonly status: number | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
  /** The part of the response that is shown, if it is longer than the page shows. */
  readonly shownPart: 'start' | 'end' | undefined;
  readonly isOpen: boolean;
}

/** Characters of a response that the page shows: the start, and of a stream the end. */
export const maxShown = 100_000;

/** Sends the request of a form, and reports the response as it arrives. */
export async function sendDraft(
  operation: Operation,
  parameters: readonly Parameter[],
  draft: Draft,
  signal: AbortSignal,
  report: (received: Received) => void,
): Promise<void> {
  const response = await sendAs(
    new Request(addressOf(operation, parameters, draft), {
      method: operation.method,
      headers: addCredential(new Headers(headersOf(parameters, draft))),
      signal,
      ...(draft.contentType === undefined || draft.body.trim() === '' ? {} : { body: draft.body }),
    }),
  );
  const known = { status: response.status, headers: [...response.headers] };
  const type = response.headers.get('content-type') ?? '';
  let text = '';
  let shownPart: Received['shownPart'];
  const show = (more: string, isOpen: boolean) => {
    text += more;
    if (text.length > maxShown) shownPart = isStream(type) ? 'end' : 'start';
    text = shownPart === 'end' ? text.slice(-maxShown) : text.slice(0, maxShown);
    report({ ...known, text, shownPart, isOpen });
  };
  show('', true);
  for await (const part of partsOf(response)) {
    show(part, true);
    // The rest would not be shown. A command may finish: ending its response could end a batch.
    if (shownPart === 'start' && operation.method === 'GET') break;
  }
  if (type.includes('json') && !type.includes('nd')) text = readable(text);
  show('', false);
}

function isStream(type: string): boolean {
  return type.startsWith('text/event-stream');
}

/** The response piece by piece: messages of a stream, lines of a batch, or text. */
async function* partsOf(response: Response): AsyncGenerator<string> {
  if (!response.body) return;
  if (isStream(response.headers.get('content-type') ?? '')) {
    for await (const { event, id, data } of messagesOf(response.body)) {
      if (data !== undefined) yield `${event ?? 'message'}${id === undefined ? '' : ` ${id}`}\n${readable(data)}\n\n`;
    }
    return;
  }
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read())
      yield decoder.decode(part.value, { stream: true });
  } finally {
    // The caller may have left the loop.
    void reader.cancel().catch(() => undefined);
  }
}

function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function addressOf({ path }: Operation, parameters: readonly Parameter[], { values }: Draft): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
  const query = new URLSearchParams(
    parameters
      .filter(({ in: place, name }) => place === 'query' && values[name])
      .map(({ name }) => [name, values[name] ?? '']),
  );
  return query.size === 0 ? filled : `${filled}?${query}`;
}

function headersOf(parameters: readonly Parameter[], { values, contentType, accept }: Draft): [string, string][] {
  const given = parameters
    .filter(({ in: place, name }) => place === 'header' && values[name])
    .map(({ name }): [string, string] => [name, values[name] ?? '']);
  return [
    ...(accept === undefined ? [] : [['Accept', accept] satisfies [string, string]]),
    ...(contentType === undefined ? [] : [['Content-Type', contentType] satisfies [string, string]]),
    ...given,
  ];
}

/** The request of a form as a command for a shell. The key is left to a variable. */
export function curlOf(operation: Operation, parameters: readonly Parameter[], draft: Draft): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const isLong = draft.accept === 'text/event-stream' || draft.contentType === 'application/x-ndjson';
  const parts = [
    `curl -i${isLong ? 'N' : ''} ${operation.method === 'GET' ? '' : `-X ${operation.method} `}${quoted(location.origin + addressOf(operation, parameters, draft))}`,
    ...(operation.security.length > 0 ? ['-H "Authorization: Bearer $ORDERS_KEY"'] : []),
    ...headersOf(parameters, draft).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(draft.contentType === undefined || draft.body.trim() === '' ? [] : [`--data-binary ${quoted(draft.body)}`]),
  ];
  return parts.join(' \\\n  ');
}
