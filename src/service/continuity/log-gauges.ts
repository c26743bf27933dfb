import { Gauge, type Registry } from 'prom-client';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';

/** Registers Prometheus gauges of the event log, as this process last read it. */
export function measureLog(registry: Registry, continuity: LogContinuity): void {
  const registers = [registry];
  new Gauge({
    name: 'orders_log_went_back',
    help: '1 if the event log is not the one that this process knows: a restore or a failover has lost its end.',
    registers,
    collect() {
      this.set(continuity.refusal ? 1 : 0);
    },
  });
  new Gauge({
    name: 'orders_log_epoch',
    help: 'The number of the epoch of the event log that this process serves.',
    registers,
    collect() {
      this.set(Number(continuity.epoch.split('-')[0]));
    },
  });
  new Gauge({
    name: 'orders_log_clock_behind_seconds',
    help: 'Seconds by which the clock of PostgreSQL is behind the last event; 0 if it is not.',
    registers,
    collect() {
      this.set(continuity.clock.behindMs / 1000);
    },
  });
}
