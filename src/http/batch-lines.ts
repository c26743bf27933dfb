import type { CommandOutcome, CommandRequest, HandleCommand } from '../commands/handle-command.js';
import { type CommandName, commandNames } from '../orders/commands.js';
import { problemOf } from './answer-problems.js';
import { insufficientScope } from './authorize.js';
import { parseCommand } from './command-input.js';
import { isIdempotencyKey } from './headers.js';
import { parseJson } from './json-body.js';
import { outcomeProblem, type Problem, ProblemError, validationProblem } from './problems.js';
import { isUuid } from './validation.js';

/** The answer to one line of a batch. */
export type LineAnswer =
  | { line: number; status: number; order_id: string; version: number; replayed?: true }
  | { line: number; status: number; order_id?: string; problem: Problem };

/** A line as it was sent, or as an object that was made of it. */
export type LineInput = Uint8Array | Readonly<Record<string, unknown>>;

export interface BatchCaller {
  readonly handleCommand: HandleCommand;
  readonly actor: string;
  /** Whether a line may say when its order was placed. */
  readonly mayImport: boolean;
  readonly defaultCurrency: string;
  readonly requestId?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** Told of each command that was handled. */
  readonly onHandled?: (outcome: Extract<CommandOutcome, { outcome: 'handled' }>) => void;
}

/**
 * Handles the lines of a batch: `{"command": "ship", "order_id": …, …}` with the fields of the command's body beside it.
 * Lines of one order are handled in their order, others at the same time. A line that is wrong fails alone.
 */
export function createLineHandler(caller: BatchCaller): (line: number, input: LineInput) => Promise<LineAnswer> {
  const lastOfOrder = new Map<string, Promise<LineAnswer>>();

  return (line, input) => {
    const parsed = parseLine(input, caller);
    if ('problem' in parsed) return Promise.resolve(refused(line, parsed.problem));
    const { orderId } = parsed.request;
    const before = lastOfOrder.get(orderId);
    const answer = (before ?? Promise.resolve()).then(() => handle(line, parsed.request, caller));
    lastOfOrder.set(orderId, answer);
    return answer.finally(() => {
      if (lastOfOrder.get(orderId) === answer) lastOfOrder.delete(orderId);
    });
  };
}

export function refused(line: number, problem: Problem, orderId?: string): LineAnswer {
  return { line, status: problem.status, ...(orderId === undefined ? {} : { order_id: orderId }), problem };
}

async function handle(line: number, request: CommandRequest, caller: BatchCaller): Promise<LineAnswer> {
  const { orderId } = request;
  try {
    const outcome = await caller.handleCommand(request);
    if (outcome.outcome !== 'handled') return refused(line, outcomeProblem(outcome), orderId);
    caller.onHandled?.(outcome);
    const status = request.command.command === 'place' ? 201 : 200;
    const answer = { line, status, order_id: orderId, version: outcome.order.version };
    return outcome.replayed ? { ...answer, replayed: true } : answer;
  } catch (error) {
    return refused(line, problemOf(error), orderId);
  }
}

function parseLine(input: LineInput, caller: BatchCaller): { request: CommandRequest } | { problem: Problem } {
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
  const { command, idempotency_key: key, ...rest } = value as Record<string, unknown>;
  if (!isCommandName(command)) {
    return {
      problem: validationProblem([{ pointer: '/command', message: `must be one of ${commandNames.join(', ')}` }]),
    };
  }
  if (key !== undefined && !isIdempotencyKey(key)) {
    return {
      problem: validationProblem([
        { pointer: '/idempotency_key', message: 'must be 1 to 200 printable ASCII characters' },
      ]),
    };
  }
  let orderId: string | undefined;
  let body = rest;
  if (command !== 'place') {
    const { order_id, ...others } = rest;
    if (!isUuid(order_id)) return { problem: validationProblem([{ pointer: '/order_id', message: 'must be a UUID' }]) };
    orderId = order_id;
    body = others;
  }
  const { actor, defaultCurrency } = caller;
  const parsed = parseCommand(command, body, orderId, {
    actor,
    defaultCurrency,
    idempotencyKey: key,
    nowMs: Date.now(),
  });
  if ('errors' in parsed) return { problem: validationProblem(parsed.errors) };
  if (parsed.request.occurredAt !== undefined && !caller.mayImport) {
    return { problem: insufficientScope(['orders:import']).problem };
  }
  return {
    request: {
      actor,
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...(caller.requestId === undefined ? {} : { requestId: caller.requestId }),
      ...(caller.correlationId === undefined ? {} : { correlationId: caller.correlationId }),
      ...(caller.causationId === undefined ? {} : { causationId: caller.causationId }),
      ...parsed.request,
    },
  };
}

function isCommandName(value: unknown): value is CommandName {
  return (commandNames as readonly unknown[]).includes(value);
}
