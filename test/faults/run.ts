import { join } from 'node:path';
import { Random } from '../support/random.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { whenWell } from './all-well.js';
import { check } from './checker/check.js';
import type { Findings, RecordedRun } from './history.js';
import { HistoryFile } from './history-file.js';
import { type Injected, injectUntil } from './inject.js';
import { Caller } from './load/caller.js';
import { OrdersInPlay } from './load/orders-in-play.js';
import { Persons } from './load/persons.js';
import { ChangeReader } from './load/stream-reader.js';
import { startWebhookSink } from './load/webhook-sink.js';
import { Plan } from './plan.js';
import { resourcesOf } from './resources.js';
import { startTopology, type Topology } from './topology/topology.js';
import { whenDelivered } from './whole-delivery.js';
import type { World } from './world.js';

export interface RunOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Names of the faults to choose from; by default all. */
  readonly only?: readonly string[];
  readonly print: (line: string) => void;
}

export interface RunResult {
  readonly anomalies: readonly string[];
  readonly injected: readonly Injected[];
  readonly calls: number;
  readonly unanswered: number;
  readonly checked: Readonly<Record<string, number>>;
  readonly resources: readonly string[];
  readonly historyFile: string;
}

/** Runs of at most this many seconds have quick faults only, fewer callers, and no standby. */
const shortSeconds = 30;
const finalWellMs = 60_000;

/** Runs the service under load and faults, and then checks what callers got and what was stored. */
export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { seed, seconds, only, print } = options;
  const isShort = seconds <= shortSeconds && only === undefined;
  print(`seed ${seed}, ${seconds} s`);
  const topology = await startTopology(!isShort);
  for (const line of limitsOf(topology)) print(line);
  let result: RunResult | undefined;
  try {
    result = await runOn(topology, options, isShort);
    return result;
  } finally {
    await topology.stop(result === undefined || result.anomalies.length > 0);
  }
}

async function runOn(topology: Topology, options: RunOptions, isShort: boolean): Promise<RunResult> {
  const { seed, seconds, only, print } = options;
  const history = new HistoryFile(join(topology.folder, 'history.ndjson'));
  const { apiKey, members } = topology;
  const urls = members.filter(({ role }) => role === 'api').map(({ entry }) => entry.url.replace(/\/$/, ''));
  const orders = new OrdersInPlay();
  const persons = new Persons();
  const sink = await startWebhookSink(history);
  const sinkProxy = await startTcpProxy(sink.url);
  const callers = Array.from({ length: isShort ? 6 : 10 }, (_, number) => {
    return new Caller({ number, random: new Random(seed * 1_000 + number), urls, apiKey, orders, persons, history });
  });
  const readers = [0, 1].map((number) => new ChangeReader(number, urls, apiKey, history));
  const anomalies: string[] = [];
  const world: World = { topology, history, callers, readers, orders, persons, sink, sinkProxy, anomalies };
  const first = await whenWell(world, finalWellMs);
  if (first !== undefined) throw new Error(`the service did not start: ${first}`);
  const webhookSecret = await createWebhook(world);
  print('the service is ready');
  // Readers are there before the first order: they get everything.
  await Promise.all(readers.map((reader) => new Promise<void>((opened) => void reader.run(opened))));
  const calling = callers.map((caller) => caller.run());

  const endMs = performance.now() + seconds * 1_000;
  const injected = await injectUntil(endMs, new Plan(new Random(seed), isShort, only), world, print);

  for (const caller of callers) caller.end();
  await Promise.all(calling);
  const last = await whenWell(world, finalWellMs);
  if (last !== undefined) anomalies.push(`at the end not all is well: ${last}`);
  const undelivered = await whenDelivered(world, finalWellMs);
  if (undelivered !== undefined) anomalies.push(undelivered);
  for (const reader of readers) reader.end();
  anomalies.push(...readers.flatMap(({ faults }) => faults));
  await history.close();
  const { problems, lines: resources } = await resourcesOf(topology);
  anomalies.push(...problems);
  const recorded = {
    history: history.records,
    databaseUrl: topology.postgres.primaryUrl,
    redisUrl: topology.redis.url,
    baseUrl: members[0]?.process.url ?? '',
    apiKey,
    webhookSecret,
    folders: { postgres: topology.postgres.files, redis: topology.redis.files },
    // Each takes some memory, of which the resources must know nothing.
    heaps: history.records.some(({ kind }) => kind === 'forgotten') ? await heapsOf(topology) : [],
  };
  // Anomalies found so far are reported even if the checks fail.
  const found = await check(recorded).catch(
    (error: unknown): Findings => ({ anomalies: [`the run could not be checked: ${String(error)}.`], checked: {} }),
  );
  anomalies.push(...found.anomalies);
  sink.stop();
  await sinkProxy.close();
  const calls = history.records.filter(({ kind }) => kind === 'call');
  return {
    anomalies,
    injected,
    calls: calls.length,
    unanswered: calls.filter((call) => call.kind === 'call' && call.status === 0).length,
    checked: found.checked,
    resources,
    historyFile: history.path,
  };
}

async function heapsOf({ members }: Topology): Promise<RecordedRun['heaps']> {
  const heaps: { process: string; file: string }[] = [];
  for (const { process } of members) heaps.push({ process: process.name, file: await process.heapSnapshot() });
  return heaps;
}

/** The faults that this run does not have, and why. */
function limitsOf({ postgres, clock }: Topology): string[] {
  return [
    ...(postgres.hasStandby ? [] : ['no failover and no restore: PostgreSQL is one server without a standby']),
    ...(postgres.canFillDisk ? [] : ['no full disk: there is no small file system for PostgreSQL']),
    ...(clock ? [] : ['no steps of the clock: PostgreSQL runs without libfaketime']),
  ];
}

/** @returns the secret of the webhook */
async function createWebhook({ topology: { members, apiKey }, sinkProxy }: World): Promise<string> {
  const response = await fetch(`${members[0]?.process.url}/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: sinkProxy.url }),
  });
  if (response.status !== 201) throw new Error(`the webhook was not created: ${await response.text()}`);
  return ((await response.json()) as { secret: string }).secret;
}
