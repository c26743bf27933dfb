import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { DryRun } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { count, plural } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Failure, Shown } from '../ui/states.js';
import { Table } from '../ui/table.js';

const pollMs = 700;

/** Compares a read model with the log, and shows what differs. */
export function DryRunDialog({ name, onClose }: { readonly name: string; readonly onClose: () => void }) {
  const path = { name };
  const runs = useResource(
    `dry runs ${name}`,
    (signal) => got(api.GET('/projections/{name}/dry-run', { params: { path }, signal })),
    pollMs,
  );
  const [error, setError] = useState<unknown>();
  const start = async () => {
    setError(undefined);
    try {
      await got(api.POST('/projections/{name}/dry-run', { params: { path } }));
      runs.reload();
    } catch (failure) {
      setError(failure);
    }
  };
  const cancel = async (runId: string) => {
    try {
      await got(api.DELETE('/projections/{name}/dry-run/{run_id}', { params: { path: { name, run_id: runId } } }));
      runs.reload();
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <Dialog title={`Compare ${name} with the log`} onClose={onClose} isWide>
      <p>
        A generation is built from the log, compared with the live one key by key, and discarded. Nothing changes for
        queries; Redis needs room for the model twice meanwhile.
      </p>
      {error !== undefined && <Failure error={error} />}
      <Shown resource={runs}>
        {({ runs: [newest] }) => (
          <>
            {newest && <Result run={newest} />}
            <div class="form-buttons">
              {newest?.state === 'running' && (
                <Button icon="cross" onClick={() => void cancel(newest.run_id)}>
                  Cancel it
                </Button>
              )}
              <Button onClick={onClose}>Close</Button>
              <Button kind="primary" icon="search" isBusy={newest?.state === 'running'} onClick={() => void start()}>
                {newest ? 'Compare again' : 'Compare now'}
              </Button>
            </div>
          </>
        )}
      </Shown>
    </Dialog>
  );
}

function Result({ run }: { readonly run: DryRun }) {
  const { state, differences, differences_total: total, is_complete: isComplete, compared_keys: compared } = run;
  return (
    <section class="stack" aria-live="polite" aria-label="The newest comparison">
      <p class="row">
        <RunBadge
          run={run}
          isGood={total === 0 && isComplete}
          good="No difference"
          bad={`${isComplete ? '' : 'At least '}${plural(total, 'difference')}`}
        />
        <span class="muted">
          {dateTime(run.started_at)}, by {run.requested_by}
          {state === 'done' && `; ${count(compared)} keys`}
        </span>
      </p>
      {state === 'running' && (
        <progress aria-label="Progress" max={Math.max(1, run.events_total)} value={run.events_done} />
      )}
      {run.error !== null && <p>{run.error}</p>}
      {differences.length > 0 && (
        <Table
          caption="Differences"
          rows={differences.map((one, nth) => ({ ...one, nth }))}
          pageSize={20}
          keyOf={({ nth }) => String(nth)}
          columns={[
            {
              name: 'Where',
              isHeader: true,
              cell: ({ order_id, key }) =>
                order_id === null ? <code>{key}</code> : <a href={linkTo(['orders', order_id])}>{order_id}</a>,
            },
            { name: 'Field', cell: ({ field }) => field },
            { name: 'Live', cell: ({ live }) => <code>{live ?? 'nothing'}</code> },
            { name: 'From the log', cell: ({ rebuilt }) => <code>{rebuilt ?? 'nothing'}</code> },
          ]}
        />
      )}
    </section>
  );
}

interface RunBadgeProps {
  readonly run: Pick<DryRun, 'state'>;
  readonly isGood: boolean;
  readonly good: string;
  readonly bad: string;
}

/** The state of a run, or its result once it has ended. */
export function RunBadge({ run: { state }, isGood, good, bad }: RunBadgeProps) {
  if (state === 'running') return <Badge tone="info" icon="clock" text="Running" />;
  if (state === 'failed') return <Badge tone="bad" icon="warning" text="Failed" />;
  if (state === 'cancelled') return <Badge tone="neutral" icon="cross" text="Cancelled" />;
  if (state === 'interrupted') return <Badge tone="warn" icon="pause" text="Interrupted" />;
  return isGood ? <Badge tone="ok" icon="check" text={good} /> : <Badge tone="bad" icon="stop" text={bad} />;
}
