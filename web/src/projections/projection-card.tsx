import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { may } from '../api/session.js';
import type { Projection } from '../api/types.js';
import { count, plural, words } from '../format/numbers.js';
import { duration } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Button } from '../ui/button.js';
import { Card } from '../ui/card.js';
import { Confirm } from '../ui/confirm.js';
import { toast } from '../ui/toast.js';
import { DryRunDialog } from './dry-run-dialog.js';
import { EndedRebuilds } from './ended-rebuilds.js';
import { Partitions } from './partitions.js';
import { RebuildDialog } from './rebuild-dialog.js';
import { RebuildProgress } from './rebuild-progress.js';
import { Skipped } from './skipped.js';
import { Stops } from './stops.js';
import { useRate } from './use-rate.js';

/** One projection: its state, its partitions, and what an operator can do. */
export function ProjectionCard({ projection }: { readonly projection: Projection }) {
  const { name, version, generation, lag, lag_seconds: lagSeconds, rebuild, partitions, skipped } = projection;
  const [open, setOpen] = useState<'rebuild' | 'cancel' | 'rebuilds' | 'dry-run'>();
  const rate = useRate(partitions.reduce((sum, { checkpoint }) => sum + checkpoint, 0));
  const cancel = async () => {
    await got(api.DELETE('/projections/{name}/rebuild', { params: { path: { name } } }));
    toast(`The rebuild of ${name} is cancelled; generation ${generation} stays live`);
  };
  const close = () => setOpen(undefined);
  const age = lagSeconds !== null && lagSeconds > 0 ? `, ${duration(lagSeconds)}` : '';
  return (
    <Card
      title={words(name)}
      isFlush
      actions={
        <>
          <StateBadge projection={projection} />
          <Button isSmall icon="clock" onClick={() => setOpen('rebuilds')}>
            History
          </Button>
          {may('admin') && (
            <Button isSmall icon="search" onClick={() => setOpen('dry-run')}>
              Compare with the log
            </Button>
          )}
          {may('admin') &&
            (rebuild ? (
              <Button isSmall kind="danger" icon="cross" onClick={() => setOpen('cancel')}>
                Cancel the rebuild
              </Button>
            ) : (
              <Button isSmall icon="refresh" onClick={() => setOpen('rebuild')}>
                Rebuild
              </Button>
            ))}
        </>
      }
    >
      <p class="card-lead muted">
        Version {version}, generation {generation}.{' '}
        {lag === 0 ? 'Up to date.' : `${plural(lag, 'event')} behind${age}.`}{' '}
        {rate !== undefined && rate > 0 && `${count(rate)} events/s.`}
      </p>
      {projection.state === 'unowned' && (
        <p class="card-lead">
          No living projector reports on these partitions: start a process with the role projector.
        </p>
      )}
      {projection.state === 'blocked' && (
        <p class="card-lead">
          Redis refuses writes, so projectors can neither apply events nor report. They continue by themselves once it
          accepts them: the page <a href="#/system">System</a> shows why it does not.
        </p>
      )}
      {rebuild && <RebuildProgress rebuild={rebuild} />}
      <Stops projection={projection} />
      {skipped.length > 0 && <Skipped projection={projection} />}
      <Partitions projection={projection} />
      {open === 'rebuild' && <RebuildDialog name={name} generation={generation} onClose={close} />}
      {open === 'cancel' && (
        <Confirm
          title={`Cancel the rebuild of ${name}?`}
          action="Cancel it"
          isDangerous
          onConfirm={cancel}
          onClose={close}
        >
          <p>What was built so far is discarded. Generation {generation} stays live.</p>
        </Confirm>
      )}
      {open === 'rebuilds' && <EndedRebuilds name={name} onClose={close} />}
      {open === 'dry-run' && <DryRunDialog name={name} onClose={close} />}
    </Card>
  );
}

function StateBadge({ projection: { state, lag, partitions } }: { readonly projection: Projection }) {
  if (state === 'stopped') return <Badge tone="bad" icon="stop" text="Stopped" />;
  if (state === 'unowned' || state === 'blocked') {
    const without = partitions.filter((one) => one.state === state).length;
    return <Badge tone="bad" icon="warning" text={`${plural(without, 'partition')} ${state}`} />;
  }
  if (lag > 0) return <Badge tone="warn" icon="clock" text={`${count(lag)} behind`} />;
  return <Badge tone="ok" icon="check" text="Live" />;
}
