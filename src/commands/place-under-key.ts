import {
  isKeyReservation,
  type KeyReservation,
  keyReservation,
  newKeyReservation,
} from '../event-log/key-reservation.js';
import { recordedEvent, type StoredEvent } from '../event-log/stored-event.js';
import { decideFirst } from '../orders/decisions/decide.js';
import { PersonBeingForgotten, type PersonKeys } from '../privacy/person-keys.js';
import { keyedHash } from '../privacy/sealed-events.js';
import type { CommandOutcome, HandleCommand } from './command-outcome.js';
import { type CommandRequest, requestHash } from './command-request.js';
import { appendDecision, type CommandDeps } from './handle-command.js';
import { isHashOf, storedHash } from './idempotency.js';
import { commandLimits as limits } from './limits.js';
import { derivedOrderId, newOrderId } from './order-ids.js';
import { noOrder } from './order-state.js';
import { isByActor, storedActor } from './stored-actor.js';

/** A request to place an order that has an Idempotency-Key. */
type KeyedRequest = CommandRequest & { readonly idempotencyKey: string };

export interface PlaceUnderKey {
  /**
   * Places an order whose request has both an Idempotency-Key and an order id, as one order per key
   * and caller. The order id is reserved for the key first, in the stream that is derived from
   * both, and the order is placed when the reservation is committed:
   *
   * - Reserved by this request: the order is placed under its id.
   * - Reserved before, and that order was placed under this key: the request is a repetition.
   * - Reserved before, but no order has the id: it is placed now, under the reserved id.
   * - Reserved before, but another order has the id: this request's id is reserved in its place.
   *
   * A request that is invalid reserves nothing.
   */
  readonly placeReserving: HandleCommand;
  /** Continues a request with an Idempotency-Key alone, whose key has reserved an order id. */
  readonly placeReserved: HandleCommand;
}

/** @param loadFirst places an order that may exist: it loads the stream first. */
export function createPlaceUnderKey(deps: CommandDeps, loadFirst: HandleCommand): PlaceUnderKey {
  /** Resolves with whether the order id is now reserved. */
  async function reserve(request: KeyedRequest, version: number, hash: HashedCommand): Promise<boolean> {
    const { actor, idempotencyKey, orderId, command } = request;
    const userId = command.command === 'place' ? command.userId : '';
    const metadata = {
      schema: 1,
      actor: hash.person === undefined ? actor : storedActor(actor, userId, hash.person),
      idempotency_key: idempotencyKey,
      ...hash,
    };
    const event = newKeyReservation({ orderId, metadata }, deps.now());
    const stream = derivedOrderId(actor, idempotencyKey);
    return (await deps.append({ orderId: stream, expectedVersion: version, events: [event] })).appended;
  }

  async function placeUnder(request: KeyedRequest, isNewKey: boolean): Promise<CommandOutcome> {
    const decision = decideFirst(request.command);
    if ('rejected' in decision) return { outcome: 'rejected', rejection: decision };
    const hash = requestHash(request);
    const place = async () => {
      if (request.expectedVersions !== undefined) return loadFirst(request);
      return (await appendDecision(deps, request, decision, noOrder, hash)) ?? loadFirst(request);
    };
    const hashed = await hashedCommand(deps.personKeys, request, hash);
    if (!hashed) return place();
    if (isNewKey && (await reserve(request, 0, hashed))) return place();
    const stream = derivedOrderId(request.actor, request.idempotencyKey);
    for (let nth = 0; nth < limits.maxDecisions; nth += 1) {
      // Reservations are small, and at most `maxReservationsPerKey`: they are on the first page.
      const { events: reservations } = await deps.readStream(stream);
      const last = reservations.at(-1);
      // The key alone has placed an order, in this stream.
      if (last && !isKeyReservation(last)) return loadFirst({ ...request, orderId: stream });
      if (last) {
        const reserved = keyReservation(last);
        const taken = await isTaken(request, (await deps.readStream(reserved.orderId)).events);
        if (taken === undefined && !(await isSameCommand(deps.personKeys, reserved, hash)))
          return { outcome: 'idempotency-key-reused' };
        const isFull = reservations.length >= limits.maxReservationsPerKey;
        if (!taken || isFull || reserved.orderId === request.orderId)
          return loadFirst({ ...request, orderId: reserved.orderId });
      }
      if (await reserve(request, reservations.length, hashed)) return place();
    }
    return { outcome: 'contended' };
  }

  const keyed = (request: CommandRequest): KeyedRequest => {
    const { idempotencyKey } = request;
    if (idempotencyKey === undefined) throw new Error('the request has no Idempotency-Key');
    return { ...request, idempotencyKey };
  };
  return {
    placeReserving: (request) => placeUnder(keyed(request), true),
    placeReserved: (request) => placeUnder({ ...keyed(request), orderId: newOrderId() }, false),
  };
}

/** The hash of a command, and the person under whose key it is hashed if data is sealed. */
interface HashedCommand {
  readonly command_hash: string;
  readonly person?: string;
}

/**
 * Keys a command's hash for its reservation. The hash could confirm a guess about personal data,
 * so it is keyed like that of an event, and means nothing once the person is forgotten. Undefined
 * while the person is being forgotten: placing the order is then rejected.
 */
async function hashedCommand(
  personKeys: PersonKeys | undefined,
  { command }: CommandRequest,
  hash: string,
): Promise<HashedCommand | undefined> {
  if (!personKeys || command.command !== 'place') return { command_hash: storedHash(hash) };
  try {
    const key = await personKeys.ofUser(command.userId);
    return { command_hash: storedHash(keyedHash(hash, key)), person: key.person };
  } catch (error) {
    if (error instanceof PersonBeingForgotten) return undefined;
    throw error;
  }
}

/** Whether another order than this key's has the reserved id. Undefined if no order has it. */
function isTaken({ actor, idempotencyKey }: KeyedRequest, stream: readonly StoredEvent[]): boolean | undefined {
  const [first] = stream;
  if (!first) return undefined;
  if (isKeyReservation(first)) return true;
  const { metadata, type, data } = recordedEvent(first);
  const names = { userId: type === 'OrderPlaced' ? data.user_id : '', person: metadata.person };
  return metadata.idempotency_key !== idempotencyKey || !isByActor(names, metadata.actor, actor);
}

/** If the person was forgotten since, the hash cannot be compared, and the key has to suffice. */
async function isSameCommand(
  personKeys: PersonKeys | undefined,
  { metadata: { person, command_hash } }: KeyReservation,
  hash: string,
): Promise<boolean> {
  if (person === undefined) return isHashOf(command_hash, hash);
  const key = (await personKeys?.ofPersons([person]))?.get(person);
  return key === undefined || isHashOf(command_hash, keyedHash(hash, { key }));
}
