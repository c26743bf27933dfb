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
    return `| ${one.what} | ${one.yardstick} | ${round(one.figure)} | ${round(one.yardstickFigure)} | ${one.unit} | **${one.ratio.toFixed(2)}** | ${target} ${reached(one) ? '✓' : '✗'} |`;
  });
  const sizes = run.measurements.map(
    ({ what, figure, unit, atMost }) =>
      `| ${what} | ${Math.round(figure).toLocaleString('en')} ${unit} | ${atMost === undefined ? '' : `≤ ${atMost.toLocaleString('en')} ${figure <= atMost ? '✓' : '✗'}`} |`,
  );
  const markdown = `# Performance

Written by \`npm run bench\` on ${run.date}: ${run.machine}. Medians of ${run.rounds} rounds; each figure and its yardstick were measured in turns, in the
same run. PostgreSQL with fsync and synchronous_commit on, Redis, the service, its yardstick and the load all share this machine. The large log
has ${run.orders.toLocaleString('en')} orders of five events.

![Each ratio beside what it should reach](performance.svg)

| what | yardstick | figure | yardstick’s | unit | ratio | should reach |
|---|---|---|---|---|---|---|
${rows.join('\n')}

| what | figure | should keep to |
|---|---|---|
${sizes.join('\n')}

${notReached(run.comparisons)}## Where the time goes

Microseconds of processor time. Each sample of the service's profile counts for the room or the package that caused it; what it spends in Node
itself is the sockets' and HTTP's. On a machine of few cores all processes share them, so that the sum is what bounds the throughput: less of any
of these rows is more of the whole.

${run.profiles.map(profileTable).join('\n\n')}

The raw figures of every round are in [performance.json](performance.json). \`npm run bench -- place\` runs one, \`--rounds\`, \`--seconds\` and \`--orders\` change how long.
`;
  return { markdown, chart: chartOf(run.comparisons) };
}

/** What it would take to reach each of the others, and what stands in the way. */
function notReached(comparisons: readonly Comparison[]): string {
  const rows = comparisons.flatMap((one) => {
    const { what, yardstick, target, yardstickFigure, unit, ceilings = [] } = one;
    if (reached(one) || !('atLeast' in target)) return [];
    const wanted = `${round(target.atLeast * yardstickFigure)} ${unit}`;
    return ceilings.map(
      (ceiling, nth) =>
        `| ${nth === 0 ? `${what}, against ${yardstick}` : ''} | ${nth === 0 ? wanted : ''} | ${ceiling.what} | ${round(ceiling.figure)} ${unit} |`,
    );
  });
  if (rows.length === 0) return '';
  return `## What is not reached, and what bounds it

| what | it would take | the bound | allows at the most |
|---|---|---|---|
${rows.join('\n')}

`;
}

function profileTable({ what, unit, parts, coresBusy, cores }: Profile): string {
  const total = parts.reduce((sum, { microseconds }) => sum + microseconds, 0);
  const rows = parts.map(({ part, microseconds }) => `| ${part} | ${microseconds.toFixed(1)} |`);
  return `### ${what}

${coresBusy.toFixed(1)} of ${cores} cores busy; with all of them, ${Math.round((cores * 1e6) / total).toLocaleString('en')} a second is the bound.

| part | µs per ${unit} |
|---|---|
${rows.join('\n')}
| **all** | **${total.toFixed(1)}** |`;
}

function reached({ ratio, target }: Comparison): boolean {
  return 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost;
}

/** Bars: the ratio relative to what it should reach, which is the line. */
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
    '<title>Each ratio beside what it should reach</title>' +
    `<text x="${left + unit}" y="16" text-anchor="middle">what it should reach</text>` +
    `${bars.join('')}<line x1="${left + unit}" y1="22" x2="${left + unit}" y2="${height - 8}" stroke="#555" stroke-dasharray="4 3"/></svg>\n`
  );
}
