import { createHash } from 'node:crypto';
import type { Log, LogEvent } from './log.js';

/**
 * Positions without a gap, the hash chain and the heads of every partition, and the versions of
 * every stream (docs/audit.md).
 */
export function checkChain(log: Log): string[] {
  const anomalies: string[] = [];
  const versions = new Map<string, number>();
  const last = new Map<number, LogEvent>();
  for (const event of log.events) {
    const name = `${event.partition}:${event.position} (order ${event.orderId}, version ${event.version})`;
    const before = last.get(event.partition);
    if (event.position !== (before?.position ?? 0) + 1)
      anomalies.push(`position ${name} follows position ${before?.position ?? 0}.`);
    if (!event.hash.equals(hashOf(event, before?.hash)))
      anomalies.push(`the hash of ${name} does not follow from its content and the hash before it.`);
    if (event.partition !== partitionOf(event.orderId, log.partitions) && event.type.startsWith('Order'))
      anomalies.push(`${name} is not in the partition of its order.`);
    if (before && event.recordedAt < before.recordedAt)
      anomalies.push(`${name} was recorded at ${event.recordedAt}, before ${before.recordedAt}.`);
    const version = (versions.get(event.orderId) ?? 0) + 1;
    if (event.version !== version) anomalies.push(`${name} should be version ${version} of its order.`);
    versions.set(event.orderId, event.version);
    last.set(event.partition, event);
  }
  for (const head of log.heads) {
    const event = last.get(head.partition);
    if (head.position !== (event?.position ?? 0) || !head.hash.equals(event?.hash ?? Buffer.alloc(32)))
      anomalies.push(
        `the head of partition ${head.partition} is ${head.position}, but its last event ${event?.position ?? 'is missing'}.`,
      );
  }
  return anomalies;
}

export function hashOf(event: Omit<LogEvent, 'hash'>, previous: Buffer = Buffer.alloc(32)): Buffer {
  const lines = [
    event.partition,
    event.position,
    event.orderId,
    event.version,
    event.type,
    event.occurredAt,
    event.recordedAt,
    Buffer.byteLength(event.data),
    event.data,
    event.metadata,
  ];
  return createHash('sha256').update(previous).update(lines.join('\n')).digest();
}

export function partitionOf(orderId: string, partitions: number): number {
  const digest = createHash('sha256')
    .update(Buffer.from(orderId.replaceAll('-', ''), 'hex'))
    .digest();
  return digest.readUInt32BE(0) % partitions;
}
