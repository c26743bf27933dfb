import { readFile } from 'node:fs/promises';
import type { JWK } from 'jose';
import { type SignedCheckpointPayload, verifySignedCheckpoint } from '../../audit/signed-checkpoint.js';
import { verifyExport } from '../../audit/verify-export.js';
import { verifyLog } from '../../audit/verify-log.js';
import { allProjections } from '../../projections/all-projections.js';
import { withLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { ProgressBar } from '../terminal/progress-bar.js';
import { trustedKeys } from '../trusted-keys.js';
import { dryRun } from './replay/dry-run.js';

const partitionsAtOnce = 4;

const usage = `orders verify [options]

  Recomputes the hash chain of every partition and names the first event that is wrong, missing, inserted or out of place.

  --against FILE   a checkpoint (orders checkpoint, GET /audit/checkpoint): is all that it saw still there, unchanged?
  --key FILE       the public key or keys to trust: JWKS, JWK or PEM; by default the service's own
  --projections    also compare every read model with a fold of the log
  --export FILE    instead: check a file of orders export, with no database

  Exit code 3: something was found.`;

/** `orders verify`: is the log what was written, all of it, and do the read models say the same? */
export async function verifyCommand(args: string[]): Promise<void> {
  const { values } = readArguments(args, usage, {
    against: { type: 'string' },
    key: { type: 'string' },
    projections: { type: 'boolean' },
    export: { type: 'string' },
  });
  if (values.help) return console.log(usage);
  if (values.export !== undefined) return checkExport(values.export);
  const { against: file, key } = values;
  await withLog(async (open) => {
    const { pool, settings, config } = open;
    const checkpoint = file === undefined ? undefined : await readCheckpoint(file, await trustedKeys(key, config));
    if (checkpoint && checkpoint.log_id !== settings.logId) {
      found(`the checkpoint is of log ${checkpoint.log_id}, and this is log ${settings.logId}: it was replaced`);
    }
    const bar = new ProgressBar('events');
    let events = 0;
    const findings = await verifyLog({
      pool,
      partitions: settings.partitions,
      against: checkpoint,
      inParallel: partitionsAtOnce,
      onProgress: (verified, total) => bar.update(verified / Math.max(1, total), verified),
      onVerified: (verified) => {
        events = verified;
      },
    });
    bar.end();
    for (const { partition, position, reason, detail } of findings) {
      found(`partition ${partition}, position ${position}: ${reason}: ${detail}`);
    }
    const seconds = bar.elapsedSeconds();
    const figures = `${events.toLocaleString('en')} events in ${settings.partitions} partitions, ${seconds.toFixed(1)} s`;
    if (findings.length === 0) console.log(`the log is intact: ${figures}`);
    if (checkpoint && findings.length === 0 && checkpoint.log_id === settings.logId) {
      console.log(`it holds all that the checkpoint of ${checkpoint.created_at} saw`);
    }
    if (values.projections) await dryRun(open, allProjections, undefined);
  }, partitionsAtOnce + 1);
}

async function checkExport(file: string): Promise<void> {
  const result = await verifyExport(file);
  if ('broken' in result) found(`line ${result.line}: ${result.broken}`);
  else console.log(`${result.events.toLocaleString('en')} events hold against their hashes`);
}

function found(text: string): void {
  console.log(text);
  process.exitCode = 3;
}

async function readCheckpoint(file: string, trusted: readonly JWK[]): Promise<SignedCheckpointPayload> {
  return verifySignedCheckpoint(await readFile(file, 'utf8'), trusted);
}
