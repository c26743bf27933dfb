import { now } from '../api/connection.js';
import type { Partition, Projection } from '../api/types.js';
import { count } from '../format/numbers.js';
import { ago } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Table } from '../ui/table.js';

/** The partitions of a projection, in a table that is folded away while all is well. */
export function Partitions({ projection: { name, partitions } }: { readonly projection: Projection }) {
  const isWell = partitions.every(({ lag, stopped, owner }) => lag === 0 && !stopped && owner !== null);
  return (
    <details class="more" open={!isWell}>
      <summary>{partitions.length} partitions</summary>
      <Table
        caption={`Partitions of ${name}`}
        rows={partitions}
        keyOf={({ partition }) => String(partition)}
        pageSize={32}
        columns={[
          { name: 'Partition', isHeader: true, cell: ({ partition }) => partition },
          { name: 'State', cell: (partition) => <PartitionBadge partition={partition} /> },
          { name: 'Checkpoint', isNumeric: true, cell: ({ checkpoint }) => count(checkpoint) },
          { name: 'Head', isNumeric: true, cell: ({ head }) => count(head) },
          { name: 'Behind', isNumeric: true, cell: ({ lag }) => count(lag) },
          { name: 'Owner', isWide: true, cell: ({ owner }) => (owner === null ? 'none' : <code>{owner}</code>) },
          {
            name: 'Reported',
            isWide: true,
            cell: ({ reported_at }) => (reported_at === null ? 'never' : ago(reported_at, now.value)),
          },
        ]}
      />
    </details>
  );
}

function PartitionBadge({ partition: { lag, stopped, owner } }: { readonly partition: Partition }) {
  if (stopped) return <Badge tone="bad" icon="stop" text={`Stopped at ${count(stopped.position)}`} />;
  if (owner === null) return <Badge tone="bad" icon="warning" text="Unowned" />;
  if (lag > 0) return <Badge tone="warn" icon="clock" text="Behind" />;
  return <Badge tone="ok" icon="check" text="Up to date" />;
}
