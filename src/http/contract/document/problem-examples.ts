import { IssuerUnavailable } from '../../../access/issuer-unavailable.js';
import { DatabaseUnavailable } from '../../../event-log/connection/database-unavailable.js';
import { ClockBehind, LogWentBack } from '../../../event-log/log-went-back.js';
import { Overloaded } from '../../../event-log/overloaded.js';
import { forbidden, onHold, rejected } from '../../../orders/decisions/rejection.js';
import type { OrderEvent } from '../../../orders/events.js';
import { fold } from '../../../orders/evolve.js';
import type { Order } from '../../../orders/order.js';
import { MalformedEvent, UnreadableEvent } from '../../../orders/upcast.js';
import { ReadModelUnavailable } from '../../../read-models/read-model-unavailable.js';
import type { Operation } from '../operation.js';
import { type ProblemName, problemTypes } from '../problem-types.js';
import {
  authorityLost,
  insufficientScope,
  outcomeProblem,
  type Problem,
  problem,
  problemOf,
  runNotFound,
  validationProblem,
} from '../problems.js';
import { exampleValueOf } from './example-of.js';
import { exampleValues } from './example-values.js';

type Json = Readonly<Record<string, unknown>>;

/** Examples of problems by their names, as the operation responds with them. */
export function problemExamples(names: readonly ProblemName[], operation: Operation): Json {
  return Object.fromEntries(
    names.map((name) => [name, { summary: problemTypes[name].title, value: problemExample(name, operation) }]),
  );
}

/** A problem as the operation responds with it. */
export function problemExample(name: ProblemName, operation: Operation): Json {
  const { type, title, status, detail, ...members } = made(name, operation);
  const instance = name === 'not-found' ? unknownPath : examplePath(operation.path);
  return { type, title, status, detail, instance, request_id: exampleValues.request_id, ...members };
}

const unknownPath = '/order';

function examplePath(path: string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => String(exampleValueOf(name)));
}

/** The problem, made by the code that makes those of requests. */
function made(name: ProblemName, operation: Operation): Problem {
  const isQuery = operation.method === 'get';
  const { title } = problemTypes[name];
  switch (name) {
    case 'not-found':
      return problem(name, `There is nothing at ${unknownPath}.`);
    case 'unauthenticated':
      return authorityLost();
    case 'insufficient-scope':
      return insufficientScope(operation.access === 'public' ? [] : operation.access).problem;
    case 'validation':
      return validationProblem([
        operation.tag === 'Commands'
          ? { pointer: '/items/0/quantity', message: 'must be at least 1' }
          : { pointer: '/query/colour', message: 'is not a known field' },
      ]);
    case 'run-not-found':
      return runNotFound(String(exampleValues.run_id)).problem;
    case 'version-mismatch':
      return outcomeProblem({ outcome: name, currentVersion: 3 });
    case 'idempotency-key-reused':
    case 'contended':
      return outcomeProblem({ outcome: name });
    case 'invalid-transition':
      return outcomeProblem({
        outcome: 'rejected',
        rejection: forbidden(order, 'has nothing that can be shipped now'),
      });
    case 'order-on-hold':
      return outcomeProblem({ outcome: 'rejected', rejection: onHold(heldOrder) });
    case 'exceeds-amount-due':
    case 'exceeds-refundable-amount':
    case 'exceeds-creditable-amount':
    case 'amended-below-credited':
    case 'wrong-cancelled-amount':
    case 'exceeds-ordered-quantity':
    case 'exceeds-units-in-transit':
    case 'exceeds-shipped-quantity':
    case 'shipment-not-found':
    case 'person-erased':
    case 'order-history-full':
      return outcomeProblem({ outcome: 'rejected', rejection: rejected(name, order, `${title}.`) });
    case 'overloaded':
      return problemOf(new Overloaded('requests', 250), isQuery);
    case 'event-log-unavailable':
      return problemOf(new DatabaseUnavailable('the connection to PostgreSQL broke', !isQuery, ''), isQuery);
    case 'log-went-back':
      return problemOf(new LogWentBack(`${title}.`), isQuery);
    case 'clock-behind':
      return problemOf(new ClockBehind(`${title}.`), isQuery);
    case 'token-issuer-unavailable':
      return problemOf(new IssuerUnavailable(title), isQuery);
    case 'read-models-unavailable':
      return problemOf(new ReadModelUnavailable(''), isQuery);
    case 'unreadable-event':
      return problemOf(new UnreadableEvent(exampleEvent, new MalformedEvent('its data has no valid /items')), isQuery);
    case 'internal-error':
      return problemOf(new Error(title), isQuery);
    default:
      return problem(name, `${title}.`);
  }
}

const exampleEvent = {
  orderId: String(exampleValues.order_id),
  version: 1,
  type: 'OrderPlaced',
  partition: 5,
  position: 120,
};

const at = '2026-03-02T09:30:00.000Z';
const orderId = String(exampleValues.order_id);
const events = [
  {
    type: 'OrderPlaced',
    data: {
      user_id: 'u-1',
      currency: 'EUR',
      total_minor: 5_998,
      items: [{ item_id: 'shirt', quantity: 2, unit_price_minor: 2_999 }],
      metadata: {},
    },
  },
  { type: 'OrderPaid', data: { amount_minor: 5_998, payment_reference: 'pay_4711' } },
  { type: 'OrderHeld', data: { reason: 'the address is being checked' } },
] as const satisfies readonly OrderEvent[];

/** The order after the first of the events. */
function orderAfter(count: number): Order {
  const folded = fold(
    events
      .slice(0, count)
      .map((event, nth) => ({ ...event, orderId, version: nth + 1, occurredAt: at, recordedAt: at })),
  );
  if (!folded) throw new Error('an order has at least one event');
  return folded;
}

const order = orderAfter(2);
const heldOrder = orderAfter(3);
