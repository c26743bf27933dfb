import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { now } from '../api/connection.js';
import { useResource } from '../api/resource.js';
import type { Webhook } from '../api/types.js';
import { place } from '../app/route.js';
import { plural } from '../format/numbers.js';
import { ago } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Button } from '../ui/button.js';
import { Card, PageHeader } from '../ui/card.js';
import { Secret } from '../ui/secret.js';
import { Empty, Shown } from '../ui/states.js';
import { Table } from '../ui/table.js';
import { CreateWebhook } from './create-webhook.js';
import { WebhookView } from './webhook-view.js';

const pollMs = 4_000;

/** Subscriptions to events, or one of them: `#/webhooks/WEBHOOK_ID`. */
export function Webhooks() {
  const [, webhookId] = place.value.path;
  return webhookId === undefined ? <List /> : <WebhookView key={webhookId} webhookId={webhookId} />;
}

function List() {
  const list = useResource('webhooks', (signal) => got(api.GET('/webhooks', { signal })), pollMs);
  const [isCreating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string>();
  return (
    <>
      <PageHeader title="Webhooks" lead="Events, sent to other systems as they happen.">
        <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
          Subscribe a URL
        </Button>
      </PageHeader>
      <Card title="Subscriptions" isFlush>
        <Shown resource={list}>
          {({ webhooks }) =>
            webhooks.length === 0 ? (
              <Empty icon="webhooks" title="Nobody is subscribed">
                A subscription sends events to a URL, signed, in order for each order, and at least once.
              </Empty>
            ) : (
              <Table
                caption="Subscriptions"
                rows={webhooks}
                keyOf={({ webhook_id }) => webhook_id}
                pageSize={50}
                columns={[
                  {
                    name: 'URL',
                    isHeader: true,
                    cell: ({ webhook_id, url }) => <a href={`#/webhooks/${webhook_id}`}>{url}</a>,
                  },
                  { name: 'State', cell: (webhook) => <WebhookBadge webhook={webhook} /> },
                  { name: 'To deliver', isNumeric: true, cell: ({ pending, lag }) => plural(pending + lag, 'event') },
                  { name: 'Given up', isNumeric: true, cell: ({ dead_letters }) => plural(dead_letters, 'event') },
                  {
                    name: 'Created',
                    isWide: true,
                    cell: ({ created_at, created_by }) => `${ago(created_at, now.value)} by ${created_by}`,
                  },
                ]}
              />
            )
          }
        </Shown>
      </Card>
      {isCreating && (
        <CreateWebhook
          onClose={() => setCreating(false)}
          onCreated={(created) => {
            setCreating(false);
            setSecret(created.secret);
            list.reload();
          }}
        />
      )}
      {secret !== undefined && (
        <Secret title="The secret that signs the events" text={secret} onClose={() => setSecret(undefined)} />
      )}
    </>
  );
}

/** The state of a webhook and of its circuit breaker. */
export function WebhookBadge({ webhook: { state, breaker } }: { readonly webhook: Webhook }) {
  if (state === 'paused') return <Badge tone="neutral" icon="pause" text="Paused" />;
  if (state === 'gone') return <Badge tone="bad" icon="cross" text="Receiver is gone" />;
  if (state === 'disabled') return <Badge tone="bad" icon="stop" text="Disabled after failures" />;
  if (breaker === 'open') return <Badge tone="bad" icon="warning" text="Failing, waits" />;
  if (breaker === 'half-open') return <Badge tone="warn" icon="clock" text="Failing, tries again" />;
  return <Badge tone="ok" icon="check" text="Active" />;
}
