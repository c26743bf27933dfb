import { messagesOf } from '../../../client/server-sent-events.js';
import { credential } from '../api/session.js';
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
  readonly isOpen: boolean;
}

/** Characters of a response that the page shows. The start of a stream gives way to its end. */
const maxShown = 100_000;

/** Sends the request of a form, and reports the response as it arrives. */
export async function sendDraft(
  operation: Operation,
  parameters: readonly Parameter[],
  draft: Draft,
  signal: AbortSignal,
  report: (received: Received) => void,
): Promise<void> {
  const headers = new Headers(headersOf(parameters, draft));
  if (credential.value !== null) headers.set('authorization', `Bearer ${credential.value}`);
  const response = await fetch(addressOf(operation, parameters, draft), {
    method: operation.method,
    headers,
    signal,
    ...(draft.contentType === undefined || draft.body.trim() === '' ? {} : { body: draft.body }),
  });
  const known = { status: response.status, headers: [...response.headers] };
  let text = '';
  const show = (more: string, isOpen: boolean) => {
    text = (text + more).slice(-maxShown);
    report({ ...known, text, isOpen });
  };
  show('', true);
  for await (const part of partsOf(response)) show(part, true);
  show('', false);
  if (response.headers.get('content-type')?.includes('json') && !response.headers.get('content-type')?.includes('nd'))
    report({ ...known, text: readable(text), isOpen: false });
}

/** The response piece by piece: messages of a stream, lines of a batch, or text. */
async function* partsOf(response: Response): AsyncGenerator<string> {
  if (!response.body) return;
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    for await (const { event, id, data } of messagesOf(response.body)) {
      if (data !== undefined) yield `${event ?? 'message'}${id === undefined ? '' : ` ${id}`}\n${readable(data)}\n\n`;
    }
    return;
  }
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read())
    yield decoder.decode(part.value, { stream: true });
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
