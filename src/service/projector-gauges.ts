import { Counter, Gauge, type Registry } from 'prom-client';
import type { Projector } from '../projector/projector.js';

/** Prometheus gauges of this process's part in projecting. */
export function measureProjector(registry: Registry, projector: Projector): void {
  const registers = [registry];
  new Gauge({
    name: 'orders_projection_lag_events',
    help: 'Events that a projection is behind, by partition.',
    labelNames: ['projection', 'partition'],
    registers,
    collect() {
      this.reset();
      for (const { projection, partition, lag } of projector.lags()) this.set({ projection, partition }, lag);
    },
  });
  new Gauge({
    name: 'orders_projection_stopped',
    help: '1 where a projection has stopped on an event.',
    labelNames: ['projection', 'partition'],
    registers,
    collect() {
      this.reset();
      for (const { projection, partition } of projector.stopped()) this.set({ projection, partition }, 1);
    },
  });
  new Gauge({
    name: 'orders_projection_stopped_position',
    help: 'Position of the event that a projection has stopped on.',
    labelNames: ['projection', 'partition'],
    registers,
    collect() {
      this.reset();
      for (const { projection, partition, stopped } of projector.stopped()) {
        this.set({ projection, partition }, stopped.position);
      }
    },
  });
  new Gauge({
    name: 'orders_projector_owned_partitions',
    help: 'Partitions that this process projects.',
    registers,
    collect() {
      this.set(projector.ownedPartitions.size);
    },
  });
}

/** Counts attempts to deliver webhooks. */
export function countDeliveries(registry: Registry): (result: string) => void {
  const counter = new Counter({
    name: 'orders_webhook_attempts_total',
    help: 'Attempts to deliver a webhook: delivered, failed (tried again), dead (given up) or gone (the receiver answered 410).',
    labelNames: ['result'],
    registers: [registry],
  });
  return (result) => counter.inc({ result });
}
