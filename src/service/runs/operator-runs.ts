import type { Logger } from 'pino';
import type { SignedCheckpointPayload } from '../../audit/signed-checkpoint.js';
import { verifyLog } from '../../audit/verify-log.js';
import type { DryRunResult, OperatorRuns, VerificationResult } from '../../http/routes/operators/operator-runs.js';
import { allProjections } from '../../projections/all-projections.js';
import type { Connections } from '../connect.js';
import { dryRunProjection } from './dry-run.js';
import { KeptDifferences } from './kept-differences.js';
import { runLimits as limits } from './limits.js';
import { RunStore } from './run-store.js';

/** Partitions that are verified at the same time, each on a connection of the pool. */
const partitionsAtOnce = 2;

const noVerification: VerificationResult = { against: null, findings: [] };
const noDryRun: DryRunResult = { compared_keys: 0, differences_total: 0, is_complete: true, differences: [] };

/** The long runs that operators and auditors start through the API. */
export function createOperatorRuns(connections: Connections, log: Logger): OperatorRuns {
  const { pool, redis, keys, settings } = connections;
  const verifications = new RunStore(redis, `${keys.runPrefix}verification`, noVerification, log);
  const dryRuns = new Map(
    allProjections.map((projection) => [
      projection.name,
      { projection, store: new RunStore(redis, `${keys.runPrefix}dry-run:${projection.name}`, noDryRun, log) },
    ]),
  );
  const dryRunOf = (name: string) => {
    const found = dryRuns.get(name);
    if (!found) throw new Error(`there is no projection ${name}`);
    return found;
  };
  return {
    verify: (requestedBy, against) =>
      verifications.start(requestedBy, async (report, signal) => {
        const findings = await verifyLog({
          pool,
          partitions: settings.partitions,
          epochs: settings.epochs,
          against,
          inParallel: partitionsAtOnce,
          onProgress: (done, total) => {
            signal.throwIfAborted();
            report({ events_done: done, events_total: total });
          },
        });
        return { against: against?.created_at ?? null, findings: [...otherLog(against, settings.logId), ...findings] };
      }),
    verifications: () => verifications.list(),
    cancelVerification: (runId) => verifications.cancel(runId),
    dryRun(name, requestedBy) {
      const { projection, store } = dryRunOf(name);
      return store.start(requestedBy, async (report, signal) => {
        const kept = new KeptDifferences(limits.keptDifferences);
        const { compared, isComplete } = await dryRunProjection({ ...connections, log }, projection, {
          signal,
          onProgress: (done, total) => report({ events_done: done, events_total: total }),
          onDifference: (difference) => kept.add(difference),
        });
        return {
          compared_keys: compared,
          differences_total: kept.total,
          is_complete: isComplete,
          differences: kept.differences,
        };
      });
    },
    dryRuns: (name) => dryRunOf(name).store.list(),
    cancelDryRun: (name, runId) => dryRunOf(name).store.cancel(runId),
  };
}

/** A checkpoint of another log proves nothing about this one. */
function otherLog(against: SignedCheckpointPayload | undefined, logId: string): VerificationResult['findings'] {
  if (!against || against.log_id === logId) return [];
  const detail = `the checkpoint is of log ${against.log_id}, but this is log ${logId}: it was replaced`;
  return [{ partition: 0, position: 0, reason: 'not-as-checkpoint', detail }];
}
