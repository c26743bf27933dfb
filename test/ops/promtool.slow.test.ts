import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

/** Whether promtool, of Debian's package prometheus, is installed. */
function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('promtool (skipped where the Debian package prometheus is not installed)', () => {
  before(function () {
    if (!hasPromtool()) this.skip();
  });

  const promtool = (...args: string[]) =>
    execFileSync('promtool', args, { cwd: projectPath('ops/prometheus'), encoding: 'utf8', stdio: 'pipe' });

  it('accepts the alert rules and the configuration', () => {
    expect(promtool('check', 'rules', 'alerts.yaml')).to.match(/SUCCESS: \d+ rules found/);
    expect(promtool('check', 'config', '--syntax-only', 'prometheus.yml')).to.include('SUCCESS');
  });

  it('finds that the alert rules fire when they should, and only then', () => {
    promtool('test', 'rules', 'alerts.test.yaml');
  });
});
