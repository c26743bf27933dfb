import { isKeyReservation } from '../../event-log/key-reservation.js';
import { isOperatorEvent } from '../../event-log/operators/operator-events.js';
import { type StoredEvent, storedOrderEvent } from '../../event-log/stored-event.js';
import { UnopenableEvent } from '../../event-log/unopenable-event.js';
import type { ProjectedEvent } from '../../projections/projection.js';

/**
 * Opens sealed personal data; forgotten data shows as erased. Keeps the order of the events.
 * Rejects with UnopenableEvent if an event cannot be opened, and with another error if the keys
 * cannot be read.
 */
export type OpenEvents = (events: readonly StoredEvent[]) => Promise<StoredEvent[]>;

/**
 * A stored event with its decoded form, or with the error of decoding it. Operator events and
 * reservations of keys have neither.
 */
export interface DecodedEvent {
  readonly stored: StoredEvent;
  readonly event?: ProjectedEvent;
  readonly error?: unknown;
}

/**
 * Opens and upcasts stored events. An event that cannot be opened or decoded comes with its error
 * and does not affect the others. Rejects if the keys cannot be read.
 */
export async function decodeEvents(all: readonly StoredEvent[], open: OpenEvents): Promise<DecodedEvent[]> {
  let opened: readonly StoredEvent[];
  try {
    opened = await open(all);
  } catch (error) {
    if (!(error instanceof UnopenableEvent)) throw error;
    const [only] = all;
    if (only && all.length === 1) return [{ stored: only, error }];
    // Halving isolates the event that cannot be opened, so that the events before it are folded.
    const half = Math.ceil(all.length / 2);
    return [...(await decodeEvents(all.slice(0, half), open)), ...(await decodeEvents(all.slice(half), open))];
  }
  return all.map((stored, index) => {
    const event = opened[index] ?? stored;
    // Projections pass over the position of an event that is not of an order, and fold nothing.
    if (isOperatorEvent(event) || isKeyReservation(event)) return { stored };
    try {
      return { stored, event: { stored: event, event: storedOrderEvent(event) } };
    } catch (error) {
      return { stored, error };
    }
  });
}
