import type { StoredEvent } from './stored-event.js';

/**
 * The sealed data of an event cannot be opened: its key is missing or wrong, or the sealed bytes
 * were changed. Repeating fails again, unlike after a database error.
 */
export class UnopenableEvent extends Error {
  override readonly name = 'UnopenableEvent';
}

/**
 * Opens sealed personal data; forgotten data shows as erased. Keeps the order of the events.
 * Rejects with UnopenableEvent if an event cannot be opened, and with another error if the keys
 * cannot be read.
 */
export type OpenEvents = (events: readonly StoredEvent[]) => Promise<StoredEvent[]>;

/**
 * Opens each event, or returns the error in its place, so that an event that cannot be opened does
 * not affect the others. Opens all of them at once. If that fails, opens each half in the same way:
 * a few events that cannot be opened among thousands cost some ten calls each. Rejects if the keys
 * cannot be read.
 */
export async function openEach(
  open: OpenEvents,
  events: readonly StoredEvent[],
): Promise<readonly (StoredEvent | UnopenableEvent)[]> {
  const opened = await openOrError(open, events);
  if (!(opened instanceof UnopenableEvent)) return opened;
  if (events.length === 1) return [opened];
  const half = Math.ceil(events.length / 2);
  // One after the other: the second half often needs a key that the first one has found.
  const first = await openEach(open, events.slice(0, half));
  return [...first, ...(await openEach(open, events.slice(half)))];
}

function openOrError(open: OpenEvents, events: readonly StoredEvent[]): Promise<StoredEvent[] | UnopenableEvent> {
  return open(events).catch((error: unknown) => {
    if (error instanceof UnopenableEvent) return error;
    throw error;
  });
}
