import type { Order } from '../api/types.js';
import { words } from '../format/numbers.js';
import { Badge, type Tone } from '../ui/badge.js';
import type { IconName } from '../ui/icon.js';

const statuses: Readonly<Record<Order['status'], readonly [Tone, IconName]>> = {
  pending: ['neutral', 'clock'],
  processing: ['info', 'gear'],
  partially_shipped: ['info', 'truck'],
  shipped: ['info', 'truck'],
  delivered: ['ok', 'check'],
  cancelled: ['bad', 'cross'],
  partially_returned: ['warn', 'back'],
  returned: ['warn', 'back'],
};

const payments: Readonly<Record<Order['payment_status'], readonly [Tone, IconName]>> = {
  unpaid: ['warn', 'clock'],
  partially_paid: ['warn', 'card'],
  paid: ['ok', 'card'],
  partially_refunded: ['info', 'back'],
  refunded: ['neutral', 'back'],
};

export function StatusBadge({ status }: Pick<Order, 'status'>) {
  const [tone, icon] = statuses[status];
  return <Badge tone={tone} icon={icon} text={words(status)} />;
}

export function PaymentBadge({ status }: { readonly status: Order['payment_status'] }) {
  const [tone, icon] = payments[status];
  return <Badge tone={tone} icon={icon} text={words(status)} />;
}

export function DamagedBadge() {
  return <Badge tone="bad" icon="warning" text="Damaged" />;
}

export function HoldBadge() {
  return <Badge tone="warn" icon="pause" text="On hold" />;
}
