import { groupBy } from './group-by.js';
import type { LogEvent } from './log.js';
import type { Losses } from './losses.js';
import type { Operation } from './operations.js';
import { dataOf, keyOf, type OrderRun } from './orders.js';
import { decide } from './rules.js';
import { isSameEvent } from './same-event.js';
import type { OrderState } from './state.js';

/**
 * Every acknowledged command is in the log exactly once, with its content; a rejected one is not;
 * an unanswered one is there once or not at all; a retry under the same key has the same result.
 */
export function checkAcknowledged(
  order: OrderRun,
  states: readonly OrderState[],
  losses: Losses,
  count: (what: string) => void,
): string[] {
  const anomalies: string[] = [];
  const done = new Map<number, Operation>();
  for (const operation of order.operations) {
    count(`${operation.outcome} commands`);
    if (operation.outcome !== 'done') continue;
    if (losses.hasLost(operation, order.partition, order.events)) {
      count('lost commands');
      continue;
    }
    anomalies.push(...checkDone(order, states, operation));
    if (operation.replayed || operation.version === undefined) continue;
    const other = done.get(operation.version);
    if (other)
      anomalies.push(
        `${operation.name} and ${other.name} both were acknowledged as version ${operation.version} of order ${order.id}.`,
      );
    done.set(operation.version, operation);
  }
  return [...anomalies, ...checkKeys(order, losses), ...checkOrigins(order, states, done, losses, count)];
}

function checkDone(order: OrderRun, states: readonly OrderState[], operation: Operation): string[] {
  const version = operation.version ?? 0;
  const event = order.events[version - 1];
  const place = operation.position ? ` at ${operation.position.partition}:${operation.position.position}` : '';
  const claim = `${operation.name} was acknowledged as version ${version} of order ${order.id}${place}`;
  if (!event) return [`${claim}, but the log does not have it.`];
  const { position } = operation;
  if (position && (position.partition !== event.partition || position.position !== event.position))
    return [`${claim}, but the log has that version at ${nameOf(event)}.`];
  const isPaymentRepeated = operation.replayed && operation.command === 'pay' && keyOf(event) !== operation.key;
  if (isPaymentRepeated) return [];
  if (keyOf(event) !== operation.key)
    return [`${claim} under key ${operation.key}, but ${nameOf(event)} has key ${keyOf(event)}.`];
  const before = states[version - 2];
  const decision = decide(before, operation.command, operation.body);
  if (decision.outcome !== 'event')
    return [
      `${claim}, but the rules do not allow it: ${decision.outcome === 'rejected' ? decision.reason : 'it repeats a payment'}.`,
    ];
  if (decision.type !== event.type || !isSameEvent(before, event.type, decision.data, dataOf(event)))
    return [
      `${claim}, but ${nameOf(event)} is ${event.type} ${event.data}, not ${decision.type} ${JSON.stringify(decision.data)}.`,
    ];
  return [];
}

/** One key is one command: one event at most, none if all its calls were rejected, one result. */
function checkKeys(order: OrderRun, losses: Losses): string[] {
  const anomalies: string[] = [];
  const operations = groupBy(order.operations, (operation) => operation.key);
  const events = groupBy(order.events, keyOf);
  operations.delete(undefined);
  events.delete(undefined);
  for (const [key, found] of events) {
    const names = found.map(nameOf).join(' and ');
    if (found.length > 1)
      anomalies.push(`key ${key} of order ${order.id} is in the log ${found.length} times: ${names}.`);
    const calls = operations.get(key) ?? [];
    if (calls.length > 0 && calls.every((call) => call.outcome === 'rejected'))
      anomalies.push(
        `order ${order.id} has ${names}, but ${calls.map((call) => call.name).join(' and ')} was rejected.`,
      );
  }
  for (const [key, calls] of operations) {
    const results = calls.filter(
      (call) => call.outcome === 'done' && !losses.hasLost(call, order.partition, order.events),
    );
    const bodies = new Set(results.map((call) => JSON.stringify(call.body)));
    if (bodies.size > 1)
      anomalies.push(
        `key ${key} of order ${order.id} was acknowledged for different commands: ${results.map((call) => call.name).join(', ')}.`,
      );
    const versions = new Set(results.map((call) => call.version));
    if (versions.size > 1)
      anomalies.push(
        `key ${key} of order ${order.id} has different results: ${results.map((call) => `${call.name} version ${call.version}`).join(', ')}.`,
      );
  }
  return anomalies;
}

/**
 * Each event comes from a call of the run, or from the operator who had a person forgotten. Even if
 * the call got no response, the event has to be what it asked for.
 */
function checkOrigins(
  order: OrderRun,
  states: readonly OrderState[],
  done: ReadonlyMap<number, Operation>,
  losses: Losses,
  count: (what: string) => void,
): string[] {
  const byKey = groupBy(order.operations, (operation) => operation.key);
  const withoutKey = new Set((byKey.get(undefined) ?? []).filter(({ outcome }) => outcome === 'unknown'));
  const isCompared = (one: Operation) => one.outcome === 'done' && !losses.hasLost(one, order.partition, order.events);
  const anomalies: string[] = [];
  for (const event of order.events) {
    if (event.type === 'OrderPersonErased') continue;
    count('events with an origin');
    const key = keyOf(event);
    if (key === undefined && done.has(event.version)) continue;
    const calls = key === undefined ? [...withoutKey] : (byKey.get(key) ?? []);
    const [call] = calls;
    if (!call) {
      anomalies.push(
        `no call asked for ${nameOf(event)} (${event.type}) of order ${order.id}, version ${event.version}.`,
      );
      continue;
    }
    if (key !== undefined && calls.some(isCompared)) continue;
    count('events of unanswered calls');
    const origin = calls.find((one) => leadsTo(states[event.version - 2], one, event));
    if (origin) withoutKey.delete(origin);
    else
      anomalies.push(
        `${call.name} was not answered and asked for ${call.command} ${JSON.stringify(call.body)}, but ` +
          `${nameOf(event)} of order ${order.id} is ${event.type} ${event.data}.`,
      );
  }
  return anomalies;
}

/** Whether the rules make this event of a command. */
function leadsTo(before: OrderState | undefined, { command, body }: Operation, event: LogEvent): boolean {
  const decision = decide(before, command, body);
  if (decision.outcome !== 'event' || decision.type !== event.type) return false;
  return isSameEvent(before, event.type, decision.data, dataOf(event));
}

const nameOf = (event: LogEvent) => `${event.partition}:${event.position}`;
