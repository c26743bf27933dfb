import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { pino } from 'pino';
import type { Difference } from '../../projector/dry-run/entry-differences.js';
import { CleanupStack } from '../cleanup-stack.js';
import { type ConnectOptions, connect } from '../connect.js';
import { type PartitionsToVerify, verifyPartitions } from './verify-partitions.js';

/** How a thread reaches the servers. */
export type ThreadConnection = Pick<ConnectOptions, 'databaseRole' | 'personalDataKeyFile'> & {
  readonly servers: Pick<ConnectOptions['servers'], 'databaseUrl' | 'directDatabaseUrl' | 'redisUrl'>;
};

export interface WorkerTask {
  readonly connection: ThreadConnection;
  readonly work: PartitionsToVerify;
  /** Time in ms for one address of a server's name, as in the thread that starts this one. */
  readonly addressTimeoutMs: number;
}

/** A message of a thread to the one that started it. */
export type WorkerMessage =
  | { readonly folded: number }
  | { readonly compared: number; readonly projection: string }
  | { readonly difference: Difference }
  | { readonly cutOff: string }
  | { readonly failed: { readonly name: string; readonly message: string } }
  | { readonly ended: true };

/** A thread that compares some partitions with the log, over connections of its own. */
export async function run(
  { connection, work, addressTimeoutMs }: WorkerTask,
  send: (message: WorkerMessage) => void,
): Promise<void> {
  // Each thread has a default of its own.
  setDefaultAutoSelectFamilyAttemptTimeout(addressTimeoutMs);
  const cleanup = new CleanupStack();
  let result: WorkerMessage = { ended: true };
  try {
    const connections = await connect({
      ...connection,
      poolSize: work.atOnce + 1,
      // A projection that stops is reported as the error of the run.
      log: pino({ level: 'silent' }),
      defer: (close) => cleanup.defer(close),
    });
    await verifyPartitions({ ...connections, log: pino({ level: 'silent' }) }, work, {
      onFolded: (folded) => send({ folded }),
      onCompared: (projection, compared) => send({ compared, projection }),
      onDifference: (difference) => send({ difference }),
      onCutOff: (cutOff) => send({ cutOff }),
    });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    result = { failed: { name, message } };
  }
  await cleanup.run();
  // The thread is ended once its result has arrived.
  send(result);
}

if (parentPort) {
  const port = parentPort;
  await run(workerData as WorkerTask, (message) => port.postMessage(message));
}
