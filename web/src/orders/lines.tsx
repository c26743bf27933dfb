import type { Order } from '../api/types.js';
import { money } from '../format/money.js';
import { count, plural, words } from '../format/numbers.js';
import { isolated } from '../format/text.js';
import { dateTime } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Card } from '../ui/card.js';
import { Empty } from '../ui/states.js';
import { Table } from '../ui/table.js';

const pageSize = 25;

/** The lines of an order, and what has happened to their units. */
export function Lines({ order }: { readonly order: Order }) {
  const { items, currency, adjustments } = order;
  const dash = (units: number) => (units === 0 ? <span class="muted">–</span> : count(units));
  return (
    <Card title={plural(items.length, 'line')} isFlush>
      <Table
        caption="Lines"
        rows={items}
        pageSize={pageSize}
        keyOf={({ line_id }) => line_id}
        columns={[
          { name: 'Item', isHeader: true, cell: ({ item_id }) => <span class="name-cell">{item_id}</span> },
          { name: 'Units', isNumeric: true, cell: ({ quantity }) => count(quantity) },
          {
            name: 'Unit price',
            isNumeric: true,
            isWide: true,
            cell: ({ unit_price }) => (unit_price === undefined ? '–' : money(unit_price, currency)),
          },
          { name: 'Cancelled', isNumeric: true, isWide: true, cell: ({ cancelled }) => dash(cancelled) },
          { name: 'Shipped', isNumeric: true, cell: ({ shipped }) => dash(shipped) },
          { name: 'Delivered', isNumeric: true, isWide: true, cell: ({ delivered }) => dash(delivered) },
          { name: 'Returned', isNumeric: true, cell: ({ returned }) => dash(returned) },
        ]}
      />
      {adjustments.length > 0 && (
        <Table
          caption="Adjustments"
          rows={adjustments.map((one, nth) => ({ ...one, nth }))}
          keyOf={({ nth }) => String(nth)}
          columns={[
            { name: 'Adjustment', isHeader: true, cell: ({ type }) => words(type) },
            { name: 'Description', cell: ({ description }) => description ?? '' },
            { name: 'Amount', isNumeric: true, cell: ({ amount }) => money(amount, currency) },
          ]}
        />
      )}
    </Card>
  );
}

/** The shipments of an order. */
export function Shipments({ order: { shipments } }: { readonly order: Order }) {
  return (
    <Card title="Shipments" isFlush>
      {shipments.length === 0 ? (
        <Empty icon="truck" title="Nothing has shipped" />
      ) : (
        <Table
          caption="Shipments"
          rows={shipments}
          pageSize={pageSize}
          keyOf={({ shipment_id }) => shipment_id}
          columns={[
            { name: 'No.', isHeader: true, cell: ({ shipment_id }) => shipment_id },
            {
              name: 'Contents',
              cell: ({ items }) =>
                items.map(({ item_id, quantity }) => `${count(quantity)}\u00a0×\u00a0${isolated(item_id)}`).join(', '),
            },
            {
              name: 'Carrier',
              cell: ({ carrier, tracking_number }) =>
                [carrier, tracking_number].flatMap((text) => (text ? [isolated(text)] : [])).join(' ') || '–',
            },
            { name: 'Shipped', isWide: true, cell: ({ shipped_at }) => dateTime(shipped_at) },
            {
              name: 'Arrived',
              cell: ({ delivered_at }) =>
                delivered_at === null ? <Badge tone="info" icon="truck" text="In transit" /> : dateTime(delivered_at),
            },
          ]}
        />
      )}
    </Card>
  );
}
