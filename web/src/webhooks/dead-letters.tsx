import { useState } from 'preact/hooks';
import { api, got, messageOf } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { Webhook } from '../api/types.js';
import { linkTo } from '../app/route.js';
import { count, eventName, plural } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Button } from '../ui/button.js';
import { Card } from '../ui/card.js';
import { Empty, Shown } from '../ui/states.js';
import { Table } from '../ui/table.js';
import { toast } from '../ui/toast.js';

const pageSize = 50;

/** The events of a webhook whose delivery was given up. They can be sent again. */
export function DeadLetters({ webhook, onReplayed }: { readonly webhook: Webhook; readonly onReplayed: () => void }) {
  const path = { webhook_id: webhook.webhook_id };
  const [after, setAfter] = useState<readonly string[]>([]);
  const cursor = after.at(-1);
  const letters = useResource(`letters ${webhook.webhook_id} ${webhook.dead_letters} ${cursor ?? ''}`, (signal) =>
    got(
      api.GET('/webhooks/{webhook_id}/dead-letters', {
        params: { path, query: { limit: pageSize, ...(cursor === undefined ? {} : { after: cursor }) } },
        signal,
      }),
    ),
  );
  const replay = async (event?: string) => {
    try {
      const { replayed } = await got(
        api.POST('/webhooks/{webhook_id}/dead-letters/replay', {
          params: { path },
          body: event === undefined ? {} : { event },
        }),
      );
      toast(`${plural(replayed, 'event')} will be sent again`);
      letters.reload();
      onReplayed();
    } catch (error) {
      toast(messageOf(error), 'bad');
    }
  };
  return (
    <Card
      title="Events that were given up"
      isFlush
      actions={
        webhook.dead_letters > 0 && (
          <Button isSmall icon="refresh" onClick={() => void replay()}>
            Send all again
          </Button>
        )
      }
    >
      <Shown resource={letters}>
        {({ dead_letters: found, next_after: next }) =>
          found.length === 0 ? (
            <Empty icon="check" title="No event was given up" />
          ) : (
            <>
              <Table
                caption="Events that were given up"
                rows={found}
                keyOf={({ event }) => event}
                columns={[
                  { name: 'Position', isHeader: true, cell: ({ event }) => event },
                  { name: 'Event', cell: ({ type }) => eventName(type) },
                  {
                    name: 'Order',
                    cell: ({ order_id }) => <a href={linkTo(['orders', order_id])}>…{order_id.slice(-12)}</a>,
                  },
                  { name: 'Attempts', isNumeric: true, isWide: true, cell: ({ attempts }) => count(attempts) },
                  { name: 'Last attempt', isWide: true, cell: ({ last_attempt_at: at }) => dateTime(at) },
                  { name: 'Error', cell: ({ last_error }) => last_error },
                  {
                    name: 'Again',
                    cell: ({ event }) => (
                      <Button isSmall onClick={() => void replay(event)}>
                        Send again
                      </Button>
                    ),
                  },
                ]}
              />
              {(next !== null || after.length > 0) && (
                <nav class="pager" aria-label="Pages of events that were given up">
                  <Button isSmall isDisabled={after.length === 0} onClick={() => setAfter(after.slice(0, -1))}>
                    Earlier
                  </Button>
                  <Button isSmall isDisabled={next === null} onClick={() => next && setAfter([...after, next])}>
                    Later
                  </Button>
                </nav>
              )}
            </>
          )
        }
      </Shown>
    </Card>
  );
}
