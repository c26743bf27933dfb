import { useState } from 'preact/hooks';
import { api, got, messageOf } from '../api/client.js';
import { may } from '../api/session.js';
import type { Projection } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { eventName } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Button } from '../ui/button.js';
import { Confirm } from '../ui/confirm.js';
import { Input } from '../ui/field.js';
import { Icon } from '../ui/icon.js';
import { toast } from '../ui/toast.js';

interface Stop {
  readonly partition: number;
  readonly position: number;
  readonly order_id: string | null;
  readonly type: string | null;
  readonly error: string;
  readonly at: string;
}

/** The events on which a projection has stopped, and how to fix that, in the order to try. */
export function Stops({ projection: { name, partitions, rebuild } }: { readonly projection: Projection }) {
  const [skipping, setSkipping] = useState<Stop>();
  const live = partitions.flatMap(({ partition, stopped }) => (stopped ? [{ partition, ...stopped }] : []));
  const stops: readonly Stop[] = [...live, ...(rebuild?.stopped ?? [])];
  if (stops.length === 0) return null;
  const resume = async () => {
    try {
      await got(api.POST('/projections/{name}/resume', { params: { path: { name } } }));
      toast(`${name} tries again`);
    } catch (error) {
      toast(messageOf(error), 'bad');
    }
  };
  return (
    <div class="stops">
      {stops.map((stop) => (
        <div class="failure" role="alert" key={`${stop.partition}:${stop.position}`}>
          <Icon name="stop" size={22} />
          <div>
            <p class="failure-title">
              Stopped at {stop.partition}:{stop.position}
              {stop.type !== null && `, ${eventName(stop.type)}`}
            </p>
            <p>{stop.error}</p>
            <p class="small-text">
              Since {dateTime(stop.at)}.{' '}
              {stop.order_id !== null && <a href={linkTo(['orders', stop.order_id])}>Order {stop.order_id}</a>}
            </p>
          </div>
        </div>
      ))}
      {may('admin') && (
        <ol class="cures">
          <li>
            Fix the projection’s code and deploy it. If a newer release wrote the event, deploy that release. The
            projection then continues by itself. If the cause was elsewhere, try again:
            <div>
              <Button isSmall icon="refresh" onClick={() => void resume()}>
                Try again
              </Button>
            </div>
          </li>
          <li>
            As a last resort, skip the event for good. All later events of its order are left out of this read model
            too.
            <div class="row">
              {stops.map((stop) => (
                <Button
                  key={`${stop.partition}:${stop.position}`}
                  isSmall
                  kind="danger"
                  onClick={() => setSkipping(stop)}
                >
                  Skip {stop.partition}:{stop.position}
                </Button>
              ))}
            </div>
          </li>
          <li>If the read model itself is damaged, rebuild it.</li>
        </ol>
      )}
      {skipping && <SkipDialog name={name} stop={skipping} onClose={() => setSkipping(undefined)} />}
    </div>
  );
}

function SkipDialog({
  name,
  stop,
  onClose,
}: {
  readonly name: string;
  readonly stop: Stop;
  readonly onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const skip = async () => {
    const { recorded_at_position: recorded } = await got(
      api.POST('/projections/{name}/skip', {
        params: { path: { name } },
        body: { partition: stop.partition, position: stop.position, reason: reason.trim() },
      }),
    );
    toast(`${name} skips the event; the log records it at ${recorded}`);
  };
  return (
    <Confirm title="Skip this event?" action="Skip it for good" isDangerous onConfirm={skip} onClose={onClose}>
      <p>
        {name} leaves out the event at {stop.partition}:{stop.position} and all later events of its order, now and in
        every later rebuild. The order is damaged in this read model. The log records who decided it, and why.
      </p>
      <Input label="Reason" value={reason} onInput={setReason} isRequired />
    </Confirm>
  );
}
