import type { LoggedEvent } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { eventName } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { More } from '../ui/more.js';
import { Table } from '../ui/table.js';

/** Events of the log, each with its hash and that of the event before. */
export function EventList({ events }: { readonly events: readonly LoggedEvent[] }) {
  return (
    <Table
      caption="Events of the log"
      rows={events}
      keyOf={({ partition, position }) => `${partition}:${position}`}
      columns={[
        { name: 'Position', isHeader: true, cell: ({ partition, position }) => `${partition}:${position}` },
        {
          name: 'Event',
          cell: (event) => (
            <More summary={eventName(event.type)} class="more event-details">
              {() => <Details event={event} />}
            </More>
          ),
        },
        {
          name: 'Order, version',
          isWide: true,
          cell: ({ order_id, version }) => (
            <span class="nowrap">
              <a href={linkTo(['log'], { stream: order_id })}>…{order_id.slice(-12)}</a>, {version}
            </span>
          ),
        },
        { name: 'Actor', isWide: true, cell: ({ metadata }) => String(metadata.actor ?? '') },
        {
          name: 'Recorded',
          isWide: true,
          cell: ({ recorded_at }) => <span class="nowrap">{dateTime(recorded_at)}</span>,
        },
        {
          name: 'Chain',
          cell: ({ is_intact: isIntact, previous_hash: previous, hash }) => (
            <span class="row">
              {isIntact ? (
                <Badge tone="ok" icon="link" text="Intact" />
              ) : (
                <Badge tone="bad" icon="warning" text={previous === null ? 'Gap before' : 'Changed'} />
              )}
              <code class="muted wide-only" title={hash}>
                {hash.slice(0, 10)}…
              </code>
            </span>
          ),
        },
      ]}
    />
  );
}

function Details({ event }: { readonly event: LoggedEvent }) {
  const { data, metadata, previous_hash: previous, hash, is_sealed: isSealed } = event;
  return (
    <div class="stack">
      <p>
        <a href={linkTo(['orders', event.order_id])}>Order {event.order_id}</a>, version {event.version}. It happened{' '}
        {dateTime(event.occurred_at)}.
      </p>
      {isSealed && <p>The personal data is sealed and cannot be opened here.</p>}
      <pre class="json">{JSON.stringify(data, null, 2)}</pre>
      <pre class="json">{JSON.stringify(metadata, null, 2)}</pre>
      <p class="muted small-text">
        Hash before {previous === null ? 'is not known: the log lacks the event before it' : <code>{previous}</code>}
        <br />
        Hash <code>{hash}</code>
      </p>
    </div>
  );
}
