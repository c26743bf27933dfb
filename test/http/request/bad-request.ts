import { request } from 'node:http';
import { call, type ServiceResponse } from '../../support/service.js';

/**
 * A request, the problem that it must get, and for validation the pointer that the problem must
 * contain.
 */
export type BadRequest = [
  what: string,
  send: (context: Context) => Promise<BadResponse>,
  status: number,
  type: string,
  pointer?: string,
];

export type BadResponse = Omit<ServiceResponse, 'body'>;

export interface Context {
  service: { url: string };
  orderId: string;
}

export const order = { user_id: 'u-1', item_ids: ['a'], total_amount: 10 };
export const post =
  (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ({ service, orderId }: Context) =>
    call(service, 'POST', path.replace(':id', orderId), body, headers);
export const get =
  (path: string, headers: Record<string, string> = {}) =>
  ({ service, orderId }: Context) =>
    call(service, 'GET', path.replace(':id', orderId), undefined, headers);
export const json = (text: string) => post('/orders', text);

/** Sends bytes, by default as JSON. */
export function raw(
  { service }: Context,
  body: Buffer,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<BadResponse> {
  return send(service, headers, (sent) => sent.end(body));
}

/** Sends text without a Content-Length. */
export function chunked({ service }: Context, text: string): Promise<BadResponse> {
  return send(service, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }, (sent) =>
    sent.end(text),
  );
}

function send(
  service: { url: string },
  headers: Record<string, string>,
  write: (sent: ReturnType<typeof request>) => void,
): Promise<BadResponse> {
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method: 'POST', path: '/orders', headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: new Headers(response.headers as Record<string, string>),
          text,
          problem: JSON.parse(text),
        }),
      );
    });
    sent.on('error', reject);
    write(sent);
  });
}

/** Sends the cursor of a first page after changing it. */
export function tamperedCursor(tamper: (cursor: string) => string) {
  return async ({ service }: Context) => {
    const { body } = await call(service, 'GET', '/orders?limit=1');
    return call(service, 'GET', `/orders?limit=1&cursor=${tamper(body.next_cursor ?? '')}`);
  };
}
