import type { Metrics } from '../api/types.js';
import { csv, save } from '../format/csv.js';
import { money } from '../format/money.js';
import { count } from '../format/numbers.js';
import { Button } from '../ui/button.js';
import { Card } from '../ui/card.js';
import { Table } from '../ui/table.js';
import { bucketName } from './bucket-name.js';
import type { Interval } from './range.js';

interface FigureTableProps {
  readonly metrics: Metrics;
  readonly timeZone: string;
  readonly interval: Interval;
}

const pageSize = 12;

/** The figures of the charts as a table, newest first. */
export function FigureTable({ metrics, timeZone, interval }: FigureTableProps) {
  const { series = [], currency } = metrics;
  const amounts = ['gross', 'cancelled', 'refunded', 'credited', 'net', 'paid', 'given_back'] as const;
  const download = () =>
    save(
      `orders-by-${interval}-${currency}.csv`,
      'text/csv',
      csv(
        ['start', 'currency', 'orders', 'cancelled_orders', 'units', ...amounts],
        series.map((one) => [
          one.start,
          currency,
          one.orders,
          one.cancelled_orders,
          one.units,
          ...amounts.map((name) => one.revenue[name]),
        ]),
      ),
    );
  return (
    <Card
      title="Figures"
      isFlush
      actions={
        <Button isSmall icon="download" onClick={download}>
          CSV
        </Button>
      }
    >
      <Table
        caption={`Orders and revenue by ${interval}, newest first`}
        pageSize={pageSize}
        rows={series.toReversed()}
        keyOf={({ start }) => start}
        columns={[
          { name: 'Interval', isHeader: true, cell: ({ start }) => bucketName(Date.parse(start), interval, timeZone) },
          { name: 'Orders', isNumeric: true, cell: ({ orders }) => count(orders) },
          { name: 'Cancelled', isNumeric: true, isWide: true, cell: (one) => count(one.cancelled_orders) },
          { name: 'Units', isNumeric: true, isWide: true, cell: ({ units }) => count(units) },
          { name: 'Gross', isNumeric: true, isWide: true, cell: ({ revenue }) => money(revenue.gross, currency) },
          { name: 'Refunded', isNumeric: true, isWide: true, cell: ({ revenue }) => money(revenue.refunded, currency) },
          { name: 'Net', isNumeric: true, cell: ({ revenue }) => money(revenue.net, currency) },
          { name: 'Paid', isNumeric: true, isWide: true, cell: ({ revenue }) => money(revenue.paid, currency) },
        ]}
      />
    </Card>
  );
}
