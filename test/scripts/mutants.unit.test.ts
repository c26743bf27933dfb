import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { allFaults } from '../faults/plan.js';
import { report } from '../faults/report.js';

interface Verdicts {
  readonly verdictOf: (run: { code: number | null; output: string; timedOut: boolean }) => {
    readonly result: string;
    readonly text: string;
  };
  readonly headerOf: (
    text: string,
  ) => { readonly bug: string; readonly faults: string; readonly seconds: number } | undefined;
  readonly unknownNames: (asked: readonly string[], known: readonly string[]) => string[];
}

const patches = projectPath('test', 'faults', 'mutants');

/** The end of the output of a run of the harness. */
const outputOf = (...anomalies: string[]) =>
  report({
    anomalies,
    injected: [],
    calls: 100,
    unanswered: 0,
    checked: { deliveries: 1 },
    resources: [],
    historyFile: '/tmp/history.ndjson',
  });

describe('scripts/mutants.mjs', () => {
  let verdicts: Verdicts;
  before(async () => {
    verdicts = await import(pathToFileURL(projectPath('scripts', 'mutants', 'verdict.mjs')).href);
  });
  const verdict = (code: number | null, output: string, timedOut = false) =>
    verdicts.verdictOf({ code, output, timedOut });

  it('a mutant is found if the harness reports an anomaly', () => {
    const found = verdict(1, outputOf('the log lacks version 2 of order 7', 'another one'));
    expect(found).to.deep.equal({ result: 'found', text: 'the log lacks version 2 of order 7' });
  });

  it('a mutant survives if the harness reports no anomaly', () => {
    expect(verdict(0, outputOf()).result).to.equal('survived');
  });

  it('a harness that ends without a verdict has not found a mutant', () => {
    for (const [code, output] of [
      [1, 'Error: the service did not start: it does not respond'],
      [1, 'ReferenceError: x is not defined'],
      [null, ''],
      [0, ''],
      [1, outputOf()],
      [0, outputOf('the log lacks version 2 of order 7')],
    ] as const)
      expect(verdict(code, output).result, output).to.equal('error');
  });

  it('a harness that does not end in time has not found a mutant', () => {
    expect(verdict(1, outputOf('the log lacks version 2 of order 7'), true).result).to.equal('error');
  });

  it('a fault that the harness could not inject has not found a mutant', () => {
    expect(verdict(1, outputOf('restore could not be injected (an older base): Error: x')).result).to.equal('error');
  });

  it('a check that could not be done has not found a mutant', () => {
    for (const reason of ['TypeError: x', 'fetch failed', 'The operation was aborted due to timeout'])
      expect(verdict(1, outputOf(`the list could not be checked: ${reason}.`)).result, reason).to.equal('error');
    expect(verdict(1, outputOf('the chain could not be checked: position 7 is missing.')).result).to.equal('found');
  });

  it('a run that is too short for the checks has not found a mutant', () => {
    expect(verdict(1, outputOf('nothing was checked: no proofs.')).result).to.equal('error');
    expect(verdict(1, outputOf('nothing was checked: no proofs.', 'a command was lost'))).to.deep.equal({
      result: 'found',
      text: 'a command was lost',
    });
  });

  it('a name without a patch is refused', () => {
    expect(verdicts.unknownNames(['a', 'c'], ['a', 'b'])).to.deep.equal(['c']);
  });

  it('each patch says what the bug is, and which faults reveal it within how many seconds', () => {
    const names = readdirSync(patches).filter((name) => name.endsWith('.patch'));
    expect(names).to.have.length.greaterThan(11);
    for (const name of names) {
      const header = verdicts.headerOf(readFileSync(join(patches, name), 'utf8'));
      expect(header?.bug, name).to.match(/^[A-Z].*\.$/);
      expect(header?.seconds, name).to.be.within(1, 120);
      for (const fault of header?.faults.split(',') ?? []) expect(allFaults.map((one) => one.name)).to.include(fault);
    }
  });

  it('each patch fits the present source', () => {
    for (const name of readdirSync(patches).filter((file) => file.endsWith('.patch'))) {
      const files = readFileSync(join(patches, name), 'utf8')
        .split(/^--- a\//m)
        .slice(1);
      expect(files, name).to.have.length.greaterThan(0);
      for (const file of files) {
        const source = readFileSync(projectPath(...file.slice(0, file.indexOf('\n')).split('/')), 'utf8');
        for (const hunk of file.split(/^@@ .*\n/m).slice(1)) {
          const before = hunk
            .replace(/^diff --git .*/ms, '')
            .replace(/^\+.*\n/gm, '')
            .replace(/^[ -]/gm, '');
          expect(source.includes(before), `${name} does not fit:\n${hunk}`).to.equal(true);
        }
      }
    }
  });
});
