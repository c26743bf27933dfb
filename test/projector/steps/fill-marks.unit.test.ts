import { expect } from 'chai';
import type { FillingStore } from '../../../src/projector/generations/filling-store.js';
import { projectorLimits as limits } from '../../../src/projector/limits.js';
import { FillMarks } from '../../../src/projector/steps/fill-marks.js';
import type { Checkpoint } from '../../../src/read-models/checkpoint.js';
import { startCheckpoint } from '../../../src/read-models/checkpoint.js';

const id = { name: 'metrics', generation: 1 };

describe('FillMarks', () => {
  const writerAt = (checkpoint: Checkpoint) => ({ id, checkpoint, stopped: undefined, isOutdated: false });
  /** @param failures how often Redis refuses the mark */
  function marksOf(failures = 0): { marks: FillMarks; marked: () => number } {
    let left = failures;
    let marked = 0;
    const store: FillingStore = {
      setFilling: async () => {
        if (left > 0) {
          left -= 1;
          throw new Error('Redis is away');
        }
        marked += 1;
      },
      setFilled: async () => undefined,
    };
    return { marks: new FillMarks(store, 0), marked: () => marked };
  }

  it('a partition is marked if its writer is back at the start, also while its checkpoint is frozen', async () => {
    const { marks, marked } = marksOf();
    const writer = writerAt(startCheckpoint);
    await marks.noteStart(writer, 5, 7);
    await marks.noteStart(writer, 0, 7);
    expect(marked(), 'once').to.equal(1);
    await marks.noteStart(writerAt({ ...startCheckpoint, frozenBy: 'a flip' }), 5, 7);
    expect(marked(), 'frozen').to.equal(2);
  });

  it('a partition with many events is marked by a new owner that finds it at the start', async () => {
    const { marks, marked } = marksOf();
    await marks.noteStart(writerAt(startCheckpoint), 0, limits.maxFirstEvents);
    expect(marked(), 'the first events of a log').to.equal(0);
    await marks.noteStart(writerAt(startCheckpoint), 0, limits.maxFirstEvents + 1);
    expect(marked()).to.equal(1);
  });

  it('a mark that Redis has refused is set with the next reading', async () => {
    const { marks, marked } = marksOf(1);
    const writer = writerAt(startCheckpoint);
    const error = await marks.noteStart(writer, 5, 7).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    await marks.noteStart(writer, 0, 7);
    expect(marked()).to.equal(1);
  });

  it('a partition whose data is lost twice is marked twice', async () => {
    const { marks, marked } = marksOf();
    const writer = writerAt(startCheckpoint);
    await marks.noteStart(writer, 5, 7);
    await marks.noteStart(Object.assign(writer, { checkpoint: { ...startCheckpoint, position: 7 } }), 0, 7);
    await marks.noteStart(Object.assign(writer, { checkpoint: startCheckpoint }), 7, 7);
    expect(marked()).to.equal(2);
  });

  it('a partition without events is not marked, nor one that is not at the start', async () => {
    const { marks, marked } = marksOf();
    await marks.noteStart(writerAt(startCheckpoint), 0, 0);
    await marks.noteStart(writerAt({ ...startCheckpoint, position: 3 }), 5, 7);
    expect(marked()).to.equal(0);
  });
});
