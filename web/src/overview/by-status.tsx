import { type Metrics, orderStatuses } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { count } from '../format/numbers.js';
import { StatusBadge } from '../orders/status-badges.js';
import { Card } from '../ui/card.js';

/** How many orders are in each status. */
export function ByStatus({
  metrics: { by_status: statuses, total_orders: total, currency },
}: {
  readonly metrics: Metrics;
}) {
  const shown = orderStatuses.filter((status) => (statuses[status] ?? 0) > 0);
  return (
    <Card title="Orders by status">
      <ul class="bars">
        {shown.map((status) => {
          const orders = statuses[status] ?? 0;
          const percent = (100 * orders) / Math.max(1, total);
          return (
            <li key={status}>
              <a
                href={linkTo(['orders'], { status, currency })}
                aria-label={`Show orders that are ${status.replaceAll('_', ' ')}`}
              >
                <StatusBadge status={status} />
              </a>
              <span class="track">
                <span class="fill" style={{ width: `${percent}%` }} />
              </span>
              <span class="amount">
                {count(orders)} <span class="muted">{percent.toFixed(1)} %</span>
              </span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}
