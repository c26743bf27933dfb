import { count, type FromSchema, list, nullable, object, text, time, uuid } from '../json-schema.js';

/** The states of a projection in a partition, the worst first. */
export const projectionStates = ['stopped', 'unowned', 'blocked', 'live'] as const;

/** Without a report, nobody knows whether the partition has a living projector. */
const blocked = 'blocked: Redis refuses writes, so that projectors can neither apply events nor report';

/** The event at which a projection stopped, and why. */
const stoppedProperties = {
  position: count,
  order_id: nullable(uuid),
  type: nullable(text),
  error: text,
  at: { ...time, description: 'When it stopped.' },
} as const;
const stoppedSchema = object(stoppedProperties);

export const rebuildSchema = object(
  {
    generation: count,
    version: { ...count, description: 'The version of the projection’s code that builds the generation.' },
    state: {
      enum: ['building', 'stopped', 'unowned', 'blocked'],
      description: `stopped: at an event, see \`stopped\`. unowned: a partition has no living projector. ${blocked}.`,
    },
    requested_by: text,
    requested_at: time,
    events_done: count,
    events_total: count,
    /** Events that are still to be projected. */
    lag: count,
    events_per_second: nullable(count),
    seconds_left: nullable(count),
    stopped: {
      ...list(object({ partition: count, ...stoppedProperties })),
      description: 'The events at which the rebuild has stopped, one per partition, and why.',
    },
  },
  ['stopped'],
);

const partitionSchema = object(
  {
    partition: count,
    state: {
      enum: projectionStates,
      description: `stopped: at an event, see \`stopped\`. unowned: no living projector reports on the partition. ${blocked}.`,
    },
    checkpoint: count,
    /** The end of the log, as this process last read it. */
    head: count,
    /** Events between the checkpoint and the head. */
    lag: count,
    lag_seconds: {
      ...nullable(count),
      description: 'Age of the first event that is not applied, within a second; null if it is unknown.',
    },
    /** The process that projects the partition; null if none does, or none can report. */
    owner: nullable(text),
    reported_at: nullable(time),
    report_age_seconds: {
      ...nullable(count),
      description: 'Seconds since a projector last reported on the partition; null if none did within an hour.',
    },
    stopped: stoppedSchema,
  },
  ['stopped'],
);

/** An event that an operator has decided to skip, with the later events of its order. */
const skippedSchema = object({ partition: count, position: count, order_id: nullable(uuid), type: nullable(text) });

const projectionSchema = object({
  name: text,
  version: {
    ...count,
    description: 'The version of the projection’s code that made the generation which queries read.',
  },
  generation: count,
  /** Events behind, over all partitions. */
  lag: count,
  lag_seconds: { ...nullable(count), description: 'The longest lag of a partition; null if one is unknown.' },
  state: {
    enum: projectionStates,
    description: 'The worst state of a partition: stopped, then unowned, blocked, live.',
  },
  rebuild: { anyOf: [rebuildSchema, { type: 'null' }] },
  partitions: list(partitionSchema),
  skipped: {
    ...list(skippedSchema),
    description:
      'Events that an operator has decided to skip, and with each the later events of its order: these orders are ' +
      'damaged in this read model.',
  },
});

export const projectionsSchema = object({
  projections: list(projectionSchema),
  heads_age_seconds: {
    ...nullable(count),
    description: 'Seconds since this process last read the heads from the log; null before the first time.',
  },
});

export type RebuildState = FromSchema<typeof rebuildSchema>;
export type ProjectionState = FromSchema<typeof projectionSchema>;
export type PartitionState = FromSchema<typeof partitionSchema>;
export type StoppedState = FromSchema<typeof stoppedSchema>;
