import { useState } from 'preact/hooks';
import { api, got, messageOf } from '../api/client.js';
import { now } from '../api/connection.js';
import { useResource } from '../api/resource.js';
import { may } from '../api/session.js';
import { useStream } from '../api/stream.js';
import type { Projection } from '../api/types.js';
import { count, plural, words } from '../format/numbers.js';
import { ago } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Button } from '../ui/button.js';
import { Card, PageHeader } from '../ui/card.js';
import { Live } from '../ui/live.js';
import { Shown } from '../ui/states.js';
import { toast } from '../ui/toast.js';
import { Partitions } from './partitions.js';
import { RebuildDialog } from './rebuild-dialog.js';
import { RebuildProgress } from './rebuild-progress.js';

/** The read models: how far each is, and what to do if one has stopped. */
export function Projections() {
  const first = useResource('projections', (signal) => got(api.GET('/projections', { signal })));
  const [latest, setLatest] = useState<readonly Projection[]>();
  const [isLive, setLive] = useState(false);
  useStream(
    '/projections',
    ({ event, data }) => {
      if (event === 'projections') setLatest(projectionsOf(data));
    },
    setLive,
  );
  return (
    <>
      <PageHeader title="Projections" lead={<Live isOn={isLive} />} />
      <Shown resource={first} lines={12}>
        {({ projections }) => (
          <div class="stack">
            {(latest ?? projections).map((projection) => (
              <ProjectionCard key={projection.name} projection={projection} />
            ))}
          </div>
        )}
      </Shown>
    </>
  );
}

/** The stream sends the same document as the plain request. */
function projectionsOf(text: string): readonly Projection[] {
  return (JSON.parse(text) as { readonly projections: readonly Projection[] }).projections;
}

function ProjectionCard({ projection }: { readonly projection: Projection }) {
  const { name, version, generation, lag, rebuild, partitions } = projection;
  const [isAsking, setAsking] = useState(false);
  const reported = partitions.flatMap(({ reported_at }) => reported_at ?? []).toSorted()[0];
  const cancel = async () => {
    try {
      await got(api.DELETE('/projections/{name}/rebuild', { params: { path: { name } } }));
      toast(`The rebuild of ${name} is cancelled; generation ${generation} stays live`);
    } catch (error) {
      toast(messageOf(error), 'bad');
    }
  };
  return (
    <Card
      title={words(name)}
      isFlush
      actions={
        <>
          <StateBadge projection={projection} />
          {may('admin') &&
            (rebuild ? (
              <Button isSmall kind="danger" icon="cross" onClick={() => void cancel()}>
                Cancel the rebuild
              </Button>
            ) : (
              <Button isSmall icon="refresh" onClick={() => setAsking(true)}>
                Rebuild
              </Button>
            ))}
        </>
      }
    >
      <p class="card-lead muted">
        Version {version}, generation {generation}. {lag === 0 ? 'Up to date' : `${plural(lag, 'event')} behind`}
        {reported && `; the oldest report of a partition came ${ago(reported, now.value)}`}.
      </p>
      {rebuild && <RebuildProgress rebuild={rebuild} />}
      <Partitions projection={projection} />
      {isAsking && <RebuildDialog name={name} generation={generation} onClose={() => setAsking(false)} />}
    </Card>
  );
}

function StateBadge({ projection: { state, lag, partitions } }: { readonly projection: Projection }) {
  const unowned = partitions.filter(({ owner }) => owner === null).length;
  if (state === 'stopped') return <Badge tone="bad" icon="stop" text="Stopped" />;
  if (unowned > 0) return <Badge tone="bad" icon="warning" text={`${count(unowned)} unowned`} />;
  if (lag > 0) return <Badge tone="warn" icon="clock" text={`${count(lag)} behind`} />;
  return <Badge tone="ok" icon="check" text="Live" />;
}
