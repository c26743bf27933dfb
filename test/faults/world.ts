import type { TcpProxy } from '../support/tcp-proxy.js';
import type { HistoryFile } from './history-file.js';
import type { Caller } from './load/caller.js';
import type { OrdersInPlay } from './load/orders-in-play.js';
import type { Persons } from './load/persons.js';
import type { ChangeReader } from './load/stream-reader.js';
import type { WebhookSink } from './load/webhook-sink.js';
import type { Topology } from './topology/topology.js';

/** All that a fault can touch. */
export interface World {
  readonly topology: Topology;
  readonly history: HistoryFile;
  readonly callers: readonly Caller[];
  readonly readers: readonly ChangeReader[];
  readonly orders: OrdersInPlay;
  readonly sink: WebhookSink;
  /** Between the projectors and the receiver of webhooks. */
  readonly sinkProxy: TcpProxy;
  readonly persons: Persons;
  /** Anomalies that a fault itself has seen. */
  readonly anomalies: string[];
}
