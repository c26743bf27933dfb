import type { FaultRecord } from '../history.js';
import { groupBy } from './group-by.js';
import type { Losses } from './losses.js';
import { type NumberedCall, parsePosition } from './operations.js';

/** Problems that the rules and the reads of an order explain: the other checks judge them. */
const explained: Readonly<Record<string, readonly string[]>> = {
  404: ['/problems/order-not-found'],
  409: [
    ...['order-exists', 'invalid-transition', 'order-on-hold', 'exceeds-amount-due', 'exceeds-refundable-amount'],
    ...['exceeds-creditable-amount', 'amended-below-credited', 'wrong-cancelled-amount', 'exceeds-ordered-quantity'],
    ...['exceeds-units-in-transit', 'exceeds-shipped-quantity', 'shipment-not-found', 'person-erased'],
  ].map((name) => `/problems/${name}`),
};
/** Faults that take no server away from the API: no call may fail because of them. */
const harmless = /^(rebuild|key revoked|forget|\S+ receiver)$/;
/** Faults of projectors alone: a read model may be late, but no query loses it. */
const ofProjectors = /^(SIGKILL of|SIGSTOP and SIGCONT of) projector-\d( and projector-\d)?$/;
/** A query waits in vain for an event that a projector has not applied. */
const late = '/problems/position-not-reached';
/** Callers that meet on one order may get this without any fault. */
const contended = '/problems/contended';
/** The service repeats such commands itself: only a few fail in the end. */
const maxContendedShare = 0.01;
const freeContended = 10;
const keyReused = '/problems/idempotency-key-reused';

interface Outcome {
  readonly name: string;
  readonly call: NumberedCall;
  readonly status: number;
  readonly type: string | undefined;
  readonly text: string;
}

/**
 * No call failed without a reason. A 500 has none, a 410 has one only for a position that a restore
 * has lost, and a 503, a 408 or a missing response only during a fault. Callers send what the
 * service accepts: no other 4xx is right.
 */
export function checkStatuses(
  calls: readonly NumberedCall[],
  losses: Losses,
  faults: readonly FaultRecord[],
): string[] {
  const reused = reusedKeys(calls);
  const outcomes = calls.flatMap(outcomesOf);
  const refused = outcomes.filter(({ type }) => type === contended).length;
  const tooMany = refused > Math.max(freeContended, maxContendedShare * outcomes.length);
  const flood = tooMany ? [`${refused} of ${outcomes.length} commands and queries were refused as contended.`] : [];
  const wrong = outcomes.flatMap((outcome) => {
    if (outcome.type === keyReused && outcome.status === 422 && reused.has(outcome.call.key)) return [];
    const problem = problemOf(outcome, losses, faults);
    return problem === undefined ? [] : [`${outcome.name} ${problem}: ${outcome.text}.`];
  });
  return [...flood, ...wrong];
}

function problemOf(
  { call, status, type }: Outcome,
  losses: Losses,
  faults: readonly FaultRecord[],
): string | undefined {
  if (call.unreadable !== undefined) return `got ${status} with a body that is no JSON`;
  if (status >= 200 && status < 300) return undefined;
  if (status === 410) {
    const position = parsePosition(call.minPosition);
    const isLost = position !== undefined && losses.hasLostPosition(position);
    return isLost ? undefined : `got a 410 for ${call.minPosition}, which no restore has lost`;
  }
  if (status === 0 || status === 408 || status === 503) {
    if (type === contended || isDuring(call, faults, type)) return undefined;
    return status === 0 ? 'got no response, although there was no fault' : `got a ${status}, without any fault`;
  }
  return explained[status]?.includes(type ?? '') ? undefined : `got a ${status}`;
}

/** The keys that callers have sent with two bodies: the later one is to be refused. */
function reusedKeys(calls: readonly NumberedCall[]): Set<string | undefined> {
  const keyed = calls.filter(({ key }) => key !== undefined);
  const bodies = groupBy(keyed, ({ key }) => key);
  const isReused = ([, some]: [unknown, NumberedCall[]]) =>
    new Set(some.map(({ body }) => JSON.stringify(body))).size > 1;
  return new Set([...bodies].filter(isReused).map(([key]) => key));
}

/** Whether a fault that explains a failure was there, or its effects, at some time of a call. */
function isDuring({ startedAt, at }: NumberedCall, faults: readonly FaultRecord[], type: string | undefined): boolean {
  return faults.some(
    (fault) => fault.at <= at && (fault.readyAt ?? Infinity) >= startedAt && !isHarmless(fault, type === late),
  );
}

/** @param isLate whether the failure is one that projectors alone can cause. */
function isHarmless({ name, detail }: FaultRecord, isLate: boolean): boolean {
  const details = detail.split('; ');
  return name
    .split(' + ')
    .every((one, nth) => harmless.test(one) || (!isLate && ofProjectors.test(details[nth] ?? '')));
}

/** The result of a call, or of each line of a batch. A line without a result has the status 0. */
function outcomesOf(call: NumberedCall): Outcome[] {
  const name = `call ${call.number} (${call.method} ${call.path})`;
  const one = (status: number, problem: unknown, line = ''): Outcome => ({
    name: `${name}${line}`,
    call,
    status,
    type: (problem as { type?: string } | null | undefined)?.type,
    text: call.unreadable ?? JSON.stringify(problem),
  });
  if (call.status !== 200 || !Array.isArray(call.response)) return [one(call.status, call.response)];
  const results = call.response as { status: number; problem?: unknown }[];
  const lines = Array.isArray(call.body) ? call.body : [];
  return lines.map((_, nth) => one(results[nth]?.status ?? 0, results[nth]?.problem, `, line ${nth + 1}`));
}
