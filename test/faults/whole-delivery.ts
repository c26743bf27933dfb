import type { World } from './world.js';

const pollMs = 100;

/**
 * Resolves once all readers of the change stream and the receiver of webhooks have everything.
 * @returns what is missing after `timeoutMs`, or undefined.
 */
export async function whenDelivered(world: World, timeoutMs: number): Promise<string | undefined> {
  const deadline = performance.now() + timeoutMs;
  const last = await lastOrderEvents(world);
  for (;;) {
    const missing = missingInStreams(world, last) ?? (await pendingDeliveries(world));
    if (missing === undefined || performance.now() > deadline) return missing;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** The last position of each partition that a stream brings: it has no events of operators. */
async function lastOrderEvents({ topology: { postgres } }: World): Promise<Map<number, number>> {
  const rows = await postgres.query<{ partition: number; last: string }>(
    `select partition, max(position) as last from events where type like 'Order%' group by partition`,
  );
  return new Map(rows.map(({ partition, last }) => [partition, Number(last)]));
}

function missingInStreams({ readers }: World, last: ReadonlyMap<number, number>): string | undefined {
  for (const { number, received } of readers) {
    for (const [partition, position] of last) {
      const got = received.get(partition) ?? 0;
      if (got < position) return `reader ${number} has ${got} of ${position} positions of partition ${partition}`;
    }
  }
  return undefined;
}

async function pendingDeliveries({ topology: { postgres } }: World): Promise<string | undefined> {
  const [found] = await postgres.query<{ pending: number; behind: number; error: string | null }>(
    `select (select count(*)::int from webhook_deliveries) as pending,
            (select max(last_error) from webhook_deliveries) as error,
            (select count(*)::int from webhook_checkpoints c join partition_heads h using (partition)
              where c.position < h.head) as behind`,
  );
  const { pending = 0, behind = 0, error } = found ?? {};
  if (pending === 0 && behind === 0) return undefined;
  return `webhooks: ${pending} deliveries are not made (${error}), and ${behind} partitions are not read to their end`;
}
