import { expect } from 'chai';
import type { FillingStore } from '../../../src/projector/generations/filling-store.js';
import { FillMarks } from '../../../src/projector/steps/fill-marks.js';
import type { Checkpoint } from '../../../src/read-models/checkpoint.js';
import { startCheckpoint } from '../../../src/read-models/checkpoint.js';

const id = { name: 'metrics', generation: 1 };
const head = 7;

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

  it('a partition is marked if its writer is at the start of a log with events, however it got there', async () => {
    const { marks, marked } = marksOf();
    const fresh = writerAt(startCheckpoint);
    await marks.noteStart(fresh, head);
    await marks.noteStart(fresh, head);
    expect(marked(), 'once').to.equal(1);
    await marks.noteStart(writerAt({ ...startCheckpoint, frozenBy: 'a flip' }), head);
    expect(marked(), 'frozen at the start').to.equal(2);
  });

  it('a mark that Redis has refused is set with the next reading', async () => {
    const { marks, marked } = marksOf(1);
    const writer = writerAt(startCheckpoint);
    const error = await marks.noteStart(writer, head).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
    await marks.noteStart(writer, head);
    expect(marked()).to.equal(1);
  });

  it('a partition whose data is lost twice is marked twice', async () => {
    const { marks, marked } = marksOf();
    const writer = writerAt(startCheckpoint);
    await marks.noteStart(writer, head);
    const filled = Object.assign(writer, { checkpoint: { ...startCheckpoint, position: head } });
    await marks.noteStart(filled, head);
    await marks.noteStart(Object.assign(writer, { checkpoint: startCheckpoint }), head);
    expect(marked()).to.equal(2);
  });

  it('a partition without events is not marked, nor one whose mark is known', async () => {
    const { marks, marked } = marksOf();
    await marks.noteStart(writerAt(startCheckpoint), 0);
    await marks.noteStart(writerAt({ ...startCheckpoint, position: 3 }), head);
    expect(marked()).to.equal(0);
  });
});
