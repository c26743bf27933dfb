import { useMemo } from 'preact/hooks';
import type { Metrics } from '../api/types.js';
import { place, setQuery } from '../app/route.js';
import { money, shortMoney } from '../format/money.js';
import { count, shortCount } from '../format/numbers.js';
import { Button } from '../ui/button.js';
import { Card } from '../ui/card.js';
import { Chart } from '../ui/chart/chart.js';
import { bucketName } from './bucket-name.js';
import { type Interval, zoomed } from './range.js';

interface OverTimeProps {
  readonly metrics: Metrics;
  readonly timeZone: string;
  readonly interval: Interval;
}

/** The charts of revenue and of orders. */
export function OverTime({ metrics, timeZone, interval }: OverTimeProps) {
  const { series = [], currency } = metrics;
  const times = useMemo(() => series.map(({ start }) => Date.parse(start) / 1000), [series]);
  const revenue = useMemo(
    () => [
      { name: 'Net revenue', values: series.map((one) => one.revenue.net), colour: '--chart-1' },
      { name: 'Paid', values: series.map((one) => one.revenue.paid), colour: '--chart-2', dash: [6, 4] },
      { name: 'Given back', values: series.map((one) => one.revenue.given_back), colour: '--chart-3', dash: [2, 3] },
    ],
    [series],
  );
  const orders = useMemo(
    () => [
      { name: 'Orders', values: series.map((one) => one.orders), colour: '--chart-1', kind: 'bars' as const },
      {
        name: 'Cancelled',
        values: series.map((one) => one.cancelled_orders),
        colour: '--chart-3',
        kind: 'bars' as const,
      },
    ],
    [series],
  );
  const common = {
    times,
    timeZone,
    formatTime: (seconds: number) => bucketName(seconds * 1000, interval, timeZone),
    onZoom: (from: number, to: number) => setQuery(zoomed(from, to)),
  };
  const isZoomed = place.value.query.get('range') === 'custom';
  return (
    <div class="two">
      <Card title="Revenue" actions={isZoomed && <ZoomOut />}>
        <Chart
          {...common}
          label={`Revenue in ${currency} by ${interval}`}
          series={revenue}
          formatValue={(value) => money(value, currency)}
          formatAxis={(value) => shortMoney(value, currency)}
        />
      </Card>
      <Card title="Orders" actions={isZoomed && <ZoomOut />}>
        <Chart
          {...common}
          label={`Orders in ${currency} by ${interval}`}
          series={orders}
          formatValue={count}
          formatAxis={shortCount}
          isCount
        />
      </Card>
    </div>
  );
}

function ZoomOut() {
  return (
    <Button isSmall onClick={() => setQuery({ range: undefined, interval: undefined, from: undefined, to: undefined })}>
      Zoom out
    </Button>
  );
}
