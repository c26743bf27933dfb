import type { CommandOutcome } from '../../commands/command-outcome.js';
import { allowedCommands } from '../../orders/decisions/allowed-commands.js';
import { type ProblemName, type ProblemType, problemTypes } from './problem-types.js';

export interface FieldError {
  /** JSON pointer into the body (RFC 6901); /query/NAME or /path/NAME for a parameter. */
  readonly pointer: string;
  readonly message: string;
}

/** A problem as RFC 9457 has it, without what only the request knows (instance, request_id). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly [extension: string]: unknown;
}

export function problem(name: ProblemName, detail: string, extensions: Record<string, unknown> = {}): Problem {
  const { title, status } = problemTypes[name];
  return { type: `/problems/${name}`, title, status, detail, ...extensions };
}

export function validationProblem(errors: readonly FieldError[]): Problem {
  const detail = errors.map(({ pointer, message }) => `${pointer || 'The body'} ${message}`).join('; ');
  return problem('validation', detail, { errors });
}

/** Retry-After in seconds for a problem that passes. */
export function retryAfterSeconds(type: string): number | undefined {
  const entry: ProblemType | undefined = problemTypes[type.slice('/problems/'.length) as ProblemName];
  return entry?.retryAfter;
}

/** Ends a request with a problem. Used within src/http only, where leaving the middleware is what it means. */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(problem.detail);
    this.name = 'ProblemError';
  }
}

/** The problem that a command's outcome is answered with. */
export function outcomeProblem(outcome: Exclude<CommandOutcome, { outcome: 'handled' }>): Problem {
  switch (outcome.outcome) {
    case 'version-mismatch':
      return problem('version-mismatch', `The order is at version ${outcome.currentVersion}.`, {
        current_version: outcome.currentVersion,
      });
    case 'idempotency-key-reused':
      return problem('idempotency-key-reused', 'This Idempotency-Key came with another command before.');
    case 'contended':
      return problem('contended', 'Other commands on this order kept coming first.');
    case 'rejected': {
      const { rejected, detail, order, pointer } = outcome.rejection;
      if (rejected === 'invalid-command') return validationProblem([{ pointer: pointer ?? '', message: detail }]);
      const standing = order
        ? {
            current_status: order.status,
            on_hold: order.onHold,
            current_version: order.version,
            allowed_commands: allowedCommands(order),
          }
        : {};
      return problem(rejected, detail, standing);
    }
  }
}
