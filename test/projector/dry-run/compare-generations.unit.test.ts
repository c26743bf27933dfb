import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { Command } from 'ioredis';
import { orderStatusProjection as projection } from '../../../src/projections/order-status.js';
import { compareGenerations } from '../../../src/projector/dry-run/compare-generations.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import { createKeys } from '../../../src/read-models/keys.js';
import type { Redis } from '../../../src/read-models/redis/redis-client.js';

describe('a dry run whose read model differs from the log in every partition', () => {
  const live = { name: projection.name, generation: 1 };
  const rebuilt = { name: projection.name, generation: 2 };
  const keys = createKeys(randomUUID());
  const entry = 'x'.repeat(0.9 * limits.maxSuspectsBytes);
  /** Partitions whose differing entries together have the length that a dry run holds. */
  const held = Math.floor(limits.maxDryRunSuspectsBytes / entry.length);

  /** The live generation has one entry in each partition, and the rebuilt one has none. */
  async function compareAll(partitions: number) {
    let scans = 0;
    const isOfLive = (name: string) => name.includes(`:${live.name}:${live.generation}:`);
    const scan = (args: readonly string[]) => {
      const isLive = isOfLive(args.join());
      scans += 1;
      const partition = Number(args[0]);
      const cursor = isLive && partition + 1 < partitions ? partition + 1 : 0;
      return [String(cursor), isLive ? [keys.partition(live, partition)('order', 'lost')] : []];
    };
    const sendCommand = async ({ name, args }: Command) => {
      if (name === 'scan') return scan(args.map(String));
      if (name === 'exists') return 0;
      const [keysOfCall, ...rest] = [
        args.slice(2, 2 + Number(args[1])).map(String),
        ...args.slice(2 + Number(args[1])),
      ];
      // The pages of keys have one more argument than the texts of entries.
      if (rest.length === keysOfCall.length + 2)
        return JSON.stringify(
          keysOfCall.map((name) => (isOfLive(name) ? ['hash', '0', entry, 'text'] : ['none', '0'])),
        );
      return keysOfCall.map((name) => (isOfLive(name) ? 'text' : null));
    };
    let found = 0;
    const { isComplete } = await compareGenerations({
      redis: { status: 'ready', sendCommand } as unknown as Redis,
      ...{ keys, projection, live, rebuilt, advanceTo: undefined },
      checkpointFreeze: {} as never,
      onDifference: () => {
        found += 1;
      },
    });
    return { isComplete, found, scans };
  }

  it('is complete if the partitions together stay below the limit of a dry run', async () => {
    const { isComplete, found } = await compareAll(held);
    expect(isComplete).to.equal(true);
    expect(found).to.equal(held);
  });

  it('holds no more than the limit, reads no further partition, and says that it is not complete', async () => {
    const { isComplete, found, scans } = await compareAll(10 * held);
    expect(isComplete).to.equal(false);
    expect(found).to.equal(held);
    expect(scans).to.be.below(held + 5);
  });
});
