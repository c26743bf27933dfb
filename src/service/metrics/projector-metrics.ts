import type { Registry } from 'prom-client';
import type { Projector } from '../../projector/projector.js';
import type { ProjectorObserver } from '../../projector/projector-options.js';
import type { AppliedStep } from '../../projector/steps/partition-steps.js';
import { addCounter, addGauge, addHistogram } from './metric.js';

/**
 * Registers the metrics of steps and of ownership.
 * @param onLiveStep called after each applied step of live generations.
 * @returns what observes them.
 */
export function observeProjector(
  registry: Registry,
  onLiveStep: ((step: AppliedStep) => void) | undefined,
): ProjectorObserver {
  const events = addHistogram(registry, {
    name: 'orders_projector_step_events',
    help: 'Events in one step of a partition, by kind: live or rebuild.',
    label: 'kind',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
  });
  const duration = addHistogram(registry, {
    name: 'orders_projector_step_duration_seconds',
    help: 'Duration of a step: reading the events, folding them, and applying the result in Redis; by kind.',
    label: 'kind',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  });
  const ownership = addCounter(registry, {
    name: 'orders_projector_ownership_changes_total',
    help: 'Partitions that this process has acquired or lost, by change.',
    labels: ['change'],
  });
  return {
    step(kind, step) {
      events(step.events, kind);
      duration(step.seconds, kind);
      if (kind === 'live') onLiveStep?.(step);
    },
    ownership: (change) => ownership({ change }),
  };
}

/** Registers how many partitions this process projects. */
export function measureProjector(registry: Registry, projector: Pick<Projector, 'ownedPartitions'>): void {
  addGauge(registry, {
    name: 'orders_projector_owned_partitions',
    help: 'Number of partitions that this process projects.',
    collect: (set) => set(projector.ownedPartitions.size),
  });
}
