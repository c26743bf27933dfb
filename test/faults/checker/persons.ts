import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Api } from './api.js';
import { dataOf, type OrderRun } from './orders.js';

/** Finds names in the bytes of files, such as a dump, a heap snapshot or a log. */
export async function findNames(files: readonly string[], names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) {
    for (const name of await namesIn(file, names))
      found.push(`the file ${basename(file)} has the forgotten name ${name}.`);
  }
  return found;
}

async function namesIn(file: string, names: readonly string[]): Promise<Set<string>> {
  // Heap snapshots of V8 and the memory of a process may have texts with two bytes per character.
  const forms = names.flatMap((name) => [
    { name, bytes: Buffer.from(name, 'utf8') },
    { name, bytes: Buffer.from(name, 'utf16le') },
  ]);
  const overlap = Math.max(0, ...forms.map(({ bytes }) => bytes.length - 1));
  const found = new Set<string>();
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file)) {
    const text: Buffer = Buffer.concat([rest, chunk as Buffer]);
    for (const { name, bytes } of forms) if (text.includes(bytes)) found.add(name);
    rest = text.subarray(Math.max(0, text.length - overlap));
  }
  return found;
}

/** The names in the events of orders: forgotten persons are sealed there, or unreadable. */
export function findNamesInLog(orders: readonly OrderRun[], names: readonly string[]): string[] {
  return orders.flatMap((order) =>
    order.events.flatMap((event) => {
      const text = `${event.data}\n${event.metadata}`;
      const found = names.filter((name) => text.includes(name) && dataOf(event).reason?.includes(name) !== true);
      return found.map(
        (name) => `event ${event.partition}:${event.position} of order ${order.id} has the name ${name}.`,
      );
    }),
  );
}

/** No look-up and no list leads from a forgotten name to an order. */
export async function findNamesInQueries(api: Api, names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    for (const path of [
      `/orders/lookup?q=${encodeURIComponent(name)}`,
      `/orders?user_id=${encodeURIComponent(name)}`,
    ]) {
      const { orders } = await api.get<{ orders: { order_id: string }[] }>(path);
      found.push(...orders.map((order) => `GET ${path} leads to order ${order.order_id}.`));
    }
  }
  return found;
}
