import type { CallRecord, HistoryRecord } from '../history.js';
import type { CommandBody } from './commands.js';

/** A position as responses name it: `5:120`, from the second epoch on `5:120@2-9f3a01bc`. */
export interface EventPosition {
  partition: number;
  position: number;
  epoch: number;
}

/** One command of a call: a batch has one for each line. */
export interface Operation {
  /** "call 17", or "call 17, line 3": for messages. */
  name: string;
  client: number;
  startedAt: number;
  /** Infinity if no response came: the command may still be done. */
  endedAt: number;
  command: string;
  body: CommandBody;
  key?: string;
  /** Unknown if a placing was not answered and the body names no order. */
  orderId?: string;
  /**
   * done: acknowledged. rejected: certainly not done. unknown: done once, or not at all.
   */
  outcome: 'done' | 'rejected' | 'unknown';
  /** The response says that an earlier call with this key, or an equal payment, had done it. */
  replayed: boolean;
  version?: number;
  position?: EventPosition;
  /** The order, if the response has it. */
  order?: Record<string, unknown>;
  status: number;
  problem?: Problem;
}

export interface Problem {
  type?: string;
  current_version?: number;
  current_status?: string;
  may_have_been_done?: boolean;
}

interface LineResult extends Problem {
  status: number;
  order_id?: string;
  version?: number;
  replayed?: boolean;
  problem?: Problem;
}

export interface NumberedCall extends CallRecord {
  number: number;
}

/** The calls of a history, numbered from 1 by their place in it. */
export function callsOf(history: readonly HistoryRecord[]): NumberedCall[] {
  return history.flatMap((record, nth) => (record.kind === 'call' ? [{ ...record, number: nth + 1 }] : []));
}

export function operationsOf(calls: readonly NumberedCall[]): Operation[] {
  return calls.flatMap((call) => {
    if (call.method !== 'POST') return [];
    if (call.path === '/orders/batch') return batchOperations(call);
    const [, orderId, command] = /^\/orders\/([0-9a-f-]{36})\/([a-z]+)$/.exec(call.path) ?? [];
    if (call.path !== '/orders' && (orderId === undefined || command === undefined)) return [];
    return [singleOperation(call, command ?? 'place', orderId)];
  });
}

export function parsePosition(text: string | undefined): EventPosition | undefined {
  const [, partition, position, epoch] = /^(\d+):(\d+)(?:@(\d+)-[0-9a-f]{8})?$/.exec(text ?? '') ?? [];
  if (partition === undefined) return undefined;
  return { partition: Number(partition), position: Number(position), epoch: Number(epoch ?? 1) };
}

function singleOperation(call: NumberedCall, command: string, orderId: string | undefined): Operation {
  const body = (call.body ?? {}) as CommandBody;
  const response = isObject(call.response) ? call.response : undefined;
  const outcome = outcomeOf(call.status, response);
  const id = orderId ?? (outcome === 'done' ? response?.order_id : undefined) ?? body.order_id;
  const position = parsePosition(call.headers?.['event-position']);
  return {
    ...startOf(call, outcome),
    name: `call ${call.number} (${call.method} ${call.path})`,
    command,
    body,
    ...(call.key === undefined ? {} : { key: call.key }),
    ...(typeof id === 'string' ? { orderId: id } : {}),
    replayed: call.headers?.['idempotency-replayed'] === 'true',
    ...(outcome === 'done' && response ? { version: Number(response.version), order: response } : {}),
    ...(position ? { position } : {}),
    status: call.status,
    ...(outcome === 'done' || !response ? {} : { problem: response as Problem }),
  };
}

function batchOperations(call: NumberedCall): Operation[] {
  const lines = (Array.isArray(call.body) ? call.body : []) as (CommandBody & {
    command: string;
    idempotency_key?: string;
  })[];
  const results = (Array.isArray(call.response) ? call.response : []) as LineResult[];
  // A response that is no list is about the batch as a whole: nothing was done, or it is unknown.
  const whole: LineResult | undefined = call.status === 200 ? undefined : { status: call.status, ...problemOf(call) };
  return lines.map(({ command, idempotency_key, ...body }, nth) => {
    const result = whole ?? results[nth] ?? { status: 0 };
    const outcome = outcomeOf(result.status, result.problem ?? result);
    const id = result.order_id ?? body.order_id;
    return {
      ...startOf(call, outcome),
      name: `call ${call.number}, line ${nth + 1} (${command})`,
      command,
      body,
      ...(idempotency_key === undefined ? {} : { key: idempotency_key }),
      ...(id === undefined ? {} : { orderId: id }),
      replayed: result.replayed === true,
      ...(outcome === 'done' && result.version !== undefined ? { version: result.version } : {}),
      status: result.status,
      ...(result.problem ? { problem: result.problem } : {}),
    };
  });
}

function startOf(call: NumberedCall, outcome: Operation['outcome']) {
  const { client, startedAt } = call;
  return { client, startedAt, endedAt: outcome === 'unknown' ? Number.POSITIVE_INFINITY : call.at, outcome };
}

function problemOf(call: NumberedCall): Problem {
  return isObject(call.response) ? (call.response as Problem) : {};
}

/** Every 4xx, and a 503 that does not say otherwise, promises that the command was not done. */
function outcomeOf(status: number, response: Problem | undefined): Operation['outcome'] {
  if (status >= 200 && status < 300) return response ? 'done' : 'unknown';
  if (status >= 400 && status < 500 && status !== 408) return 'rejected';
  if (status === 503 && response && response.may_have_been_done !== true) return 'rejected';
  return 'unknown';
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
