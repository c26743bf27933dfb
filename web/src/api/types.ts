import type { components, paths } from '../../../client/schema.js';

export type Paths = paths;
type Schemas = components['schemas'];

export type Order = Schemas['Order'];
export type OrderPage = Schemas['OrderPage'];
export type LookupPage = Schemas['LookupPage'];
export type Change = Schemas['Change'];
export type HistoryEvent = Schemas['HistoryEvent'];
export type OrderHistory = Schemas['OrderHistory'];
export type Metrics = Schemas['Metrics'];
export type Projection = Schemas['Projections']['projections'][number];
export type Partition = Projection['partitions'][number];
export type Rebuild = Schemas['Rebuild'];
export type Webhook = Schemas['Webhook'];
export type DeadLetter = Schemas['DeadLetters']['dead_letters'][number];
export type SignedCheckpoint = Schemas['SignedCheckpoint'];
export type Health = Schemas['ServiceHealth'];
export type Problem = Partial<Schemas['Problem']> & { readonly title: string; readonly detail: string };
export type Access = Schemas['Access'];
export type Caller = Schemas['Caller'];
export type Scope = Caller['scopes'][number];

export const orderStatuses = [
  'pending',
  'processing',
  'partially_shipped',
  'shipped',
  'delivered',
  'cancelled',
  'partially_returned',
  'returned',
] as const satisfies readonly Order['status'][];

export const paymentStatuses = [
  'unpaid',
  'partially_paid',
  'paid',
  'partially_refunded',
  'refunded',
] as const satisfies readonly Order['payment_status'][];

export type Verification = Schemas['Verification'];
export type DryRun = Schemas['DryRun'];
export type EndedRebuild = Schemas['EndedRebuilds']['rebuilds'][number];
export type DeliveryAttempt = Schemas['WebhookDeliveries']['deliveries'][number];
export type LogPage = Schemas['LogPage'];
export type LoggedEvent = LogPage['events'][number];
export type ApiKey = Schemas['ApiKeys']['keys'][number];
export type System = Schemas['System'];

export const allScopes = [
  'orders:read',
  'orders:read:own',
  'orders:write',
  'orders:import',
  'metrics:read',
  'audit:read',
  'admin',
] as const satisfies readonly Scope[];

export const eventTypes = [
  'OrderPlaced',
  'OrderAmended',
  'OrderPaid',
  'OrderProcessingStarted',
  'OrderShipped',
  'OrderShipmentTracked',
  'OrderDelivered',
  'OrderCancelled',
  'OrderRefunded',
  'OrderCredited',
  'OrderReturned',
  'OrderHeld',
  'OrderReleased',
  'OrderNoteAdded',
  'OrderPersonErased',
] as const;
