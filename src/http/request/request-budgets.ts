import type { Context } from 'koa';
import { Overloaded } from '../../event-log/overloaded.js';
import { ByteLedger } from '../byte-ledger.js';
import { httpLimits as limits } from '../limits.js';
import { requestContext } from './request-context.js';

/** Shared by the requests of a process: budgets of memory, and the configured time limits. */
export interface RequestBudgets {
  /** Long responses that wait to be sent. */
  readonly unsentResponses: ByteLedger;
  /** Bodies that have not arrived completely. */
  readonly arrivingBodies: ByteLedger;
  /** Time for a body to arrive. */
  readonly bodyTimeoutMs: number;
  /** Time without data of a batch. */
  readonly batchIdleTimeoutMs: number;
}

/**
 * Runs a task of a request once there is room for its weight. Callers take turns. Rejects with
 * Overloaded if it has waited for too long, or if too many requests wait.
 */
export type RunWhenRoom = <T>(ctx: Context, weight: number, task: () => Promise<T>, options?: RunOptions) => Promise<T>;

export interface RunOptions {
  /** Whether the task makes a further part of a response that has begun. */
  readonly isRest?: boolean;
  /**
   * Whether other requests wait for the same task: it ends neither with the client of this request
   * nor with its authority, which each of them checks afterwards.
   */
  readonly isShared?: boolean;
}

export function createRequestBudgets(
  timeouts: Partial<Pick<RequestBudgets, 'bodyTimeoutMs' | 'batchIdleTimeoutMs'>> = {},
): RequestBudgets {
  return {
    unsentResponses: new ByteLedger(limits.maxUnsentBytes),
    arrivingBodies: new ByteLedger(limits.maxArrivingBytes),
    bodyTimeoutMs: limits.bodyTimeoutMs,
    batchIdleTimeoutMs: limits.batchIdleTimeoutMs,
    ...timeouts,
  };
}

/** The failure of a request whose incomplete body was given up. */
export function tooManyArriving(): Overloaded {
  return new Overloaded('bytes of incomplete bodies', limits.maxArrivingBytes);
}

export function setRequestBudgets(ctx: Context, budgets: RequestBudgets): void {
  ctx.state.budgets = budgets;
}

export function requestBudgets(ctx: Context): RequestBudgets {
  const budgets: RequestBudgets | undefined = ctx.state.budgets;
  if (!budgets) throw new Error('setRequestBudgets has not run for this request');
  return budgets;
}

/** The owner of what a request uses. */
export function ownerOf(ctx: Context): string {
  return requestContext(ctx).owner ?? ctx.req.socket.remoteAddress ?? '';
}
