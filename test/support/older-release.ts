import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

/**
 * Makes this process one of an older release: it does not know the event type that
 * ORDERS_TEST_UNKNOWN_EVENT names. Node loads this file with `--import`, and then again as hooks,
 * which see each module before it runs.
 */
if (isMainThread && process.env.ORDERS_TEST_UNKNOWN_EVENT !== undefined) {
  register(import.meta.url, { data: process.env.ORDERS_TEST_UNKNOWN_EVENT });
}

let unknown = '';

export function initialize(type: string): void {
  unknown = type;
}

interface Loaded {
  readonly format: string;
  readonly source?: string | ArrayBufferView | ArrayBuffer;
}

export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  const loaded = await next(url, context);
  if (!url.endsWith('/src/orders/upcast.js')) return loaded;
  const known = `    ${unknown}: true,\n`;
  const source = Buffer.from(loaded.source as Uint8Array).toString();
  if (!source.includes(known)) throw new Error(`${fileURLToPath(url)} has no line "${known.trim()}"`);
  return { ...loaded, source: source.replace(known, '') };
}
