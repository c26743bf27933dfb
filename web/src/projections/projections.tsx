import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { listPollMs, useResource } from '../api/resource.js';
import { useStream } from '../api/stream.js';
import type { Projection } from '../api/types.js';
import { PageHeader } from '../ui/card.js';
import { Live } from '../ui/live.js';
import { Shown } from '../ui/states.js';
import { ProjectionCard } from './projection-card.js';

/** The read models: how far each is, and what to do if one has stopped. */
export function Projections() {
  const [latest, setLatest] = useState<Latest>();
  const [isLive, setLive] = useState(false);
  const read = useResource(
    'projections',
    (signal) => got(api.GET('/projections', { signal })),
    isLive ? undefined : listPollMs,
  );
  useStream(
    '/projections',
    ({ event, data }) => {
      if (event === 'projections') setLatest({ projections: projectionsOf(data), at: Date.now() });
    },
    setLive,
  );
  return (
    <>
      <PageHeader title="Projections" lead={<Live isOn={isLive} />} />
      <Shown resource={read} lines={12}>
        {({ projections }) => (
          <div class="stack">
            {newer(latest, projections, read.readAt).map((projection) => (
              <ProjectionCard key={projection.name} projection={projection} />
            ))}
          </div>
        )}
      </Shown>
    </>
  );
}

/** The last message of the stream. `at` is when it arrived, in milliseconds since 1970. */
interface Latest {
  readonly projections: readonly Projection[];
  readonly at: number;
}

/** Returns the last message of the stream, unless the projections were read after it. */
function newer(
  latest: Latest | undefined,
  read: readonly Projection[],
  readAt: number | undefined,
): readonly Projection[] {
  return latest && latest.at >= (readAt ?? 0) ? latest.projections : read;
}

/** The stream sends the same document as the plain request. */
function projectionsOf(text: string): readonly Projection[] {
  return (JSON.parse(text) as { readonly projections: readonly Projection[] }).projections;
}
