import { now } from '../api/connection.js';
import type { Rebuild } from '../api/types.js';
import { count } from '../format/numbers.js';
import { ago, duration } from '../format/time.js';

/** How far a rebuild is. */
export function RebuildProgress({ rebuild }: { readonly rebuild: Rebuild }) {
  const { events_done: done, events_total: total, events_per_second: rate, seconds_left: left } = rebuild;
  return (
    <div class="rebuild">
      <p>
        <strong>Generation {rebuild.generation} is being built.</strong> {count(done)} of {count(total)} events
        {rate !== null && `, ${count(rate)}/s`}
        {left !== null && `, ${duration(left)} left`}.
      </p>
      <progress aria-label="Progress of the rebuild" max={Math.max(1, total)} value={done} />
      <p class="muted small-text">
        Requested by {rebuild.requested_by} {ago(rebuild.requested_at, now.value)}. The live generation serves queries
        meanwhile.
      </p>
    </div>
  );
}
