import type { Servers } from '../src/embedded/servers.js';

/** The servers and settings of one run; the servers run with durability on. */
export interface Bench {
  readonly servers: Servers;
  /** A database of its own, migrated; its read models share no key with others. */
  readonly newDatabase: () => Promise<string>;
  /**
   * The same for one task, and drops the database after it: autovacuum would read a large one
   * while other benchmarks are measured.
   */
  readonly inNewDatabase: <Result>(task: (url: string) => Promise<Result>) => Promise<Result>;
  /** Orders of the large logs, five events each. */
  readonly orders: number;
  /** How often each side is measured. */
  readonly rounds: number;
  /** How long one measurement under load takes. */
  readonly seconds: number;
  readonly say: (text: string) => void;
}

/** A bound that a figure cannot exceed on this machine, measured in the same run. */
export interface Ceiling {
  readonly what: string;
  readonly figure: number;
}

/** The service's figure beside its baseline's, measured alternately in the same run. */
export interface Comparison {
  readonly name: string;
  readonly what: string;
  readonly baseline: string;
  readonly unit: string;
  /** Medians over the rounds. */
  readonly figure: number;
  readonly baselineFigure: number;
  /** figure / baselineFigure. */
  readonly ratio: number;
  /** The goal of the ratio: at least, or at most if less is better. */
  readonly target: { readonly atLeast: number } | { readonly atMost: number };
  readonly figures: readonly number[];
  readonly baselineFigures: readonly number[];
  readonly ceilings?: readonly Ceiling[];
}

/** A figure without a baseline, with its upper limit. */
export interface Measurement {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly figure: number;
  readonly atMost?: number;
}

/** The processor time of one unit of work, by part. */
export interface Profile {
  readonly name: string;
  readonly what: string;
  /** The unit of work: a request, an order, an event. */
  readonly unit: string;
  /** Microseconds per unit, the largest first, then those of other processes. */
  readonly parts: readonly { readonly part: string; readonly microseconds: number }[];
  readonly coresBusy: number;
  readonly cores: number;
}

/** The bound if all cores were busy and nothing ever waited. */
export function processorCeiling({ what, unit, parts, cores }: Profile): Ceiling {
  const total = parts.reduce((sum, { microseconds }) => sum + microseconds, 0);
  return {
    what: `the processor time of ${what}, ${total.toFixed(1)} µs per ${unit} (below), on all ${cores} cores`,
    figure: (cores * 1e6) / total,
  };
}

/** The bound of a part that handles one unit after another on one core. */
export function partCeiling(profile: Profile, part: string): Ceiling {
  const microseconds = microsecondsOf(profile, part);
  return {
    what: `${part} alone, on one core: ${microseconds.toFixed(1)} µs per ${profile.unit}`,
    figure: 1e6 / microseconds,
  };
}

/** The bound if PostgreSQL and Redis had all cores and the service took no time. */
export function serversCeiling(profile: Profile): Ceiling {
  const { unit, cores } = profile;
  const microseconds = microsecondsOf(profile, 'PostgreSQL') + microsecondsOf(profile, 'Redis');
  return {
    what: `PostgreSQL and Redis alone, on all ${cores} cores: ${microseconds.toFixed(1)} µs per ${unit}`,
    figure: (cores * 1e6) / microseconds,
  };
}

function microsecondsOf({ parts }: Profile, part: string): number {
  return parts.find((one) => one.part.startsWith(part))?.microseconds ?? 0;
}

export interface BenchResult {
  readonly comparisons: readonly Comparison[];
  readonly measurements: readonly Measurement[];
  readonly profiles?: readonly Profile[];
}

export type Benchmark = (bench: Bench) => Promise<BenchResult>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** How long a task takes. */
export async function secondsOf(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return (performance.now() - begun) / 1_000;
}

/**
 * Measures two sides alternately, A B, B A, A B, …, so that drift of the machine affects both. One
 * round of each comes first and is not counted: code and caches are cold.
 */
export async function inTurns(
  rounds: number,
  figure: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<{ figures: number[]; baselineFigures: number[] }> {
  const figures: number[] = [];
  const baselineFigures: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const measureFigure = async () => {
      const value = await figure();
      if (round >= 0) figures.push(value);
    };
    const measureBaseline = async () => {
      const value = await baseline();
      if (round >= 0) baselineFigures.push(value);
    };
    const order = round % 2 === 0 ? [measureFigure, measureBaseline] : [measureBaseline, measureFigure];
    for (const measure of order) await measure();
  }
  return { figures, baselineFigures };
}

/** Measures both sides alternately and compares their medians. */
export async function compare(
  bench: Bench,
  description: Pick<Comparison, 'name' | 'what' | 'baseline' | 'unit' | 'target'>,
  figure: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<Comparison> {
  const { figures, baselineFigures } = await inTurns(bench.rounds, figure, baseline);
  const [mine, theirs] = [median(figures), median(baselineFigures)];
  const comparison = {
    ...description,
    ...{ figure: mine, baselineFigure: theirs, ratio: mine / theirs },
    ...{ figures, baselineFigures },
  };
  bench.say(
    `${comparison.what}: ${round(mine)} against ${round(theirs)} ${comparison.unit}, ${comparison.ratio.toFixed(2)}`,
  );
  return comparison;
}

export function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
