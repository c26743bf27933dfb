import type { Registry } from 'prom-client';
import type { ReadModels } from '../../queries/live-generation.js';
import type { ProjectionState } from '../../queries/projections-document.js';
import { addGauge, type SetValue } from './metric.js';

/**
 * Registers gauges of the projections as all processes see them: the heads of the log, as this
 * process read them, and the reports of the partitions' owners. Without Redis they have no values.
 * @param projections reads their states, shared by all gauges of one scrape.
 */
export function measureProjections(
  registry: Registry,
  projections: () => Promise<readonly ProjectionState[]>,
  { headTimes }: Pick<ReadModels, 'headTimes'>,
): void {
  const add = (
    name: string,
    help: string,
    labels: readonly string[],
    collect: (set: SetValue, one: ProjectionState) => void,
  ) =>
    addGauge(registry, {
      ...{ name, help, labels },
      collect: async (set) => {
        for (const one of await projections()) collect(set, one);
      },
    });
  const byPartition = ['projection', 'partition'];
  add(
    'orders_projection_lag_events',
    'Number of events that a projection is behind the log, by partition.',
    byPartition,
    (set, { name: projection, partitions }) => {
      for (const { partition, lag } of partitions) set(lag, { projection, partition });
    },
  );
  add(
    'orders_projection_lag_seconds',
    'Age of the first event that a projection has not applied, by partition; 0 if there is none.',
    byPartition,
    (set, { name: projection, partitions }) => {
      for (const { partition, checkpoint, lag } of partitions) {
        const lagMs = lag === 0 ? 0 : headTimes?.lagMs(partition, checkpoint);
        if (lagMs !== undefined) set(lagMs / 1000, { projection, partition });
      }
    },
  );
  add(
    'orders_projection_stopped',
    '1 if a projection has stopped on an event that it cannot apply.',
    byPartition,
    (set, { name: projection, partitions }) => {
      for (const { partition, stopped } of partitions) if (stopped) set(1, { projection, partition });
    },
  );
  add(
    'orders_projection_stopped_position',
    'Position of the event that a projection has stopped on, by partition.',
    byPartition,
    (set, { name: projection, partitions }) => {
      for (const { partition, stopped } of partitions) {
        if (stopped) set(stopped.position, { projection, partition });
      }
    },
  );
  add(
    'orders_projection_generation',
    'The generation of a projection that queries read.',
    ['projection'],
    (set, { name: projection, generation }) => set(generation, { projection }),
  );
  add(
    'orders_projection_skipped_events',
    'Events that an operator has decided to skip, with the later events of their orders.',
    ['projection'],
    (set, { name: projection, skipped }) => set(skipped.length, { projection }),
  );
  add(
    'orders_projection_rebuild_progress_ratio',
    'Progress of a rebuild, 0 to 1. Absent if the projection is not being rebuilt.',
    ['projection'],
    (set, { name: projection, rebuild }) => {
      if (rebuild) set(rebuild.events_done / Math.max(1, rebuild.events_total), { projection });
    },
  );
  add(
    'orders_projection_rebuild_stopped',
    '1 if a rebuild has stopped on an event. Absent if the projection is not being rebuilt.',
    ['projection'],
    (set, { name: projection, rebuild }) => {
      if (rebuild) set(rebuild.state === 'stopped' ? 1 : 0, { projection });
    },
  );
  const ofPartitions = (name: string, help: string, value: (one: PartitionState) => number | null) =>
    addGauge(registry, {
      ...{ name, help, labels: ['partition'] },
      collect: async (set) => {
        // One process projects all projections of a partition.
        const [first] = await projections();
        for (const one of first?.partitions ?? []) {
          const its = value(one);
          if (its !== null) set(its, { partition: one.partition });
        }
      },
    });
  ofPartitions(
    'orders_partition_unowned',
    '1 if no living projector projects the partition: none has reported on it for 5 seconds, although Redis accepts writes.',
    ({ state }) => (state === 'unowned' ? 1 : 0),
  );
  ofPartitions(
    'orders_partition_blocked',
    '1 if nobody can project the partition, or report on it, because Redis refuses writes.',
    ({ state }) => (state === 'blocked' ? 1 : 0),
  );
  ofPartitions(
    'orders_partition_report_age_seconds',
    'Seconds since a projector last reported on the partition. Absent if none did within an hour.',
    ({ report_age_seconds }) => report_age_seconds,
  );
}

type PartitionState = ProjectionState['partitions'][number];
