import type { CommandHandlers } from '../../commands/command-handlers.js';
import { type BatchOutcome, outcomeOf } from '../../commands/command-outcome.js';
import type { CommandRequest } from '../../commands/command-request.js';
import { type CommandName, commandNames } from '../../orders/commands.js';
import { isUuid } from '../../orders/values/uuid.js';
import {
  insufficientScope,
  outcomeProblem,
  type Problem,
  ProblemError,
  problem,
  problemOf,
  validationProblem,
} from '../contract/problems.js';
import { isIdempotencyKey } from '../request/headers.js';
import { parseJson } from '../request/json-body.js';
import { parseCommand } from '../request/parse-command.js';
import { lineErrors } from '../request/validation.js';
import { batchLimits as limits } from './limits.js';

/** A line of a batch. */
export interface BatchLine {
  readonly number: number;
  /** The line as it was sent, or an object that was made of it; undefined: it is too long. */
  readonly input: Uint8Array | Readonly<Record<string, unknown>> | undefined;
}

/** The answer to one line of a batch. */
export type LineResponse =
  | { line: number; status: number; order_id: string; version: number; replayed?: true }
  | { line: number; status: number; order_id?: string; problem: Problem };

export interface BatchCaller
  extends CommandHandlers,
    Pick<CommandRequest, 'actor' | 'requestId' | 'correlationId' | 'causationId'> {
  /** Whether a line may say when its order was placed. */
  readonly mayImport: boolean;
  readonly defaultCurrency: string;
  /** The Idempotency-Key of a line that names none. */
  readonly keyOf?: (lineNumber: number) => string;
  /** Told of each command that was handled. */
  readonly onHandled?: (outcome: Extract<BatchOutcome, { outcome: 'handled' }>) => void;
}

/** Handles lines of a batch that have come together: an answer a line, in their order. Never rejects. */
export type HandleLines = (lines: readonly BatchLine[]) => Promise<readonly LineResponse[]>;

/**
 * Handles the lines of a batch: `{"command": "ship", "order_id": …, …}` with the fields of the command's body beside it.
 * Lines of one order are handled in their order, others at the same time, and a line that is wrong fails alone. Orders whose lines
 * have come together are placed together.
 */
export function createLineHandler(caller: BatchCaller): HandleLines {
  /** By order: its last line in work. */
  const turns = new Map<string, Turn>();

  return async (lines) => {
    const answers = new Array<LineResponse>(lines.length);
    const answer = (index: number, request: CommandRequest, outcome: BatchOutcome) => {
      if (outcome.outcome === 'handled') caller.onHandled?.(outcome);
      answers[index] = lineAnswer(lines[index]?.number ?? 0, request, outcome);
    };
    /** Orders to place together, and which lines they are of. */
    const together: CommandRequest[] = [];
    const linesTogether: number[] = [];
    const placing: Turn = { over: undefined };
    const others: { index: number; request: CommandRequest; own: Turn; before: Turn | undefined }[] = [];
    for (const [index, line] of lines.entries()) {
      const parsed = parseLine(line, caller);
      if ('problem' in parsed) {
        answers[index] = refused(line.number, parsed.problem);
        continue;
      }
      const { request } = parsed;
      const before = turns.get(request.orderId);
      if (before === undefined && request.command.command === 'place') {
        together.push(request);
        linesTogether.push(index);
        turns.set(request.orderId, placing);
      } else {
        const own: Turn = { over: undefined };
        others.push({ index, request, own, before });
        turns.set(request.orderId, own);
      }
    }

    const place = async () => {
      const outcomes = await caller.placeOrders(together);
      for (const [nth, request] of together.entries()) {
        const outcome = outcomes[nth];
        if (outcome) answer(linesTogether[nth] ?? 0, request, outcome);
      }
    };
    const handleAlone = async (index: number, request: CommandRequest, before: Turn | undefined) => {
      await before?.over;
      answer(index, request, await outcomeOf(caller.handleCommand, request));
    };
    const end = (orderId: string, turn: Turn) => {
      if (turns.get(orderId) === turn) turns.delete(orderId);
    };
    placing.over = place();
    for (const { index, request, own, before } of others) own.over = handleAlone(index, request, before);
    await placing.over;
    for (const { orderId } of together) end(orderId, placing);
    for (const { request, own } of others) {
      await own.over;
      end(request.orderId, own);
    }
    return answers;
  };
}

/** What handles one line of an order, or several orders' lines together. The order's next line waits until it is over. */
interface Turn {
  /** Undefined until it begins, which it does before any that waits for it. */
  over: Promise<void> | undefined;
}

function refused(line: number, problem: Problem, orderId?: string): LineResponse {
  return { line, status: problem.status, ...(orderId === undefined ? {} : { order_id: orderId }), problem };
}

function lineAnswer(line: number, { orderId, command }: CommandRequest, outcome: BatchOutcome): LineResponse {
  if (outcome.outcome === 'failed') return refused(line, problemOf(outcome.error), orderId);
  if (outcome.outcome !== 'handled') return refused(line, outcomeProblem(outcome), orderId);
  const answer = { line, status: command.command === 'place' ? 201 : 200, order_id: orderId, version: outcome.version };
  return outcome.replayed ? { ...answer, replayed: true } : answer;
}

function parseLine(
  { number, input }: BatchLine,
  caller: BatchCaller,
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
  const { command, idempotency_key: key = caller.keyOf?.(number), order_id } = value as Record<string, unknown>;
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
  if (command !== 'place') {
    if (!isUuid(order_id)) return { problem: validationProblem([{ pointer: '/order_id', message: 'must be a UUID' }]) };
    orderId = order_id;
  }
  const { actor, defaultCurrency } = caller;
  const commandCaller = { actor, defaultCurrency, idempotencyKey: key, nowMs: Date.now() };
  const parsed = parseCommand(command, value, orderId, commandCaller, lineErrors);
  if ('errors' in parsed) return { problem: validationProblem(parsed.errors) };
  if (parsed.request.occurredAt !== undefined && !caller.mayImport) {
    return { problem: insufficientScope(['orders:import']).problem };
  }
  return {
    request: {
      actor,
      idempotencyKey: key,
      requestId: caller.requestId,
      correlationId: caller.correlationId,
      causationId: caller.causationId,
      ...parsed.request,
    },
  };
}

function isCommandName(value: unknown): value is CommandName {
  return (commandNames as readonly unknown[]).includes(value);
}
