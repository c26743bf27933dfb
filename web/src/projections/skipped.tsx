import type { Projection } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { eventName, plural } from '../format/numbers.js';
import { Table } from '../ui/table.js';

/** The events that operators have decided to skip. */
export function Skipped({ projection: { name, skipped } }: { readonly projection: Projection }) {
  return (
    <details class="more">
      <summary>{plural(skipped.length, 'skipped event')}: these orders are damaged here</summary>
      <Table
        caption={`Skipped events of ${name}`}
        rows={skipped}
        pageSize={20}
        keyOf={({ partition, position }) => `${partition}:${position}`}
        columns={[
          { name: 'Position', isHeader: true, cell: ({ partition, position }) => `${partition}:${position}` },
          { name: 'Event', cell: ({ type }) => (type === null ? 'unknown' : eventName(type)) },
          {
            name: 'Order',
            cell: ({ order_id }) => (order_id === null ? '–' : <a href={linkTo(['orders', order_id])}>{order_id}</a>),
          },
        ]}
      />
    </details>
  );
}
