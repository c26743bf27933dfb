import { api, got } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { EndedRebuild } from '../api/types.js';
import { dateTime, duration } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Empty, Shown } from '../ui/states.js';
import { Table } from '../ui/table.js';

/** The last rebuilds of a projection: by whom, when, how long, and with which result. */
export function EndedRebuilds({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const list = useResource(`rebuilds ${name}`, (signal) =>
    got(api.GET('/projections/{name}/rebuilds', { params: { path: { name } }, signal })),
  );
  return (
    <Dialog title={`Rebuilds of ${name}`} onClose={onClose} isWide>
      <Shown resource={list}>
        {({ rebuilds }) =>
          rebuilds.length === 0 ? (
            <Empty icon="refresh" title="No rebuild has ended">
              The last 50 rebuilds are kept, as long as Redis keeps the read models.
            </Empty>
          ) : (
            <Table
              caption={`Rebuilds of ${name}, newest first`}
              rows={rebuilds}
              pageSize={20}
              keyOf={({ generation }) => String(generation)}
              columns={[
                { name: 'Generation', isHeader: true, isNumeric: true, cell: ({ generation }) => generation },
                { name: 'Result', cell: (rebuild) => <Result rebuild={rebuild} /> },
                { name: 'Requested', cell: ({ requested_at }) => dateTime(requested_at) },
                { name: 'By', cell: ({ requested_by }) => requested_by },
                { name: 'Took', isNumeric: true, cell: ({ duration_seconds }) => duration(duration_seconds) },
              ]}
            />
          )
        }
      </Shown>
      <div class="form-buttons">
        <Button onClick={onClose}>Done</Button>
      </div>
    </Dialog>
  );
}

function Result({ rebuild: { result } }: { readonly rebuild: EndedRebuild }) {
  if (result === 'live') return <Badge tone="ok" icon="check" text="Went live" />;
  return <Badge tone="neutral" icon="cross" text="Cancelled" />;
}
