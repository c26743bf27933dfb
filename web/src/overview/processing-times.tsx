import type { Metrics } from '../api/types.js';
import { count } from '../format/numbers.js';
import { duration } from '../format/time.js';
import { Card } from '../ui/card.js';
import { Empty } from '../ui/states.js';
import { Table } from '../ui/table.js';

type Durations = Metrics['processing_time']['placed_to_shipped'];

/** How long orders take from their placing to shipping and to delivery. */
export function ProcessingTimes({ metrics, by }: { readonly metrics: Metrics; readonly by: 'placed' | 'event' }) {
  const { placed_to_shipped: shipped, placed_to_delivered: delivered } = metrics.processing_time;
  const rows = [
    { name: 'Placed to shipped', ...shipped },
    { name: 'Placed to delivered', ...delivered },
  ];
  // A long duration takes two lines, of which none begins with a unit.
  const shown = (value: number | null) =>
    value === null ? '–' : <span class="may-wrap">{duration(value).replace(/(\d) /g, '$1\u00a0')}</span>;
  const column = (name: string, of: (row: Durations) => number | null) => ({
    name,
    isNumeric: true,
    cell: (row: Durations) => shown(of(row)),
  });
  return (
    <Card title="Processing times" isFlush>
      {by === 'event' || shipped.count + delivered.count === 0 ? (
        <Empty icon="clock" title="No processing times">
          {by === 'event'
            ? 'They belong to orders, so they are shown when amounts count by the time of placing.'
            : 'No order of this range has shipped yet.'}
        </Empty>
      ) : (
        <Table
          caption="Processing times"
          keyOf={({ name }) => name}
          rows={rows}
          columns={[
            { name: 'From, to', isHeader: true, cell: ({ name }) => name },
            { name: 'Orders', isNumeric: true, cell: (row) => count(row.count) },
            column('Median', ({ p50 }) => p50),
            column('90 %', ({ p90 }) => p90),
            { ...column('99 %', ({ p99 }) => p99), isWide: true },
            { ...column('Mean', ({ mean }) => mean), isWide: true },
          ]}
        />
      )}
    </Card>
  );
}
