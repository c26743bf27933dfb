import { isOperatorEvent } from '../event-log/operators/operator-events.js';
import { type StoredEvent, storedOrderEvent } from '../event-log/stored-event.js';
import { UnopenableEvent } from '../event-log/unopenable-event.js';
import type { ProjectedEvent } from '../projections/projection.js';

/** Opens what is sealed in events: personal data, as long as its key is there. In the same order. */
export type OpenEvents = (events: readonly StoredEvent[]) => Promise<StoredEvent[]>;

/** An event as it was read: with what it means today, or why that can't be told. */
export interface DecodedEvent {
  readonly stored: StoredEvent;
  readonly event?: ProjectedEvent;
  readonly error?: unknown;
}

/**
 * What stored events mean today. One that can't be opened or understood comes with its error; the others are not held up.
 * Rejects where the keys can't be asked for.
 */
export async function decodeEvents(all: readonly StoredEvent[], open: OpenEvents): Promise<DecodedEvent[]> {
  let opened: readonly StoredEvent[];
  try {
    opened = await open(all);
  } catch (error) {
    if (!(error instanceof UnopenableEvent)) throw error;
    const [only] = all;
    if (only && all.length === 1) return [{ stored: only, error }];
    // Halves, until the one that does not open is alone: those before it are folded.
    const half = Math.ceil(all.length / 2);
    return [...(await decodeEvents(all.slice(0, half), open)), ...(await decodeEvents(all.slice(half), open))];
  }
  return all.map((stored, index) => {
    const event = opened[index] ?? stored;
    // What operators did is no projection's business: its position is passed, and nothing is folded.
    if (isOperatorEvent(event)) return { stored };
    try {
      return { stored, event: { stored: event, event: storedOrderEvent(event) } };
    } catch (error) {
      return { stored, error };
    }
  });
}
