import { isKeyReservation } from '../../event-log/key-reservation.js';
import { type OpenEvents, openEach, UnopenableEvent } from '../../event-log/open-events.js';
import { isOperatorEvent } from '../../event-log/operators/operator-events.js';
import { type StoredEvent, storedOrderEvent } from '../../event-log/stored-event.js';
import type { ProjectedEvent } from '../../projections/projection.js';

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
  const opened = await openEach(open, all);
  return all.map((stored, index) => {
    const event = opened[index] ?? stored;
    if (event instanceof UnopenableEvent) return { stored, error: event };
    // Projections pass over the position of an event that is not of an order, and fold nothing.
    if (isOperatorEvent(event) || isKeyReservation(event)) return { stored };
    try {
      return { stored, event: { stored: event, event: storedOrderEvent(event) } };
    } catch (error) {
      return { stored, error };
    }
  });
}
