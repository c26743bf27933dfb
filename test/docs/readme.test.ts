import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { useService } from '../support/service.js';

interface Step {
  command: string;
  output: string;
}

/**
 * The steps of the README's console block: a line that begins with `$ `, the lines that continue
 * its quotes, then the output.
 */
function readmeSteps(): Step[] {
  const block = /```console\n([\s\S]*?)```/.exec(readFileSync(projectPath('README.md'), 'utf8'))?.[1] ?? '';
  const steps: Step[] = [];
  for (const part of `\n${block}`.split('\n$ ').slice(1)) {
    const lines = part.split('\n');
    let command = lines.shift() ?? '';
    while ((command.split("'").length - 1) % 2 === 1) command += `\n${lines.shift() ?? ''}`;
    steps.push({ command, output: lines.join('\n').trim() });
  }
  return steps;
}

/** Replaces values that differ from run to run: times, request ids, hashes, durations. */
function withoutTimes(text: string): unknown {
  return JSON.parse(text, (key, value) => {
    if (
      [
        'placed_at',
        'updated_at',
        'shipped_at',
        'occurred_at',
        'recorded_at',
        'hash',
        'request_id',
        'correlation_id',
      ].includes(key)
    )
      return typeof value;
    if (['mean', 'p50', 'p90', 'p99'].includes(key)) return value === null ? null : 'seconds';
    return value;
  });
}

describe('the README', () => {
  const service = useService();

  it('prints what its example really answers', async () => {
    const steps = readmeSteps();
    expect(steps).to.have.length(9);
    const id = steps.shift()?.command ?? '';
    for (const { command, output } of steps) {
      const script = `${id}\n${command}`.replaceAll('localhost:3000', service.url.replace('http://', ''));
      const { stdout } = await promisify(execFile)('bash', ['-c', script]);
      if (output === '') expect(stdout).to.equal('');
      else expect(withoutTimes(stdout), command).to.deep.equal(withoutTimes(output));
    }
  });
});
