import { type FromSchema, object, record, text, time, uuid } from '../json-schema.js';
import { eventPositionPattern } from '../log-epochs.js';

/** The properties of an event that clients see wherever an event is shown. */
export const eventProperties = {
  version: { type: 'integer', minimum: 1 },
  type: text,
  data: { ...record({}), description: 'As in the log: amounts are in minor units.' },
  actor: text,
  occurred_at: time,
  recorded_at: time,
} as const;

/** One event of an order, as streams and webhooks send it. */
export const changeSchema = object({
  order_id: uuid,
  ...eventProperties,
  position: { type: 'string', pattern: eventPositionPattern, description: 'An Event-Position.' },
});

export type ChangeDocument = FromSchema<typeof changeSchema>;

/** @param position as `LogEpochs.format` writes it. */
export function changeDocument(position: string, change: Omit<ChangeDocument, 'position'>): ChangeDocument {
  const { order_id, version, type, data, actor, occurred_at, recorded_at } = change;
  return { order_id, version, type, data, actor, occurred_at, recorded_at, position };
}
