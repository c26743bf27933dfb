import { useRef, useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { useResource } from '../api/resource.js';
import { may } from '../api/session.js';
import { useStream } from '../api/stream.js';
import type { Metrics } from '../api/types.js';
import { place, setQuery } from '../app/route.js';
import { money, roundMoney } from '../format/money.js';
import { count, plural } from '../format/numbers.js';
import { isTimeZone, timeZones } from '../format/time.js';
import { Card, PageHeader, Tile } from '../ui/card.js';
import { Choice } from '../ui/choice.js';
import { Input, Select } from '../ui/field.js';
import { Live } from '../ui/live.js';
import { Empty, Shown } from '../ui/states.js';
import { ByStatus } from './by-status.js';
import { FigureTable } from './figure-table.js';
import { OverTime } from './over-time.js';
import { ProcessingTimes } from './processing-times.js';
import { intervalNames, type RangeName, rangeNames, rangeOf } from './range.js';

/** Without a stream of changes, the figures are read again this often. */
const pollMs = 10_000;
/** Changes that come in quick succession lead to one reading. */
const settleMs = 1_000;

/** Orders and revenue over time, as they change. */
export function Overview() {
  const { query } = place.value;
  const zone = query.get('zone');
  const timeZone =
    zone !== null && isTimeZone(zone) ? zone : (Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC');
  const currency = query.get('currency') ?? undefined;
  const by = query.get('by') === 'event' ? 'event' : 'placed';
  const range = rangeOf(query, Date.now(), timeZone);
  const parameters = {
    currency: currency as 'EUR' | undefined,
    time_zone: timeZone,
    interval: range.interval,
    by,
    from: range.from,
    to: range.to,
  } as const;
  const canFollow = may('orders:read');
  const metrics = useResource(
    JSON.stringify(parameters),
    (signal) => got(api.GET('/orders/metrics', { params: { query: defined(parameters) }, signal })),
    pollMs,
  );
  const [isLive, setLive] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useStream(
    canFollow ? '/orders/stream' : undefined,
    () => {
      if (timer.current !== undefined) return;
      timer.current = setTimeout(() => {
        timer.current = undefined;
        metrics.reload();
      }, settleMs);
    },
    setLive,
  );
  return (
    <>
      <PageHeader title="Overview" lead={<Live isOn={isLive} />}>
        <Choice
          label="Range"
          value={range.name}
          options={range.name === 'custom' ? [...rangeNames, ['custom', 'Selection']] : rangeNames}
          onChange={(name: RangeName) => setQuery({ range: name, interval: undefined, from: undefined, to: undefined })}
        />
        <Choice
          label="Interval"
          value={range.interval}
          options={intervalNames}
          onChange={(interval) => setQuery({ interval })}
        />
      </PageHeader>
      <Choices metrics={metrics.data} currency={currency} timeZone={timeZone} by={by} />
      <Shown resource={metrics} lines={10}>
        {(found) => (
          <>
            {found.total_orders === 0 ? (
              <Card title="Orders">
                <Empty icon="orders" title={`No order in ${found.currency} in this range`}>
                  Choose a longer range or another currency. <code>npm run demo</code> fills a shop with a year of
                  orders.
                </Empty>
              </Card>
            ) : (
              <Figures metrics={found} timeZone={timeZone} interval={range.interval} by={by} />
            )}
          </>
        )}
      </Shown>
    </>
  );
}

interface FiguresProps {
  readonly metrics: Metrics;
  readonly timeZone: string;
  readonly interval: 'hour' | 'day' | 'week' | 'month';
  readonly by: 'placed' | 'event';
}

function Figures({ metrics, timeZone, interval, by }: FiguresProps) {
  const { currency, revenue, total_orders: orders, by_status: statuses, average_order_value: average } = metrics;
  const cancelled = statuses.cancelled ?? 0;
  const share = (part: number) => (orders === 0 ? '' : `${((100 * part) / orders).toFixed(1)} % of orders`);
  return (
    <>
      <dl class="tiles">
        <Tile name="Orders" value={count(orders)} note={plural(metrics.units, 'unit')} />
        <Tile
          name="Net revenue"
          value={<span title={money(revenue.net, currency)}>{roundMoney(revenue.net, currency)}</span>}
          note={`of ${money(revenue.gross, currency)} gross`}
        />
        <Tile
          name="Average order value"
          value={average === null ? '–' : <span title={money(average, currency)}>{roundMoney(average, currency)}</span>}
          note="gross per order"
        />
        <Tile
          name="Cancelled"
          value={<span title={money(revenue.cancelled, currency)}>{roundMoney(revenue.cancelled, currency)}</span>}
          note={`${plural(cancelled, 'order')}, ${share(cancelled)}`}
        />
        <Tile
          name="Refunded"
          value={<span title={money(revenue.refunded, currency)}>{roundMoney(revenue.refunded, currency)}</span>}
          note={revenue.credited === 0 ? 'and no credits' : `and ${money(revenue.credited, currency)} credited`}
        />
        <Tile
          name="Cash"
          value={<span title={money(revenue.cash, currency)}>{roundMoney(revenue.cash, currency)}</span>}
          note={`${money(revenue.paid, currency)} paid, ${money(revenue.given_back, currency)} given back`}
        />
      </dl>
      <OverTime metrics={metrics} timeZone={timeZone} interval={interval} />
      <div class="two">
        <ByStatus metrics={metrics} />
        <ProcessingTimes metrics={metrics} by={by} />
      </div>
      <FigureTable metrics={metrics} timeZone={timeZone} interval={interval} />
    </>
  );
}

/** They stay if there are no figures: otherwise nothing would lead away from a wrong currency. */
function Choices({
  metrics,
  currency: asked = '',
  timeZone,
  by,
}: {
  readonly metrics: Metrics | undefined;
  readonly currency: string | undefined;
  readonly timeZone: string;
  readonly by: string;
}) {
  const currencies = metrics
    ? [metrics.currency, ...metrics.other_currencies].toSorted().map((code) => [code, code] as const)
    : [['', 'Default'] as const, ...(asked === '' ? [] : [[asked, asked] as const])];
  return (
    <div class="filters">
      <Select
        label="Currency"
        value={metrics?.currency ?? asked}
        options={currencies}
        onChange={(currency) => setQuery({ currency })}
      />
      <Input
        label="Time zone"
        value={timeZone}
        list={timeZones()}
        onInput={(zone) => {
          if (timeZones().includes(zone)) setQuery({ zone });
        }}
      />
      <Select
        label="Amounts count"
        value={by}
        options={[
          ['placed', 'when the order was placed'],
          ['event', 'when they happened'],
        ]}
        onChange={(value) => setQuery({ by: value })}
      />
    </div>
  );
}

/** The parameters that are given. */
function defined<Query extends object>(query: Query): Query {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as Query;
}
