import { useEffect, useRef, useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { listPollMs, useResource } from '../api/resource.js';
import { may } from '../api/session.js';
import { useStream } from '../api/stream.js';
import type { Order } from '../api/types.js';
import { place, setQuery } from '../app/route.js';
import { count } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Button } from '../ui/button.js';
import { PageHeader } from '../ui/card.js';
import { Copyable } from '../ui/copy.js';
import { Icon } from '../ui/icon.js';
import { Live } from '../ui/live.js';
import { Failure, Shown } from '../ui/states.js';
import { toast } from '../ui/toast.js';
import { CommandBar } from './command-bar.js';
import { Lines, Shipments } from './lines.js';
import { MoneyFacts, OrderFacts } from './order-facts.js';
import { ProofCard } from './proof-card.js';
import { DamagedBadge, HoldBadge, PaymentBadge, StatusBadge } from './status-badges.js';
import { Timeline } from './timeline.js';
import { Travel } from './travel.js';

/** One order: as it is now, or as it was at an earlier version. */
export function OrderView({ orderId }: { readonly orderId: string }) {
  const path = { order_id: orderId };
  const [isLive, setLive] = useState(false);
  const order = useResource(
    `order ${orderId}`,
    (signal) => got(api.GET('/orders/{order_id}', { params: { path }, signal })),
    isLive ? undefined : listPollMs,
  );
  const [changes, setChanges] = useState(0);
  useStream(
    `/orders/stream?order_id=${encodeURIComponent(orderId)}`,
    ({ event }) => {
      if (event === 'problem') return;
      order.reload();
      setChanges((before) => before + 1);
    },
    setLive,
  );
  return (
    <>
      <nav aria-label="Back">
        <a class="row" href="#/orders">
          <Icon name="left" /> All orders
        </a>
      </nav>
      {!order.data && <PageHeader title="Order" lead={<Copyable text={orderId} />} />}
      <Shown resource={order} lines={12}>
        {(now) => (
          <Versions
            now={now}
            isLive={isLive}
            round={changes}
            key={now.order_id}
            onDone={() => {
              order.reload();
              setChanges((before) => before + 1);
            }}
          />
        )}
      </Shown>
    </>
  );
}

interface VersionsProps {
  readonly now: Order;
  readonly isLive: boolean;
  /** Rises when the order has changed. */
  readonly round: number;
  readonly onDone: () => void;
}

function Versions({ now, isLive, round, onDone }: VersionsProps) {
  const asked = Number(place.value.query.get('version'));
  const version = Number.isInteger(asked) && asked >= 1 && asked < now.version ? asked : now.version;
  const isPast = version < now.version;
  const path = { order_id: now.order_id };
  const then = useResource(`order ${now.order_id} ${isPast ? version : `now ${now.version}`}`, (signal) =>
    isPast
      ? got(api.GET('/orders/{order_id}', { params: { path, query: { version } }, signal }))
      : Promise.resolve(now),
  );
  useEffect(() => {
    if (asked <= now.version) return;
    toast(`The order has no version ${asked}: this is version ${now.version}`, 'bad');
    setQuery({ version: undefined });
  }, [asked, now.version]);
  const goTo = (chosen: number) => setQuery({ version: chosen >= now.version ? undefined : String(chosen) });
  // While an earlier version is read, the one that was shown before stays.
  const last = useRef(now);
  if (then.data) last.current = then.data;
  const shown = isPast ? last.current : now;
  return (
    <>
      <PageHeader
        title={shown.reference === null ? 'Order' : `Order ${shown.reference}`}
        lead={
          <span class="row">
            <Copyable text={now.order_id} />
            <StatusBadge status={shown.status} />
            <PaymentBadge status={shown.payment_status} />
            {shown.on_hold && <HoldBadge />}
            {now.damaged && <DamagedBadge />}
            <Live isOn={isLive} />
          </span>
        }
      />
      {now.damaged && (
        <div class="then-note" role="note">
          <span>
            An operator has let the read model skip an event of this order. Its later events are missing here; the{' '}
            <a href="#/projections">projections</a> name the event.
          </span>
        </div>
      )}
      {isPast ? (
        <div class="then-note" role="status">
          <span class="row">
            <Icon name="clock" /> As it was after version {count(shown.version)}, {dateTime(shown.updated_at)}
          </span>
          <Button isSmall onClick={() => goTo(now.version)}>
            Back to now
          </Button>
        </div>
      ) : (
        may('orders:write') && <CommandBar order={now} onDone={onDone} />
      )}
      <Travel version={version} last={now.version} onTravel={goTo} />
      {isPast && then.error !== undefined && <Failure error={then.error} onRetry={then.reload} />}
      <div class="main-side">
        <div class="stack">
          <Lines order={shown} />
          <Shipments order={shown} />
        </div>
        <div class="stack side">
          <MoneyFacts order={shown} />
          <OrderFacts order={shown} />
          {may('audit:read', 'orders:read') && <ProofCard order={now} />}
        </div>
        <Timeline order={now} version={version} round={round} onTravel={goTo} />
      </div>
    </>
  );
}
