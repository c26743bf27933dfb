import { type EventPosition, type LogEpochs, parseEventPosition as parse } from '../../log-epochs.js';
import { UsageError } from './errors.js';

/**
 * Parses the position of an event in the log, as in the header Event-Position. Undefined if it has
 * another form. Throws UsageError if the event was lost before a later epoch of the log began.
 */
export function parseEventPosition(text: string, epochs?: LogEpochs): EventPosition | undefined {
  const event = parse(text);
  if (event && epochs?.isLost(event)) {
    throw new UsageError(`the event at ${text} was lost: the log is in epoch ${epochs.current}`);
  }
  return event;
}
