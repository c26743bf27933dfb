import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The ends of a connection. */
export type ConnectionEnds = Partial<Pick<Socket, 'remoteAddress' | 'remotePort' | 'localPort'>>;

/**
 * Reads how many bytes the system keeps for each connection because its client has not taken them.
 * Node does not know: a response of some MiB fits into the buffers of the system, and counts as
 * sent. Linux shows them in /proc; on other systems the result is empty.
 */
export async function readKernelBuffers(): Promise<(connection: ConnectionEnds) => number> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/self/net/${name}`, 'latin1').catch(() => '')),
  );
  const unsent = new Map<string, number>();
  for (const table of tables) {
    for (const row of table.split('\n')) parseRow(row, unsent);
  }
  return (connection) => unsent.get(nameOf(connection)) ?? 0;
}

/** See "Networking" in the documentation of Linux, proc_net_tcp. All numbers are hexadecimal. */
const rowPattern = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/;

function parseRow(row: string, unsent: Map<string, number>): void {
  const [, localPort = '', address = '', remotePort = '', queue = ''] = rowPattern.exec(row) ?? [];
  const bytes = Number.parseInt(queue, 16);
  // NaN for rows of other kinds.
  if (!(bytes > 0)) return;
  unsent.set(`${bytesOf(address)} ${Number.parseInt(remotePort, 16)} ${Number.parseInt(localPort, 16)}`, bytes);
}

/** The bytes of an address in their order on the wire: the file has words of 32 bits, reversed. */
function bytesOf(address: string): string {
  const words = (address.match(/.{8}/g) ?? []).map((word) => word.match(/../g)?.reverse().join('') ?? '');
  const all = words.join('').toLowerCase();
  return all.startsWith(mappedPrefix) ? all.slice(mappedPrefix.length) : all;
}

/** Begins the IPv6 form of an IPv4 address. */
const mappedPrefix = '00000000000000000000ffff';

function nameOf({ remoteAddress = '', remotePort, localPort }: ConnectionEnds): string {
  if (!ipaddr.isValid(remoteAddress)) return '';
  const bytes = Buffer.from(ipaddr.process(remoteAddress).toByteArray()).toString('hex');
  return `${bytes} ${remotePort} ${localPort}`;
}
