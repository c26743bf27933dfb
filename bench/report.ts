import { type Comparison, type Measurement, type Profile, round } from './benchmark.js';

/** One run of the benchmarks, as docs/performance.json has it. */
export interface Run {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly orders: number;
  readonly comparisons: readonly Comparison[];
  readonly measurements: readonly Measurement[];
  readonly profiles: readonly Profile[];
}

/** The page and its chart. */
export function report(run: Run): { markdown: string; chart: string } {
  const rows = run.comparisons.map((one) => {
    const target = 'atLeast' in one.target ? `≥ ${one.target.atLeast}` : `≤ ${one.target.atMost}`;
    return `| ${one.what} | ${one.baseline} | ${round(one.figure)} | ${round(one.baselineFigure)} | ${one.unit} | **${one.ratio.toFixed(2)}** | ${target} ${reached(one) ? '✓' : '✗'} |`;
  });
  const sizes = run.measurements.map(
    ({ what, figure, unit, atMost }) =>
      `| ${what} | ${Math.round(figure).toLocaleString('en')} ${unit} | ${atMost === undefined ? '' : `≤ ${atMost.toLocaleString('en')} ${figure <= atMost ? '✓' : '✗'}`} |`,
  );
  const markdown = `# Performance

Written by \`npm run bench\` on ${run.date}: ${run.machine}.

The figures are medians of ${run.rounds} rounds. Each figure and its baseline were measured
alternately in the same run. PostgreSQL with fsync and synchronous_commit on, Redis, the service,
its baseline and the load share this machine. The large log has ${run.orders.toLocaleString('en')} orders of five events.

![Each ratio beside its goal](performance.svg)

| measured | baseline | figure | baseline’s | unit | ratio | goal |
|---|---|---|---|---|---|---|
${rows.join('\n')}

| measured | figure | limit |
|---|---|---|
${sizes.join('\n')}

${notReached(run.comparisons)}## Processor time

Microseconds of processor time. Each sample of the service's profile counts for the folder or the
package that caused it; time in Node itself belongs to sockets and HTTP. All processes share the
cores, so the sum bounds the throughput.

${run.profiles.map(profileTable).join('\n\n')}

The raw figures of every round are in [performance.json](performance.json).
\`npm run bench -- place\` runs one benchmark; \`--rounds\`, \`--seconds\` and \`--orders\` change
its length.
`;
  return { markdown, chart: chartOf(run.comparisons) };
}

/** For each missed goal: the figure it would take, and the bounds measured on this machine. */
function notReached(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap((one) => {
    const { what, baseline, target, baselineFigure, unit, ceilings = [] } = one;
    if (reached(one) || !('atLeast' in target)) return [];
    const wanted = `${round(target.atLeast * baselineFigure)} ${unit}`;
    return ceilings.map(
      (ceiling, nth) =>
        `| ${nth === 0 ? `${what}, against ${baseline}` : ''} | ${nth === 0 ? wanted : ''} | ${ceiling.what} | ${round(ceiling.figure)} ${unit} |`,
    );
  });
  if (rows.length === 0) return '';
  return `## Missed goals and their bounds

| measured | goal | bound | allows at most |
|---|---|---|---|
${rows.join('\n')}

`;
}

function profileTable({ what, unit, parts, coresBusy, cores }: Profile): string {
  const total = parts.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const rows = parts.map(({ part, microseconds }) => `| ${part} | ${microseconds.toFixed(1)} |`);
  return `### ${what}

${coresBusy.toFixed(1)} of ${cores} cores busy; all of them would allow ${Math.round((cores * 1e6) / total).toLocaleString('en')} per second.

| part | µs per ${unit} |
|---|---|
${rows.join('\n')}
| **all** | **${total.toFixed(1)}** |`;
}

function reached({ ratio, target }: Comparison): boolean {
  return 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost;
}

/** Bars of each ratio relative to its goal, which is the line. */
function chartOf(comparisons: readonly Comparison[]): string {
  const rowHeight = 34;
  const left = 250;
  const unit = 240;
  const height = comparisons.length * rowHeight + 40;
  const bars = comparisons.map((one, nth) => {
    const goal = 'atLeast' in one.target ? one.target.atLeast : one.target.atMost;
    const width = Math.min(2, one.ratio / goal) * unit;
    const y = 28 + nth * rowHeight;
    return (
      `<text x="${left - 10}" y="${y + 16}" text-anchor="end">${one.name}</text>` +
      `<rect x="${left}" y="${y}" width="${width.toFixed(1)}" height="22" rx="3" fill="${reached(one) ? '#2e9e5b' : '#d9822b'}"/>` +
      `<text x="${left + Math.max(width, unit) + 10}" y="${y + 16}">${one.ratio.toFixed(2)} of ${goal}</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + 2 * unit + 130}" height="${height}" font-family="system-ui, sans-serif" font-size="14" fill="#555">` +
    '<title>Each ratio beside its goal</title>' +
    `<text x="${left + unit}" y="16" text-anchor="middle">goal</text>` +
    `${bars.join('')}<line x1="${left + unit}" y1="22" x2="${left + unit}" y2="${height - 8}" stroke="#555" stroke-dasharray="4 3"/></svg>\n`
  );
}
