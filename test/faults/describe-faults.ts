import { expect } from 'chai';
import { report } from './report.js';
import { runFaults } from './run.js';

/**
 * A test that runs the fault harness. The same seed chooses the same faults and calls.
 * @param seconds how long faults are injected. Servers start before, and all is checked after.
 */
export function itSurvivesFaults(seconds: number, seed: number): void {
  it(`in ${seconds} s of load and faults no answer is wrong, nothing is lost, and the service comes back by itself`, async () => {
    const lines: string[] = [];
    const result = await runFaults({ seed, seconds, print: (line) => lines.push(line) });
    const told = `${lines.join('\n')}\n${report(result)}`;
    expect(result.anomalies, told).to.deep.equal([]);
    expect(result.injected.length, told).to.be.greaterThan(1);
    expect(result.calls, told).to.be.greaterThan(seconds);
  });
}
