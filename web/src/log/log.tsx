import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { useResource } from '../api/resource.js';
import { place, setQuery } from '../app/route.js';
import { count } from '../format/numbers.js';
import { Button } from '../ui/button.js';
import { Card, PageHeader } from '../ui/card.js';
import { Input } from '../ui/field.js';
import { Empty, Shown } from '../ui/states.js';
import { EventList } from './event-list.js';

/** The stream of what operators did to the service itself. */
const operatorStream = '00000000-0000-8000-8000-6f7065726174';
const pageSize = 25;

/** The log itself, event by event: a partition by position, or a stream by version. */
export function Log() {
  const { query } = place.value;
  const stream = query.get('stream') ?? '';
  const partition = wholeNumber(query.get('partition'));
  const after = wholeNumber(query.get('after'));
  const asked = query.get('at') ?? '';
  const at = Number.isNaN(Date.parse(asked)) ? '' : asked;
  const parameters =
    stream === ''
      ? { partition, ...(at === '' ? { after } : { at: new Date(at).toISOString() }) }
      : { order_id: stream, after };
  const page = useResource(JSON.stringify(parameters), (signal) =>
    got(api.GET('/audit/events', { params: { query: { ...parameters, limit: pageSize } }, signal })),
  );
  const isBroken = page.data?.events.some(({ is_intact }) => !is_intact) ?? false;
  return (
    <>
      <PageHeader title="Log" lead="What was written, in the order in which it was written, with its hash chain." />
      <Card title="Go to">
        <Jump key={`${stream} ${partition} ${after} ${at}`} {...{ stream, partition, after, at }} />
      </Card>
      <Card
        title={stream === '' ? `Partition ${count(partition)}` : 'Stream'}
        actions={page.data?.head !== null && page.data && <span class="muted">Head {count(page.data.head)}</span>}
        isFlush
      >
        <Shown resource={page} lines={10}>
          {({ events, next_after: next }) =>
            events.length === 0 ? (
              <Empty icon="log" title="There is no event here">
                {after > 0 || at !== '' ? 'The log ends before.' : 'Nothing was written yet.'}
              </Empty>
            ) : (
              <>
                {isBroken && (
                  <p class="notice bad" role="alert">
                    An event does not match its hash, or the event before it is missing: the log was changed after it
                    was written. Verify the log on the page Audit.
                  </p>
                )}
                <EventList events={events} />
                <nav class="pager" aria-label="Pages of the log">
                  <Button
                    isSmall
                    icon="left"
                    isDisabled={(events[0]?.position ?? 1) <= 1 || stream !== ''}
                    onClick={() =>
                      setQuery({ after: String(Math.max(0, (events[0]?.position ?? 1) - 1 - pageSize)), at: undefined })
                    }
                  >
                    Earlier
                  </Button>
                  <Button
                    isSmall
                    icon="right"
                    isDisabled={next === null}
                    onClick={() => setQuery({ after: String(next ?? 0), at: undefined })}
                  >
                    Later
                  </Button>
                </nav>
              </>
            )
          }
        </Shown>
      </Card>
    </>
  );
}

/** The number in an address, which anybody may have typed: 0 if it is none. */
function wholeNumber(text: string | null): number {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

interface JumpProps {
  readonly stream: string;
  readonly partition: number;
  readonly after: number;
  readonly at: string;
}

function Jump(given: JumpProps) {
  const [partition, setPartition] = useState(String(given.partition));
  const [position, setPosition] = useState(given.after > 0 ? String(given.after + 1) : '');
  const [at, setAt] = useState(given.at);
  const [stream, setStream] = useState(given.stream);
  const go = () => {
    const id = stream.trim().toLowerCase();
    const from = Number(position) - 1;
    setQuery({
      stream: id || undefined,
      partition: id === '' ? partition : undefined,
      after: from > 0 && at === '' ? String(from) : undefined,
      at: id === '' && at !== '' ? at : undefined,
    });
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <div class="filters">
        <Input label="Partition" type="number" min={0} value={partition} onInput={setPartition} />
        <Input label="Position" type="number" min={1} value={position} onInput={setPosition} isOptional />
        <Input label="Recorded after" type="datetime-local" value={at} onInput={setAt} isOptional />
        <Input label="Stream (order id)" value={stream} onInput={setStream} isOptional />
      </div>
      <div class="row">
        <Button type="submit" icon="search">
          Go
        </Button>
        <Button
          kind="quiet"
          onClick={() => setQuery({ stream: operatorStream, partition: undefined, after: undefined, at: undefined })}
        >
          What operators did
        </Button>
      </div>
    </form>
  );
}
