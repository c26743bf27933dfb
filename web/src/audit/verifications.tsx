import { now } from '../api/connection.js';
import type { Verification } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { count, plural, words } from '../format/numbers.js';
import { ago, dateTime, duration } from '../format/time.js';
import { RunBadge } from '../projections/dry-run-dialog.js';
import { Button } from '../ui/button.js';
import { Empty } from '../ui/states.js';
import { Table } from '../ui/table.js';

/** The newest verifications with their progress and their findings. */
export function Verifications({
  runs,
  onCancel,
}: {
  readonly runs: readonly Verification[];
  readonly onCancel: (runId: string) => void;
}) {
  const [newest] = runs;
  if (!newest) {
    return (
      <Empty icon="audit" title="The log was not verified lately">
        A verification reads every event. It takes about a second per 100,000 of them.
      </Empty>
    );
  }
  return (
    <>
      {newest.state === 'running' && (
        <div class="rebuild">
          <p>
            {count(newest.events_done)} of {count(newest.events_total)} events are verified.
          </p>
          <progress
            aria-label="Progress of the verification"
            max={Math.max(1, newest.events_total)}
            value={newest.events_done}
          />
          <Button isSmall icon="cross" onClick={() => onCancel(newest.run_id)}>
            Cancel it
          </Button>
        </div>
      )}
      <Table
        caption="Verifications, newest first"
        rows={runs}
        keyOf={({ run_id }) => run_id}
        columns={[
          {
            name: 'Result',
            isHeader: true,
            cell: (run) => (
              <RunBadge
                run={run}
                isGood={run.findings.length === 0}
                good="Intact"
                bad={plural(run.findings.length, 'finding')}
              />
            ),
          },
          { name: 'Begun', cell: ({ started_at }) => ago(started_at, now.value) },
          { name: 'Events', isNumeric: true, cell: ({ events_done }) => count(events_done) },
          {
            name: 'Took',
            isNumeric: true,
            isWide: true,
            cell: ({ started_at, ended_at }) =>
              ended_at === null ? '–' : duration((Date.parse(ended_at) - Date.parse(started_at)) / 1000),
          },
          {
            name: 'Against',
            isWide: true,
            cell: ({ against }) => (against === null ? 'itself' : `the checkpoint of ${dateTime(against)}`),
          },
          { name: 'By', isWide: true, cell: ({ requested_by }) => requested_by },
        ]}
      />
      {newest.error !== null && <p class="card-lead">{newest.error}</p>}
      {newest.findings.length > 0 && (
        <Table
          caption="Findings of the newest verification"
          rows={newest.findings}
          keyOf={({ partition }) => String(partition)}
          columns={[
            {
              name: 'Position',
              isHeader: true,
              cell: ({ partition, position }) => (
                <a
                  href={linkTo(['log'], {
                    partition: String(partition),
                    after: String(Math.max(0, position - 3)),
                  })}
                >
                  {partition}:{position}
                </a>
              ),
            },
            { name: 'Finding', cell: ({ reason }) => words(reason) },
            { name: 'Detail', cell: ({ detail }) => detail },
          ]}
        />
      )}
    </>
  );
}
