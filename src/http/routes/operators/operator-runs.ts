import type { SignedCheckpointPayload } from '../../../audit/signed-checkpoint.js';
import type { ResponseBody } from '../../contract/response-schemas.js';

export type Verification = ResponseBody<'Verification'>;
export type DryRun = ResponseBody<'DryRun'>;
export type VerificationResult = Pick<Verification, 'against' | 'findings'>;
export type DryRunResult = Pick<DryRun, 'compared_keys' | 'differences_total' | 'is_complete' | 'differences'>;

/**
 * Long-running tasks. One of each kind runs at a time; a further request gets the one in progress.
 * All functions reject with ReadModelUnavailable.
 */
export interface OperatorRuns {
  /** @param against a verified checkpoint, which the log must still hold */
  verify(
    requestedBy: string,
    against: SignedCheckpointPayload | undefined,
  ): Promise<{ readonly run: Verification; readonly isNew: boolean }>;
  /** The newest verifications, newest first. */
  verifications(): Promise<readonly Verification[]>;
  /** Ends a verification. Resolves with false if it does not run. */
  cancelVerification(runId: string): Promise<boolean>;
  dryRun(projection: string, requestedBy: string): Promise<{ readonly run: DryRun; readonly isNew: boolean }>;
  /** The newest dry runs of a projection, newest first. */
  dryRuns(projection: string): Promise<readonly DryRun[]>;
  /** Ends a dry run. Resolves with false if it does not run. */
  cancelDryRun(projection: string, runId: string): Promise<boolean>;
}
