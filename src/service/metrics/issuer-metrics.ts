import type { Registry } from 'prom-client';
import type { IssuerKeysState } from '../../access/issuer-keys.js';
import { addGauge } from './metric.js';

/** Registers gauges of the keys of the token issuer, as this process knows them. */
export function measureIssuerKeys(registry: Registry, state: () => IssuerKeysState): void {
  addGauge(registry, {
    name: 'orders_token_issuer_keys_read_timestamp_seconds',
    help: 'When the keys of the token issuer were last read, in seconds since 1970. 0: never.',
    collect: (set) => set((state().readAtMs ?? 0) / 1000),
  });
  addGauge(registry, {
    name: 'orders_token_issuer_down',
    help: '1 if the last attempt to read the keys of the token issuer failed.',
    collect: (set) => set(state().isFailing ? 1 : 0),
  });
}
