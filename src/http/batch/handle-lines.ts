import type { CommandHandlers } from '../../commands/command-handlers.js';
import { type BatchOutcome, outcomeOf } from '../../commands/command-outcome.js';
import type { CommandRequest } from '../../commands/command-request.js';
import { authorityLost, outcomeProblem, type Problem, problemOf } from '../contract/problems.js';
import type { ResponseBody } from '../contract/response-schemas.js';
import { type BatchLine, type LineContext, parseLine } from './parse-line.js';

/** The response to one line of a batch. */
export type LineResponse = ResponseBody<'BatchLine'>;

export interface BatchCaller extends CommandHandlers, LineContext {
  /** Whether the caller may still send commands. Asked before each line is handled. */
  readonly isAuthorized?: () => boolean;
  /** Called for each command that was handled. */
  readonly onHandled?: (outcome: Extract<BatchOutcome, { outcome: 'handled' }>) => void;
}

/** Handles a group of lines. Gives one response per line, in their order, and never rejects. */
export type HandleLines = (lines: readonly BatchLine[]) => Promise<readonly LineResponse[]>;

/**
 * Handles the lines of a batch, such as `{"command": "ship", "order_id": …, …}` with the fields of
 * the command's body. An invalid line fails alone. Lines of different orders are handled at the
 * same time, and new orders of a group are placed together. Lines of one order are queued: each
 * waits for the one before it, also for one in an earlier group.
 */
export function createLineHandler(caller: BatchCaller): HandleLines {
  /** The last task in flight of each order. */
  const lastTasks = new Map<string, Task>();
  const isAuthorized = caller.isAuthorized ?? (() => true);

  return async (lines) => {
    const responses = new Array<LineResponse>(lines.length);
    const respond = (index: number, request: CommandRequest, outcome: BatchOutcome) => {
      if (outcome.outcome === 'handled') caller.onHandled?.(outcome);
      responses[index] = responseOf(lines[index]?.number ?? 0, request, outcome);
    };
    /** Orders to place together, and the index of each one's line. */
    const newOrders: CommandRequest[] = [];
    const newOrderLines: number[] = [];
    const placing: Task = { done: undefined };
    const others: { index: number; request: CommandRequest; task: Task; previous: Task | undefined }[] = [];
    for (const [index, line] of lines.entries()) {
      const parsed = parseLine(line, caller);
      if ('problem' in parsed) {
        responses[index] = failure(line.number, parsed.problem);
        continue;
      }
      const { request } = parsed;
      const previous = lastTasks.get(request.orderId);
      if (previous === undefined && request.command.command === 'place') {
        newOrders.push(request);
        newOrderLines.push(index);
        lastTasks.set(request.orderId, placing);
      } else {
        const task: Task = { done: undefined };
        others.push({ index, request, task, previous });
        lastTasks.set(request.orderId, task);
      }
    }

    const refuse = (index: number) => {
      responses[index] = failure(lines[index]?.number ?? 0, authorityLost());
    };
    const place = async () => {
      if (!isAuthorized()) return newOrderLines.forEach(refuse);
      const outcomes = await caller.placeOrders(newOrders);
      for (const [nth, request] of newOrders.entries()) {
        const outcome = outcomes[nth];
        if (outcome) respond(newOrderLines[nth] ?? 0, request, outcome);
      }
    };
    const handleAlone = async (index: number, request: CommandRequest, previous: Task | undefined) => {
      await previous?.done;
      if (!isAuthorized()) return refuse(index);
      respond(index, request, await outcomeOf(caller.handleCommand, request));
    };
    const end = (orderId: string, task: Task) => {
      if (lastTasks.get(orderId) === task) lastTasks.delete(orderId);
    };
    placing.done = place();
    for (const { index, request, task, previous } of others) task.done = handleAlone(index, request, previous);
    await placing.done;
    for (const { orderId } of newOrders) end(orderId, placing);
    for (const { request, task } of others) {
      await task.done;
      end(request.orderId, task);
    }
    return responses;
  };
}

/**
 * Handles one line of an order, or the new orders of a group. The order's next line waits for it.
 */
interface Task {
  /** Undefined until the task starts, which is before any task that waits for it starts. */
  done: Promise<void> | undefined;
}

function failure(line: number, problem: Problem, orderId?: string): LineResponse {
  return { line, status: problem.status, ...(orderId === undefined ? {} : { order_id: orderId }), problem };
}

function responseOf(line: number, { orderId, command }: CommandRequest, outcome: BatchOutcome): LineResponse {
  if (outcome.outcome === 'failed') return failure(line, problemOf(outcome.error), orderId);
  if (outcome.outcome !== 'handled') return failure(line, outcomeProblem(outcome), orderId);
  const status = command.command === 'place' ? 201 : 200;
  const response = { line, status, order_id: outcome.orderId, version: outcome.version } as const;
  return outcome.replayed ? { ...response, replayed: true } : response;
}
