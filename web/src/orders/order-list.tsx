import { useEffect, useRef, useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { listPollMs, useResource } from '../api/resource.js';
import { may } from '../api/session.js';
import { useStream } from '../api/stream.js';
import type { Order } from '../api/types.js';
import { place } from '../app/route.js';
import { count, plural } from '../format/numbers.js';
import { Button } from '../ui/button.js';
import { Card, PageHeader } from '../ui/card.js';
import { Live } from '../ui/live.js';
import { Empty, Shown } from '../ui/states.js';
import { FilterForm } from './filter-form.js';
import { apiQuery, type Filters, filtersOf } from './filters.js';
import { OrderTable } from './order-table.js';
import { downloadOrders } from './orders-csv.js';
import { PlaceOrder } from './place-order.js';

const pageSize = 50;
/** Changes that come in quick succession lead to one reading. */
const settleMs = 700;
/** A row stays marked as changed for this time. */
const markedMs = 4_000;

interface Page {
  readonly orders: readonly Order[];
  readonly next: string | null;
}

/** Orders, newest first, with filters; the first page follows changes as they happen. */
export function OrderList() {
  const filters = filtersOf(place.value.query);
  const key = JSON.stringify(filters);
  const [cursors, setCursors] = useState<{ readonly key: string; readonly list: readonly string[] }>({ key, list: [] });
  const visited = cursors.key === key ? cursors.list : [];
  const cursor = visited.at(-1);
  const [isLive, setLive] = useState(false);
  const page = useResource(
    `${key} ${cursor ?? ''}`,
    (signal) => readPage(filters, cursor, signal),
    isLive ? undefined : listPollMs,
  );
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  const [isPlacing, setPlacing] = useState(false);
  const { data } = page;

  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const isFirst = cursor === undefined;
  useStream(
    '/orders/stream',
    ({ event, data: text }) => {
      if (event === 'reset') page.reload();
      if (event !== 'message') return;
      const id = orderIdOf(text);
      if (id === undefined) return;
      const isShown = data?.orders.some((order) => order.order_id === id) ?? false;
      if (!isFirst && !isShown) return;
      setChanged((before) => new Set([...before, id]));
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        page.reload();
      }, settleMs);
    },
    setLive,
  );
  useEffect(() => {
    if (changed.size === 0) return;
    const unmark = setTimeout(() => setChanged(new Set()), markedMs);
    return () => clearTimeout(unmark);
  }, [changed]);

  return (
    <>
      <PageHeader title="Orders" lead={<Live isOn={isLive} />}>
        <Button
          icon="download"
          isDisabled={data === undefined || data.orders.length === 0}
          onClick={() => downloadOrders(data?.orders ?? [])}
        >
          CSV of this page
        </Button>
        {may('orders:write') && (
          <Button kind="primary" icon="plus" onClick={() => setPlacing(true)}>
            Place an order
          </Button>
        )}
      </PageHeader>
      <FilterForm filters={filters} />
      <Card title={filters.q === '' ? 'Newest first' : `Orders that match “${filters.q}”`} isFlush>
        <Shown resource={page} lines={10}>
          {({ orders, next }) =>
            orders.length === 0 ? (
              <NoOrders filters={filters} />
            ) : (
              <>
                <OrderTable orders={orders} changed={changed} />
                <nav class="pager" aria-label="Pages of orders">
                  <Button
                    isSmall
                    icon="left"
                    isDisabled={visited.length === 0}
                    onClick={() => setCursors({ key, list: visited.slice(0, -1) })}
                  >
                    Newer
                  </Button>
                  <span>
                    Page {count(visited.length + 1)}, {plural(orders.length, 'order')}
                  </span>
                  <Button
                    isSmall
                    icon="right"
                    isDisabled={next === null}
                    onClick={() => next !== null && setCursors({ key, list: [...visited, next] })}
                  >
                    Older
                  </Button>
                </nav>
              </>
            )
          }
        </Shown>
      </Card>
      {isPlacing && <PlaceOrder onClose={() => setPlacing(false)} />}
    </>
  );
}

function NoOrders({ filters }: { readonly filters: Filters }) {
  if (filters.q !== '') {
    return (
      <Empty icon="search" title={`Nothing is found under “${filters.q}”`}>
        A look-up finds whole order ids, references, payment references, tracking numbers and customers.
      </Empty>
    );
  }
  return (
    <Empty icon="orders" title="No order matches">
      Take a filter away, or place an order.
    </Empty>
  );
}

async function readPage(filters: Filters, cursor: string | undefined, signal: AbortSignal): Promise<Page> {
  const more = { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) };
  const { orders, next_cursor: next } =
    filters.q === ''
      ? await got(api.GET('/orders', { params: { query: { ...apiQuery(filters), ...more } }, signal }))
      : await got(api.GET('/orders/lookup', { params: { query: { q: filters.q, ...more } }, signal }));
  return { orders, next };
}

function orderIdOf(text: string): string | undefined {
  const change: unknown = JSON.parse(text);
  if (change === null || typeof change !== 'object' || !('order_id' in change)) return undefined;
  return typeof change.order_id === 'string' ? change.order_id : undefined;
}
