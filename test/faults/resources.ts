import type { Topology } from './topology/topology.js';

/** A process needs less whatever happens to it (docs/operations.md). */
const maxMegabytes = 400;
/** Faults are logged when they begin and when they end, and once a minute in between. */
const maxLinesPerSecond = 3;
/** Lines that any start and any fault may take. */
const freeLines = 100;

/** The memory and output of each process in one line each, and those that were too much. */
export async function resourcesOf({
  members,
  apiKey,
}: Pick<Topology, 'members' | 'apiKey'>): Promise<{ lines: string[]; problems: string[] }> {
  const lines: string[] = [];
  const problems: string[] = [];
  for (const { process } of members) {
    const megabytes = await memoryOf(process.url, apiKey);
    const { lines: written, seconds, last } = process.output();
    const perSecond = written / Math.max(1, seconds);
    lines.push(
      `${process.name}: ${Math.round(megabytes)} MB, ${written} lines in ${Math.round(seconds)} s, ` +
        `${process.starts} starts, ${process.failedStarts} of them failed`,
    );
    problems.push(...process.crashes);
    if (!(megabytes < maxMegabytes)) problems.push(`${process.name} has ${Math.round(megabytes)} MB`);
    if (written > freeLines && perSecond > maxLinesPerSecond)
      problems.push(`${process.name} logs ${perSecond.toFixed(1)} lines per second: ${last.slice(-2_000)}`);
  }
  return { lines, problems };
}

async function memoryOf(url: string, apiKey: string): Promise<number> {
  const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${apiKey}` } });
  const bytes = /^process_resident_memory_bytes (\S+)$/m.exec(await response.text())?.[1];
  return Number(bytes) / 2 ** 20;
}
