import { expect } from 'chai';
import type { Projection } from '../../../src/projections/projection.js';
import { MemoryStore } from '../../../src/projector/dry-run/memory-store.js';
import { GenerationWriter } from '../../../src/projector/steps/generation-writer.js';
import { PartitionSteps } from '../../../src/projector/steps/partition-steps.js';
import { plainKeys } from '../../support/projected-steps.js';
import { silent } from '../../support/servers.js';

describe('a checkpoint beyond the known head of the log', () => {
  const projection: Projection = { name: 'any', version: 1, load: async () => undefined, project: () => [] };

  /** A writer at position 7, in a process that knows the log up to 5. */
  function writerBeyondHead(readHeads: (heads: Map<number, number>) => Promise<boolean>) {
    const heads = new Map([[0, 5]]);
    const store = new MemoryStore(Number.POSITIVE_INFINITY);
    const skipped = { has: () => false, firstOf: () => undefined };
    const writer = new GenerationWriter(
      { projection, id: { name: 'any', generation: 1 } },
      { partition: 0, key: plainKeys, store, skipped, log: silent },
    );
    writer.moveTo({ position: 7, hash: 'ab'.repeat(32) });
    const deps = {
      readEvents: async () => [],
      store,
      logHeads: { heads, readHeads: () => readHeads(heads) },
      open: async () => [],
      yieldToEventLoop: async () => undefined,
    };
    return { writer, steps: new PartitionSteps(deps, 0, [writer]) };
  }

  it('stops the projection if the log ends before it', async () => {
    const { writer, steps } = writerBeyondHead(async () => true);
    expect(await steps.takeStep()).to.equal('idle');
    expect(writer.stopped?.error).to.match(/the log ends at 5, before the checkpoint/);
  });

  it('stops nothing if the log has grown meanwhile', async () => {
    const { writer, steps } = writerBeyondHead(async (heads) => {
      heads.set(0, 7);
      return true;
    });
    expect(await steps.takeStep()).to.equal('idle');
    expect(writer.stopped).to.equal(undefined);
  });

  it('stops nothing while the end of the log cannot be read', async () => {
    const { writer, steps } = writerBeyondHead(async () => false);
    expect(await steps.takeStep()).to.equal('idle');
    expect(writer.stopped).to.equal(undefined);
  });
});
