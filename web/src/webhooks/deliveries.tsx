import { api, got } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { DeliveryAttempt } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { count, eventName } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Card } from '../ui/card.js';
import { Empty, Shown } from '../ui/states.js';
import { Table } from '../ui/table.js';

const pollMs = 3_000;

/** The last attempts to deliver to a webhook, with the status of the receiver or the error. */
export function Deliveries({ webhookId }: { readonly webhookId: string }) {
  const path = { webhook_id: webhookId };
  const list = useResource(
    `deliveries ${webhookId}`,
    (signal) => got(api.GET('/webhooks/{webhook_id}/deliveries', { params: { path }, signal })),
    pollMs,
  );
  return (
    <Card title="Last deliveries" isFlush>
      <Shown resource={list}>
        {({ deliveries }) =>
          deliveries.length === 0 ? (
            <Empty icon="webhooks" title="Nothing was sent lately" />
          ) : (
            <Table
              caption="The last deliveries, newest first"
              rows={deliveries}
              pageSize={10}
              keyOf={({ event, attempt, at }) => `${event} ${attempt} ${at}`}
              columns={[
                { name: 'Result', isHeader: true, cell: (one) => <Result attempt={one} /> },
                { name: 'When', cell: ({ at }) => dateTime(at) },
                { name: 'Event', cell: ({ type }) => eventName(type) },
                {
                  name: 'Order',
                  cell: ({ order_id }) => <a href={linkTo(['orders', order_id])}>…{order_id.slice(-12)}</a>,
                },
                { name: 'Position', isWide: true, cell: ({ event }) => event },
                { name: 'Attempt', isNumeric: true, isWide: true, cell: ({ attempt }) => count(attempt) },
                { name: 'Status', isNumeric: true, cell: ({ status }) => status ?? '–' },
                { name: 'Took', isNumeric: true, isWide: true, cell: ({ duration_ms }) => `${count(duration_ms)} ms` },
                { name: 'Error', cell: ({ error }) => error ?? '' },
              ]}
            />
          )
        }
      </Shown>
    </Card>
  );
}

function Result({ attempt: { result } }: { readonly attempt: DeliveryAttempt }) {
  if (result === 'delivered') return <Badge tone="ok" icon="check" text="Delivered" />;
  if (result === 'gone') return <Badge tone="warn" icon="stop" text="Gone" />;
  return <Badge tone="bad" icon="warning" text="Failed" />;
}
