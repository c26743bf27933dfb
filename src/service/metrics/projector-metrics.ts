import { Counter, Gauge, type Registry } from 'prom-client';
import type { IssuerKeysState } from '../../access/issuer-keys.js';
import type { Projector } from '../../projector/projector.js';

/** Registers Prometheus gauges of the partitions that this process projects. */
export function measureProjector(registry: Registry, projector: Projector): void {
  const registers = [registry];
  new Gauge({
    name: 'orders_projection_lag_events',
    help: 'Number of events that a projection is behind the log, by partition.',
    labelNames: ['projection', 'partition'],
    registers,
    collect() {
      this.reset();
      for (const { projection, partition, lag } of projector.lags()) this.set({ projection, partition }, lag);
    },
  });
  new Gauge({
    name: 'orders_projection_stopped',
    help: '1 if a projection has stopped on an event that it cannot apply.',
    labelNames: ['projection', 'partition'],
    registers,
    collect() {
      this.reset();
      for (const { projection, partition } of projector.stoppedProjections()) this.set({ projection, partition }, 1);
    },
  });
  new Gauge({
    name: 'orders_projection_stopped_position',
    help: 'Position of the event that a projection has stopped on, by partition.',
    labelNames: ['projection', 'partition'],
    registers,
    collect() {
      this.reset();
      for (const { projection, partition, stopped } of projector.stoppedProjections()) {
        this.set({ projection, partition }, stopped.position);
      }
    },
  });
  new Gauge({
    name: 'orders_projector_owned_partitions',
    help: 'Number of partitions that this process projects.',
    registers,
    collect() {
      this.set(projector.ownedPartitions.size);
    },
  });
}

/** Registers a counter of the attempts to deliver webhooks. @returns a function that counts one. */
export function countDeliveries(registry: Registry): (result: string) => void {
  const counter = new Counter({
    name: 'orders_webhook_attempts_total',
    help: 'Attempts to deliver a webhook, by result: delivered, failed (will be retried), dead (became a dead letter) or gone (the receiver responded with 410).',
    labelNames: ['result'],
    registers: [registry],
  });
  return (result) => counter.inc({ result });
}

/** Registers gauges of the keys of the token issuer, as this process knows them. */
export function measureIssuerKeys(registry: Registry, state: () => IssuerKeysState): void {
  const registers = [registry];
  new Gauge({
    name: 'orders_token_issuer_keys_read_timestamp_seconds',
    help: 'When the keys of the token issuer were last read, in seconds since 1970. 0: never.',
    registers,
    collect() {
      this.set((state().readAtMs ?? 0) / 1000);
    },
  });
  new Gauge({
    name: 'orders_token_issuer_down',
    help: '1 if the last attempt to read the keys of the token issuer failed.',
    registers,
    collect() {
      this.set(state().isFailing ? 1 : 0);
    },
  });
}
