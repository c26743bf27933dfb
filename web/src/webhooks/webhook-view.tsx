import { useState } from 'preact/hooks';
import { api, got, messageOf } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { Webhook } from '../api/types.js';
import { goTo } from '../app/route.js';
import { count, eventName } from '../format/numbers.js';
import { dateTime } from '../format/time.js';
import { Button } from '../ui/button.js';
import { Card, Facts, PageHeader } from '../ui/card.js';
import { Confirm } from '../ui/confirm.js';
import { Icon } from '../ui/icon.js';
import { Secret } from '../ui/secret.js';
import { Shown } from '../ui/states.js';
import { toast } from '../ui/toast.js';
import { DeadLetters } from './dead-letters.js';
import { Deliveries } from './deliveries.js';
import { WebhookBadge } from './webhooks.js';

const pollMs = 3_000;

/** One subscription: its progress, a test, its secret, and the events that were given up. */
export function WebhookView({ webhookId }: { readonly webhookId: string }) {
  const path = { webhook_id: webhookId };
  const webhook = useResource(
    `webhook ${webhookId}`,
    (signal) => got(api.GET('/webhooks/{webhook_id}', { params: { path }, signal })),
    pollMs,
  );
  const [asking, setAsking] = useState<'rotate' | 'delete'>();
  const [secret, setSecret] = useState<string>();
  const [isTesting, setTesting] = useState(false);
  const run = async (task: () => Promise<unknown>) => {
    try {
      await task();
      webhook.reload();
    } catch (error) {
      toast(messageOf(error), 'bad');
    }
  };
  const test = async () => {
    setTesting(true);
    await run(async () => {
      const result = await got(api.POST('/webhooks/{webhook_id}/test', { params: { path } }));
      if (result.accepted) toast(`The receiver accepted the test in ${count(result.duration_ms)} ms`);
      else toast(`The receiver did not accept the test: ${result.error ?? 'no reason is known'}`, 'bad');
    });
    setTesting(false);
  };
  return (
    <>
      <nav aria-label="Back">
        <a class="row" href="#/webhooks">
          <Icon name="left" /> All webhooks
        </a>
      </nav>
      <Shown resource={webhook}>
        {(found) => (
          <>
            <PageHeader title="Webhook" lead={<code>{found.url}</code>}>
              <Button icon="live" isBusy={isTesting} onClick={() => void test()}>
                Send a test
              </Button>
              <Button
                icon={found.state === 'active' ? 'pause' : 'check'}
                onClick={() =>
                  void run(() =>
                    got(
                      api.POST('/webhooks/{webhook_id}/state', {
                        params: { path },
                        body: { state: found.state === 'active' ? 'paused' : 'active' },
                      }),
                    ),
                  )
                }
              >
                {found.state === 'active' ? 'Pause' : 'Activate'}
              </Button>
              <Button icon="keys" onClick={() => setAsking('rotate')}>
                Rotate the secret
              </Button>
              <Button kind="danger" icon="cross" onClick={() => setAsking('delete')}>
                Delete
              </Button>
            </PageHeader>
            <Progress webhook={found} />
            <Deliveries webhookId={webhookId} />
            <DeadLetters webhook={found} onReplayed={webhook.reload} />
          </>
        )}
      </Shown>
      {asking === 'rotate' && (
        <Confirm
          title="Rotate the secret?"
          action="Rotate"
          icon="keys"
          onConfirm={async () =>
            setSecret((await got(api.POST('/webhooks/{webhook_id}/rotate-secret', { params: { path } }))).secret)
          }
          onClose={() => setAsking(undefined)}
        >
          <p>
            A new secret signs from now on. The old one also signs for 24 hours, so that the receiver can change over.
          </p>
        </Confirm>
      )}
      {asking === 'delete' && (
        <Confirm
          title="Delete this webhook?"
          action="Delete"
          isDangerous
          onConfirm={async () => {
            await got(api.DELETE('/webhooks/{webhook_id}', { params: { path } }));
            toast('The webhook is deleted');
            goTo(['webhooks']);
          }}
          onClose={() => setAsking(undefined)}
        >
          <p>Events that were not delivered are dropped.</p>
        </Confirm>
      )}
      {secret !== undefined && <Secret title="The new secret" text={secret} onClose={() => setSecret(undefined)} />}
    </>
  );
}

function Progress({ webhook }: { readonly webhook: Webhook }) {
  const { failing_since: failing, retry_at: retry, last_error: error, event_types: types } = webhook;
  return (
    <Card title="Progress">
      <Facts
        facts={[
          ['State', <WebhookBadge key="state" webhook={webhook} />],
          ['To deliver', count(webhook.pending)],
          ['Not read from the log yet', count(webhook.lag)],
          ['Given up', count(webhook.dead_letters)],
          ...(failing === null ? [] : [['Failing since', dateTime(failing)] as const]),
          ...(retry === null ? [] : [['Next attempt', dateTime(retry)] as const]),
          ...(error === null ? [] : [['Last error', error] as const]),
          ['Events', types === null ? 'all' : types.map(eventName).join(', ')],
          ['Created', `${dateTime(webhook.created_at)} by ${webhook.created_by}`],
        ]}
      />
    </Card>
  );
}
