import { useEffect, useState } from 'preact/hooks';
import { api, download, got, messageOf } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { HistoryEvent, Order } from '../api/types.js';
import { save } from '../format/csv.js';
import { eventName } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Button } from '../ui/button.js';
import { Card } from '../ui/card.js';
import { Copyable } from '../ui/copy.js';
import { Icon, type IconName } from '../ui/icon.js';
import { More } from '../ui/more.js';
import { Shown } from '../ui/states.js';
import { toast } from '../ui/toast.js';
import { Changes } from './changes.js';
import { eventSummary } from './event-summary.js';

interface TimelineProps {
  readonly order: Order;
  readonly version: number;
  readonly round: number;
  readonly onTravel: (version: number) => void;
}

const icons: Readonly<Record<string, IconName>> = {
  OrderPlaced: 'orders',
  OrderAmended: 'edit',
  OrderPaid: 'card',
  OrderProcessingStarted: 'gear',
  OrderShipped: 'truck',
  OrderShipmentTracked: 'edit',
  OrderDelivered: 'home',
  OrderCancelled: 'cross',
  OrderRefunded: 'back',
  OrderCredited: 'card',
  OrderReturned: 'back',
  OrderHeld: 'pause',
  OrderReleased: 'check',
  OrderNoteAdded: 'note',
};
/** Events that are read and shown at first, and with each click on “more”. */
const pageEvents = 100;

/** Everything that happened to the order, newest first: who, when, why, and what it changed. */
export function Timeline({ order, version, round, onTravel }: TimelineProps) {
  const [limit, setLimit] = useState(pageEvents);
  const after = Math.max(0, order.version - limit);
  const history = useResource(`history ${order.order_id} ${after}`, async (signal) => {
    const found = await got(
      api.GET('/orders/{order_id}/history', {
        params: { path: { order_id: order.order_id }, query: { diff: true, after, limit } },
        signal,
      }),
    );
    if ('events' in found && 'next_after' in found) return found;
    throw new Error('the history has an unknown form');
  });
  const { reload } = history;
  useEffect(() => {
    if (round > 0) reload();
  }, [round, reload]);
  return (
    <Card
      title="Timeline"
      actions={
        <Button isSmall icon="download" onClick={() => void saveCsv(order.order_id)}>
          CSV
        </Button>
      }
    >
      <Shown resource={history} lines={8}>
        {({ events, partition }) => (
          <>
            <ol class="timeline" reversed>
              {events.toReversed().map((event) => (
                <Entry
                  key={event.version}
                  event={event}
                  partition={partition}
                  currency={order.currency}
                  version={version}
                  onTravel={onTravel}
                />
              ))}
            </ol>
            {after > 0 && (
              <Button isSmall onClick={() => setLimit(limit + pageEvents)}>
                Show earlier events
              </Button>
            )}
          </>
        )}
      </Shown>
    </Card>
  );
}

interface EntryProps {
  readonly event: HistoryEvent;
  readonly partition: number;
  readonly currency: string;
  readonly version: number;
  readonly onTravel: (version: number) => void;
}

function Entry({ event, partition, currency, version, onTravel }: EntryProps) {
  const isCurrent = event.version === version;
  const summary = eventSummary(event, currency);
  return (
    <li class={isCurrent ? 'current' : event.version > version ? 'future' : undefined}>
      <span class="mark">
        <Icon name={icons[event.type] ?? 'info'} />
      </span>
      <div>
        <div class="event-head">
          <button
            type="button"
            class="event-button"
            aria-current={isCurrent ? 'step' : undefined}
            title={`Show the order after version ${event.version}`}
            onClick={() => onTravel(event.version)}
          >
            {eventName(event.type)}
          </button>
          <span class="muted small-text">
            <time dateTime={event.occurred_at}>{dateTime(event.occurred_at)}</time>
          </span>
        </div>
        {summary !== '' && <p>{summary}</p>}
        <p class="muted small-text">
          by {event.actor}, version {event.version}
        </p>
        <More summary="Changes and details">
          {() => (
            <>
              {event.changes && event.changes.length > 0 && <Changes changes={event.changes} />}
              <p>
                Recorded {dateTime(event.recorded_at)} at position {partition}:{event.position}.
              </p>
              {event.request_id && (
                <p>
                  Request <Copyable text={event.request_id} />
                </p>
              )}
              {event.idempotency_key && (
                <p>
                  Idempotency key <Copyable text={event.idempotency_key} />
                </p>
              )}
              <p>
                Hash <Copyable text={event.hash} short={`${event.hash.slice(0, 16)}…`} />
              </p>
              <pre class="json">{JSON.stringify(event.data, null, 2)}</pre>
            </>
          )}
        </More>
      </div>
    </li>
  );
}

async function saveCsv(orderId: string): Promise<void> {
  try {
    const response = await download(`/orders/${encodeURIComponent(orderId)}/history`, 'text/csv');
    save(`order-${orderId}.csv`, 'text/csv', await response.text());
  } catch (error) {
    toast(messageOf(error), 'bad');
  }
}
