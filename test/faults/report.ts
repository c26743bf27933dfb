import { type Injected, seconds } from './inject.js';
import type { RunResult } from './run.js';

/** The table at the end of a run: how often each fault was injected, and how long recovery took. */
export function report({ injected, calls, unanswered, checked, resources, anomalies, historyFile }: RunResult): string {
  const byName = grouped(injected);
  const rows = [...byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, some]) => rowOf(name, some));
  const width = Math.max(5, ...rows.map(([name]) => name.length));
  const table = [['fault', 'times', 'median', 'longest'] as const, ...rows].map(([name, times, median, longest]) =>
    [name.padEnd(width), times.padStart(5), median.padStart(8), longest.padStart(8)].join('  '),
  );
  const sums = Object.entries(checked).map(([what, count]) => `${count} ${what}`);
  return [
    '',
    ...table,
    '',
    ...resources,
    `${injected.length} faults, ${calls} calls, ${unanswered} of them without a response`,
    `checked: ${sums.join(', ')}`,
    anomalies.length === 0 ? 'no anomaly' : `${anomalies.length} anomalies; the history is ${historyFile}`,
    ...anomalies.map((one) => `  ${one}`),
  ].join('\n');
}

function rowOf(name: string, some: readonly Injected[]): readonly [string, string, string, string] {
  const times = some.map(({ recoveryMs }) => recoveryMs ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? 0;
  return [name, String(some.length), seconds(median), seconds(times.at(-1) ?? 0)];
}

function grouped(injected: readonly Injected[]): Map<string, Injected[]> {
  const groups = new Map<string, Injected[]>();
  for (const one of injected) groups.set(one.name, [...(groups.get(one.name) ?? []), one]);
  return groups;
}
