import type { Partition, Projection } from '../api/types.js';
import { count, plural, words } from '../format/numbers.js';
import { duration } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Table } from '../ui/table.js';

/** The partitions of a projection, in a table that is folded away while all is well. */
export function Partitions({ projection: { name, partitions, state } }: { readonly projection: Projection }) {
  return (
    <details class="more" open={state !== 'live'}>
      <summary>{plural(partitions.length, 'partition')}</summary>
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
          {
            name: 'Since',
            isNumeric: true,
            isWide: true,
            cell: ({ lag_seconds }) => (lag_seconds === null ? 'unknown' : duration(lag_seconds)),
          },
          { name: 'Owner', isWide: true, cell: ({ owner }) => (owner === null ? 'none' : <code>{owner}</code>) },
          {
            name: 'Reported',
            isWide: true,
            cell: ({ report_age_seconds: age }) => (age === null ? 'not lately' : `${duration(age)} ago`),
          },
        ]}
      />
    </details>
  );
}

function PartitionBadge({ partition: { lag, stopped, state } }: { readonly partition: Partition }) {
  if (state === 'unowned' || state === 'blocked') return <Badge tone="bad" icon="warning" text={words(state)} />;
  if (stopped) return <Badge tone="bad" icon="stop" text={`Stopped at ${count(stopped.position)}`} />;
  if (lag > 0) return <Badge tone="warn" icon="clock" text="Behind" />;
  return <Badge tone="ok" icon="check" text="Up to date" />;
}
