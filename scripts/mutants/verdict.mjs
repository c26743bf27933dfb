// Decides what a run of the fault harness has shown about a mutant. Only the harness's own verdict
// counts: a process that crashes or hangs says nothing about the checks.

/**
 * Anomalies that say nothing about a bug: a check had no input because the run was too short, the
 * harness itself failed to inject a fault, or a check could not ask the service.
 */
const inconclusive = new RegExp(
  '^nothing was checked: |^.{1,100} could not be injected |' +
    '^.{1,100} could not be checked: (?:TypeError|fetch failed|The operation was aborted)',
);
const maxTextLength = 300;

/**
 * @param {{ code: number | null, output: string, timedOut: boolean }} run how the harness ended
 * @returns {{ result: 'found' | 'survived' | 'error', text: string }} found: the harness reported
 *   an anomaly; survived: it reported none; error: it reported nothing
 */
export function verdictOf({ code, output, timedOut }) {
  const lines = output.split('\n');
  const end = output.trim().slice(-maxTextLength);
  if (timedOut) return { result: 'error', text: `the harness did not end in time: ${end}` };
  const at = lines.findLastIndex((line) => /^\d+ anomalies; the history is \S/.test(line));
  if (at === -1) {
    if (code === 0 && lines.includes('no anomaly')) return { result: 'survived', text: 'no anomaly' };
    return { result: 'error', text: `the harness ended with ${code} and without a verdict: ${end}` };
  }
  if (code !== 1) return { result: 'error', text: `the harness reported anomalies and ended with ${code}` };
  const anomalies = lines.slice(at + 1).flatMap((line) => (line.startsWith('  ') ? [line.trim()] : []));
  const first = anomalies.find((one) => !inconclusive.test(one));
  if (first === undefined)
    return { result: 'error', text: `the run shows nothing: ${anomalies.join(' ').slice(0, maxTextLength)}` };
  return { result: 'found', text: first.slice(0, maxTextLength) };
}

/**
 * The header of a patch: a sentence about the bug, the faults that reveal it, and the seconds in
 * which the harness has to find it.
 * @returns {{ bug: string, faults: string, seconds: number } | undefined}
 */
export function headerOf(text) {
  const [bug = ''] = text.split('\n');
  const [, faults] = /^faults: (.+)$/m.exec(text) ?? [];
  const [, seconds] = /^seconds: (\d+)$/m.exec(text) ?? [];
  if (bug === '' || !faults || !seconds) return undefined;
  return { bug, faults, seconds: Number(seconds) };
}

/** The names that were asked for and that there is no patch for. */
export function unknownNames(asked, known) {
  return asked.filter((name) => !known.includes(name));
}
