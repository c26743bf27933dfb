import type { Registry } from 'prom-client';
import type { AppendObserver } from '../../event-log/append/append.js';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';
import { addCounter, addGauge, addHistogram } from './metric.js';

/** Registers gauges of the event log, as this process last read it. */
export function measureLog(registry: Registry, continuity: LogContinuity): void {
  addGauge(registry, {
    name: 'orders_log_went_back',
    help: '1 if the event log is not the one that this process knows: a restore or a failover has lost its end.',
    collect: (set) => set(continuity.refusal ? 1 : 0),
  });
  addGauge(registry, {
    name: 'orders_log_epoch',
    help: 'The number of the epoch of the event log that this process serves.',
    collect: (set) => set(Number(continuity.epoch.split('-')[0])),
  });
  addGauge(registry, {
    name: 'orders_log_clock_behind_seconds',
    help: 'Seconds by which the clock of PostgreSQL is behind the last event; 0 if it is not.',
    collect: (set) => set(continuity.clock.behindMs / 1000),
  });
  addGauge(registry, {
    name: 'orders_log_head_position',
    help: 'Position of the last event, by partition, as this process last read it.',
    labels: ['partition'],
    collect: (set) => {
      for (let partition = 0; partition < continuity.settings.partitions; partition += 1) {
        const head = continuity.knownHead(partition);
        if (head !== undefined) set(head, { partition });
      }
    },
  });
  addGauge(registry, {
    name: 'orders_log_heads_age_seconds',
    help: 'Seconds since this process last read the heads of the log, which it does once a second.',
    collect: (set) => {
      const { ageMs } = continuity.times;
      if (ageMs !== undefined) set(ageMs / 1000);
    },
  });
}

/** Registers the metrics of appends. @returns what observes them. */
export function measureAppends(registry: Registry): AppendObserver {
  const events = addHistogram(registry, {
    name: 'orders_append_call_events',
    help: 'Events in one append call to PostgreSQL, which carries the appends of many commands.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  });
  const duration = addHistogram(registry, {
    name: 'orders_append_call_duration_seconds',
    help: 'Duration of an append call to PostgreSQL, its commit included, by result: committed or failed.',
    label: 'result',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
  });
  const conflicts = addCounter(registry, {
    name: 'orders_append_conflicts_total',
    help: 'Appends that another append to the same order preceded. Their commands are decided again.',
  });
  const retries = addCounter(registry, {
    name: 'orders_append_retries_total',
    help: 'Appends that were sent again, because their outcome was unknown or PostgreSQL rolled them back.',
  });
  let queued = 0;
  addGauge(registry, {
    name: 'orders_appends_queued',
    help: 'Appends that wait for a call to PostgreSQL.',
    collect: (set) => set(queued),
  });
  return {
    call(call) {
      events(call.events);
      duration(call.seconds, call.isCommitted ? 'committed' : 'failed');
    },
    conflict: () => conflicts(),
    retry: () => retries(),
    queued(count) {
      queued = count;
    },
  };
}
