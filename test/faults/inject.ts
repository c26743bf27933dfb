import { staysMs, whenWell } from './all-well.js';
import { Finding } from './finding.js';
import type { Plan, Planned } from './plan.js';
import type { World } from './world.js';

/** The outcome of one fault, or of two at the same time. */
export interface Injected {
  readonly name: string;
  readonly detail: string;
  readonly lastedMs: number;
  /** Milliseconds from healing until all was well; undefined if that took too long. */
  readonly recoveryMs: number | undefined;
}

/** Bounds hold on a machine of its own. Beside other work everything may take longer. */
const slack = 2;

/** Injects faults, one after the other, until the time is over. */
export async function injectUntil(
  endMs: number,
  plan: Plan,
  world: World,
  print: (line: string) => void,
): Promise<Injected[]> {
  const injected: Injected[] = [];
  while (performance.now() < endMs) {
    const planned = plan.next(world);
    const one = await inject(planned, world);
    injected.push(one);
    print(describe(one));
    // Later faults would show the same failure.
    if (one.recoveryMs === undefined) break;
  }
  return injected;
}

async function inject({ kinds, injections, lastsMs, boundMs }: Planned, world: World): Promise<Injected> {
  const { history, anomalies } = world;
  const name = kinds.map((kind) => kind.name).join(' + ');
  const detail = injections.map((one) => one.detail).join('; ');
  const at = history.now();
  let failure: unknown;
  try {
    for (const one of injections) await one.begin();
    await new Promise((resolve) => setTimeout(resolve, lastsMs));
  } catch (error) {
    failure = error;
  }
  for (const one of injections.toReversed())
    await one.heal().catch((error: unknown) => {
      failure ??= error;
    });
  const healedAt = history.now();
  if (failure instanceof Finding) anomalies.push(`during ${name} (${detail}): ${failure.message}`);
  else if (failure) anomalies.push(`${name} could not be injected (${detail}): ${(failure as Error).stack}`);
  const problem = await whenWell(world, boundMs * slack);
  const readyAt = problem === undefined ? history.now() - staysMs : null;
  if (problem !== undefined)
    anomalies.push(`${boundMs * slack} ms after ${name} (${detail}) not all is well: ${problem}`);
  history.addStamped({ kind: 'fault', at, name, detail, healedAt, readyAt });
  return {
    name,
    detail,
    lastedMs: healedAt - at,
    recoveryMs: readyAt === null ? undefined : readyAt - healedAt,
  };
}

function describe({ name, detail, lastedMs, recoveryMs }: Injected): string {
  const recovery = recoveryMs === undefined ? 'NOT well in time' : `well ${seconds(recoveryMs)} after`;
  return `${name} for ${seconds(lastedMs)}: ${recovery} (${detail})`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
