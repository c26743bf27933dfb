import type { Topology } from './topology/topology.js';

/** A process never needs more memory than this (docs/operations.md). */
const maxMegabytes = 400;
/** Faults are logged when they begin and when they end, and once a minute in between. */
const maxLinesPerSecond = 3;
/** Lines that any start and any fault may take. */
const freeLines = 100;

const metricsTimeoutMs = 10_000;

/** The resources of one process, as they are known at the end of a run. */
export interface ProcessUse {
  readonly name: string;
  readonly megabytes: number;
  /** Undefined if the system does not tell. */
  readonly peakMegabytes: number | undefined;
  readonly output: { readonly lines: number; readonly seconds: number; readonly last: string };
  readonly starts: number;
  readonly failedStarts: number;
  readonly crashes: readonly string[];
}

/** The memory and output of each process in one line each, and those that were too much. */
export async function resourcesOf({
  members,
  apiKey,
}: Pick<Topology, 'members' | 'apiKey'>): Promise<{ lines: string[]; problems: string[] }> {
  const uses: ProcessUse[] = [];
  for (const { process } of members) {
    const { name, starts, failedStarts, crashes } = process;
    const megabytes = await memoryOf(process.url, apiKey);
    const peakMegabytes = await process.readPeak();
    uses.push({ name, megabytes, peakMegabytes, output: process.output(), starts, failedStarts, crashes });
  }
  return { lines: uses.map(describeUse), problems: uses.flatMap(problemsOf) };
}

function describeUse({ name, megabytes, peakMegabytes, output, starts, failedStarts }: ProcessUse): string {
  const peak = peakMegabytes === undefined ? 'peak unknown' : `at most ${Math.round(peakMegabytes)} MB`;
  return (
    `${name}: ${Math.round(megabytes)} MB at the end, ${peak}, ${output.lines} lines in ` +
    `${Math.round(output.seconds)} s, ${starts} starts, ${failedStarts} of them failed`
  );
}

export function problemsOf({ name, megabytes, peakMegabytes, output, crashes }: ProcessUse): string[] {
  const problems = [...crashes];
  const peak = peakMegabytes ?? megabytes;
  if (!(megabytes < maxMegabytes && peak < maxMegabytes))
    problems.push(`${name} has ${Math.round(megabytes)} MB at the end, and had ${Math.round(peak)} MB at most`);
  const perSecond = output.lines / Math.max(1, output.seconds);
  if (output.lines > freeLines && perSecond > maxLinesPerSecond)
    problems.push(`${name} logs ${perSecond.toFixed(1)} lines per second: ${output.last.slice(-2_000)}`);
  return problems;
}

/** NaN if the process does not tell: `problemsOf` reports it then. */
async function memoryOf(url: string, apiKey: string): Promise<number> {
  try {
    const headers = { authorization: `Bearer ${apiKey}` };
    const response = await fetch(`${url}/metrics`, { headers, signal: AbortSignal.timeout(metricsTimeoutMs) });
    const bytes = /^process_resident_memory_bytes (\S+)$/m.exec(await response.text())?.[1];
    return Number(bytes) / 2 ** 20;
  } catch {
    return Number.NaN;
  }
}
