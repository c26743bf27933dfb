import { IssuerUnavailable } from '../../access/issuer-unavailable.js';
import type { Scope } from '../../access/scopes.js';
import type { CommandOutcome } from '../../commands/command-outcome.js';
import { type DatabaseUnavailable, databaseUnavailable } from '../../event-log/connection/database-unavailable.js';
import { ClockBehind, LogWentBack } from '../../event-log/log-went-back.js';
import { Overloaded } from '../../event-log/overloaded.js';
import type { FromSchema } from '../../json-schema.js';
import { allowedCommands } from '../../orders/decisions/allowed-commands.js';
import { MalformedEvent, UnknownEvent, UnreadableEvent } from '../../orders/upcast.js';
import {
  ReadModelBeingBuilt,
  ReadModelBeingFilled,
  ReadModelOutdated,
  ReadModelUnavailable,
} from '../../read-models/read-model-unavailable.js';
import type { fieldErrorSchema, lineProblemSchema } from './problem-schemas.js';
import { type ProblemName, type ProblemType, problemTypes } from './problem-types.js';

export type FieldError = FromSchema<typeof fieldErrorSchema>;

/** A problem (RFC 9457) without the members that only a request has: instance and request_id. */
export type Problem = FromSchema<typeof lineProblemSchema>;

export function problem(name: ProblemName, detail: string, extensions: ProblemExtensions = {}): Problem {
  const { title, status } = problemTypes[name];
  return { type: `/problems/${name}`, title, status, detail, ...extensions };
}

/** Members that say more about a problem than its type and its detail. */
type ProblemExtensions = Omit<Problem, 'type' | 'title' | 'status' | 'detail'>;

export function validationProblem(errors: readonly FieldError[]): Problem {
  const detail = errors.map(({ pointer, message }) => `${pointer || 'The body'} ${message}`).join('; ');
  return problem('validation', detail, { errors });
}

/** Retry-After in seconds, for a problem that is temporary. */
export function retryAfterSeconds(type: string): number | undefined {
  const entry: ProblemType | undefined = problemTypes[type.slice('/problems/'.length) as ProblemName];
  return entry?.retryAfter;
}

/** Ends a request with a problem. Only src/http throws it. */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(problem.detail);
    this.name = 'ProblemError';
  }
}

/** The problem and the header of a caller without the scope (RFC 6750, 3.1). */
export function insufficientScope(needed: readonly Scope[]): ProblemError {
  return new ProblemError(
    problem('insufficient-scope', `This request needs the scope ${needed.join(' or ')}.`, { required_scopes: needed }),
    { 'www-authenticate': `Bearer error="insufficient_scope" scope="${needed.join(' ')}"` },
  );
}

/** The problem of a verification or a dry run that does not exist, or has ended. */
export function runNotFound(id: string): ProblemError {
  return new ProblemError(problem('run-not-found', `No run ${id} is in progress.`));
}

/** The problem of a long request whose key or token has expired or was revoked meanwhile. */
export function authorityLost(): Problem {
  return problem('unauthenticated', 'The API key or the token has expired, was revoked, or was changed.');
}

/** The problem for the outcome of a command that was not handled. */
export function outcomeProblem(outcome: Exclude<CommandOutcome, { outcome: 'handled' }>): Problem {
  switch (outcome.outcome) {
    case 'version-mismatch':
      return problem('version-mismatch', `The order is at version ${outcome.currentVersion}.`, {
        current_version: outcome.currentVersion,
      });
    case 'idempotency-key-reused':
      return problem('idempotency-key-reused', 'This Idempotency-Key was used for another command.');
    case 'contended':
      return problem('contended', 'Other commands changed the order first at every attempt.', {
        may_have_been_done: false,
      });
    case 'rejected': {
      const { rejected, detail, order, pointer } = outcome.rejection;
      if (rejected === 'invalid-command') return validationProblem([{ pointer: pointer ?? '', message: detail }]);
      const state = order
        ? {
            current_status: order.status,
            on_hold: order.onHold,
            current_version: order.version,
            allowed_commands: allowedCommands(order),
          }
        : {};
      return problem(rejected, detail, state);
    }
  }
}

/**
 * The problem for an exception.
 * @param isQuery whether the request only reads: it cannot have changed anything.
 */
export function problemOf(error: unknown, isQuery = false): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof Overloaded)
    return problem('overloaded', `${error.message}.`, isQuery ? {} : { may_have_been_done: false });
  if (error instanceof LogWentBack || error instanceof ClockBehind) {
    const name = error instanceof LogWentBack ? 'log-went-back' : 'clock-behind';
    if (isQuery) return problem(name, error.message);
    const { mayHaveBeenDone } = error;
    const detail = mayHaveBeenDone ? `${error.message} ${mayBeDone}` : error.message;
    return problem(name, detail, { may_have_been_done: mayHaveBeenDone });
  }
  if (
    error instanceof ReadModelBeingBuilt ||
    error instanceof ReadModelBeingFilled ||
    error instanceof ReadModelOutdated
  )
    return problem('read-models-unavailable', `${error.message}.`);
  if (error instanceof ReadModelUnavailable) return problem('read-models-unavailable', `${error.reason}.`);
  if (error instanceof IssuerUnavailable) {
    const detail = 'The keys of the token issuer could not be read.';
    return problem('token-issuer-unavailable', detail, isQuery ? {} : { may_have_been_done: false });
  }
  if (error instanceof UnreadableEvent) return unreadableEvent(error, isQuery);
  const unavailable = databaseUnavailable(error);
  if (unavailable) return databaseProblem(unavailable, isQuery);
  if (error instanceof URIError) return problem('malformed-request', 'The percent-encoding of the URL is not valid.');
  return problem('internal-error', 'An unexpected error occurred.');
}

function unreadableEvent({ description, cause }: UnreadableEvent, isQuery: boolean): Problem {
  const nothingDone = isQuery ? {} : { may_have_been_done: false };
  if (cause instanceof UnknownEvent) {
    const detail = 'A newer version of the service wrote an event of the order that this process cannot read';
    return problem('event-log-unavailable', `${detail}: ${description}.`, nothingDone);
  }
  const why = cause instanceof MalformedEvent ? `: ${cause.message}` : '';
  return problem('unreadable-event', `${description}${why}.${isQuery ? '' : ' Nothing was changed.'}`, nothingDone);
}

const mayBeDone = 'The command may have been done: repeat it with the same Idempotency-Key or order_id.';

function databaseProblem({ reason, mayHaveBeenDone }: DatabaseUnavailable, isQuery: boolean): Problem {
  const cause = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
  if (isQuery) return problem('event-log-unavailable', cause);
  const outcome = mayHaveBeenDone ? mayBeDone : 'Nothing was changed.';
  return problem('event-log-unavailable', `${cause} ${outcome}`, { may_have_been_done: mayHaveBeenDone });
}
