import type { World } from './world.js';

interface ProjectionReport {
  readonly name: string;
  readonly rebuild: object | null;
  readonly partitions: readonly { readonly partition: number; readonly checkpoint: number; readonly state: string }[];
}

const pollMs = 50;
/** Milliseconds for which all has to stay well. */
export const staysMs = 500;
const requestTimeoutMs = 3_000;

/**
 * Resolves once all of this has held for `staysMs`: every process is ready and not degraded, and
 * all read models have the events that the log had when this was called. @returns what is not well
 * after `timeoutMs`, or undefined.
 */
export async function whenWell(world: World, timeoutMs: number): Promise<string | undefined> {
  const deadline = performance.now() + timeoutMs;
  let heads: ReadonlyMap<number, number> | undefined;
  let wellSince: number | undefined;
  for (;;) {
    try {
      heads ??= await world.topology.postgres.heads();
      const problem = (await unready(world)) ?? (await lacking(world, heads));
      // A process that has just resumed may not have noticed yet that it lost something.
      if (problem === undefined) wellSince ??= performance.now();
      else wellSince = undefined;
      if (wellSince !== undefined && performance.now() - wellSince >= staysMs) return undefined;
      if (problem !== undefined && performance.now() > deadline) return problem;
    } catch (error) {
      wellSince = undefined;
      if (performance.now() > deadline) return (error as Error).message;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function unready({ topology: { members } }: World): Promise<string | undefined> {
  const found = await Promise.all(
    members.map(async ({ process: { name, url } }) => {
      const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(requestTimeoutMs) }).catch(
        () => undefined,
      );
      if (!response) return `${name} does not respond`;
      const { status, checks } = (await response.json()) as { status: string; checks: object };
      return status === 'ready' ? undefined : `${name} is ${status}: ${JSON.stringify(checks)}`;
    }),
  );
  return found.find((one) => one !== undefined);
}

async function lacking({ topology }: World, heads: ReadonlyMap<number, number>): Promise<string | undefined> {
  const url = topology.members[0]?.process.url;
  const response = await fetch(`${url}/projections`, {
    headers: { authorization: `Bearer ${topology.apiKey}` },
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  const body = (await response.json()) as { projections: readonly ProjectionReport[] };
  if (response.status !== 200) return `GET /projections is ${response.status}`;
  for (const { name, partitions, rebuild } of body.projections) {
    if (rebuild !== null) return `${name} is being rebuilt: ${JSON.stringify(rebuild)}`;
    for (const { partition, checkpoint, state } of partitions) {
      const head = heads.get(partition) ?? 0;
      if (checkpoint < head) return `${name} has ${checkpoint} of ${head} events of partition ${partition} (${state})`;
    }
  }
  return undefined;
}
