import type { CommandRequest } from '../../commands/command-request.js';
import { type CommandName, commandNames } from '../../orders/commands.js';
import { isUuid } from '../../orders/values/uuid.js';
import { insufficientScope, type Problem, ProblemError, problem, validationProblem } from '../contract/problems.js';
import { idempotencyKeyRule, isIdempotencyKey } from '../request/headers.js';
import { parseJson } from '../request/json-body.js';
import { parseCommand } from '../request/parse-command.js';
import { illFormedFields } from '../request/text-fields.js';
import { isLine } from '../request/validation.js';
import { batchLimits as limits } from './limits.js';

/** One line of a batch. */
export interface BatchLine {
  readonly number: number;
  /**
   * The line as it was sent, or the object that an import made of it. Undefined if it is too long.
   */
  readonly input: Uint8Array | Readonly<Record<string, unknown>> | undefined;
}

/** Everything that the lines of a batch have in common. */
export interface LineContext extends Pick<CommandRequest, 'actor' | 'requestId' | 'correlationId' | 'causationId'> {
  /** Whether a line may set `occurred_at`. */
  readonly mayImport: boolean;
  readonly defaultCurrency: string;
  /** The idempotency key of a line that does not have one. Only imports have such keys. */
  readonly keyOf?: (lineNumber: number) => string;
}

/** Validates a line and makes a command of it. */
export function parseLine(
  { number, input }: BatchLine,
  context: LineContext,
): { request: CommandRequest } | { problem: Problem } {
  if (input === undefined) {
    return { problem: problem('body-too-large', `The line is longer than ${limits.maxLineBytes} bytes.`) };
  }
  let value: unknown;
  try {
    value = input instanceof Uint8Array ? parseJson(input) : input;
  } catch (error) {
    if (error instanceof ProblemError) return { problem: error.problem };
    throw error;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return { problem: validationProblem([{ pointer: '', message: 'must be an object with a command' }]) };
  }
  // The fields of an import were not parsed from JSON.
  const illFormed = input instanceof Uint8Array ? [] : illFormedFields(value);
  if (illFormed.length > 0) return { problem: validationProblem(illFormed) };
  const { command, idempotency_key: key = context.keyOf?.(number), order_id } = value as Record<string, unknown>;
  if (!isCommandName(command)) {
    return {
      problem: validationProblem([{ pointer: '/command', message: `must be one of ${commandNames.join(', ')}` }]),
    };
  }
  if (key !== undefined && !isIdempotencyKey(key)) {
    return {
      problem: validationProblem([{ pointer: '/idempotency_key', message: idempotencyKeyRule }]),
    };
  }
  let orderId: string | undefined;
  if (command !== 'place') {
    if (!isUuid(order_id)) return { problem: validationProblem([{ pointer: '/order_id', message: 'must be a UUID' }]) };
    orderId = order_id;
  }
  const { actor, defaultCurrency } = context;
  const commandCaller = {
    actor,
    defaultCurrency,
    idempotencyKey: key,
    nowMs: Date.now(),
    isImport: context.keyOf !== undefined,
  };
  const parsed = parseCommand(command, value, orderId, commandCaller, isLine);
  if ('errors' in parsed) return { problem: validationProblem(parsed.errors) };
  if (parsed.request.occurredAt !== undefined && !context.mayImport) {
    return { problem: insufficientScope(['orders:import']).problem };
  }
  return {
    request: {
      actor,
      idempotencyKey: key,
      requestId: context.requestId,
      correlationId: context.correlationId,
      causationId: context.causationId,
      ...parsed.request,
    },
  };
}

function isCommandName(value: unknown): value is CommandName {
  return (commandNames as readonly unknown[]).includes(value);
}
