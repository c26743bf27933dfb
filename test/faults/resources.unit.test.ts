import { expect } from 'chai';
import { type ProcessUse, problemsOf } from './resources.js';
import { peakIn } from './topology/peak-memory.js';

const use: ProcessUse = {
  name: 'api-1',
  megabytes: 150,
  peakMegabytes: 180,
  output: { lines: 20, seconds: 60, last: '' },
  starts: 1,
  failedStarts: 0,
  crashes: [],
};

describe('the resources of a process in the fault harness', () => {
  it('are no problem within their bounds', () => {
    expect(problemsOf(use)).to.deep.equal([]);
  });

  it('are a problem if the process has too much memory at the end, or had too much at any time', () => {
    expect(problemsOf({ ...use, megabytes: 500 })).to.have.length(1);
    expect(problemsOf({ ...use, peakMegabytes: 500 }).join()).to.equal(
      'api-1 has 150 MB at the end, and had 500 MB at most',
    );
    expect(problemsOf({ ...use, megabytes: Number.NaN })).to.have.length(1);
  });

  it('are a problem if the process floods its log, or ended by itself', () => {
    expect(problemsOf({ ...use, output: { lines: 6_000, seconds: 60, last: 'x' } }).join()).to.contain('100.0 lines');
    expect(problemsOf({ ...use, crashes: ['api-1 ended by itself with 1'] })).to.have.length(1);
  });

  it('have the peak that the kernel notes', () => {
    expect(peakIn('VmPeak:\t  900000 kB\nVmHWM:\t  204800 kB\nVmRSS:\t  100 kB\n')).to.equal(200);
    expect(peakIn('')).to.equal(undefined);
  });
});
