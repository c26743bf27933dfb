import { useState } from 'preact/hooks';
import { api, got } from '../api/client.js';
import { now } from '../api/connection.js';
import { useResource } from '../api/resource.js';
import { access, caller } from '../api/session.js';
import type { ApiKey } from '../api/types.js';
import { ago, dateMinute } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Button } from '../ui/button.js';
import { Card, PageHeader } from '../ui/card.js';
import { Confirm } from '../ui/confirm.js';
import { Icon } from '../ui/icon.js';
import { Secret } from '../ui/secret.js';
import { Empty, Shown } from '../ui/states.js';
import { Table } from '../ui/table.js';
import { toast } from '../ui/toast.js';
import { CreateKey } from './create-key.js';

/** API keys: who has which, when each was last used, and their end. */
export function Keys() {
  const list = useResource('keys', (signal) => got(api.GET('/keys', { signal })), 15_000);
  const [isCreating, setCreating] = useState(false);
  const [secret, setSecret] = useState<string>();
  const [revoking, setRevoking] = useState<ApiKey>();
  const isOwn = ({ subject }: ApiKey) => subject === caller.value?.subject;
  return (
    <>
      <PageHeader title="API keys" lead="The keys with which programs and people use this service.">
        <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
          Create a key
        </Button>
      </PageHeader>
      {access.value?.required === false && (
        <p class="notice info">
          <Icon name="info" size={16} /> Access control is off, so no key is asked for. Set ORDERS_AUTH=required once
          you have keys.
        </p>
      )}
      <Card title="Keys" isFlush>
        <Shown resource={list}>
          {({ keys }) =>
            keys.length === 0 ? (
              <Empty icon="keys" title="There is no key yet" />
            ) : (
              <Table
                caption="API keys"
                rows={keys.toReversed()}
                keyOf={({ key_id }) => key_id}
                pageSize={50}
                columns={[
                  {
                    name: 'Name',
                    isHeader: true,
                    cell: (key) => (
                      <>
                        {key.name}
                        <br />
                        <code class="muted">ok_{key.key_id}_…</code>
                      </>
                    ),
                  },
                  { name: 'Actor', isWide: true, cell: ({ subject }) => subject },
                  { name: 'Scopes', cell: ({ scopes }) => scopes.join(', ') },
                  { name: 'State', cell: (key) => <KeyBadge apiKey={key} /> },
                  {
                    name: 'Last used',
                    isWide: true,
                    cell: ({ last_used_at: at }) => (at === null ? 'never' : ago(at, now.value)),
                  },
                  {
                    name: 'Created',
                    isWide: true,
                    cell: ({ created_at, created_by }) =>
                      created_by === null ? dateMinute(created_at) : `${dateMinute(created_at)} by ${created_by}`,
                  },
                  {
                    name: 'End',
                    cell: (key) =>
                      key.revoked_at === null && (
                        <Button isSmall kind="danger" onClick={() => setRevoking(key)}>
                          Revoke
                        </Button>
                      ),
                  },
                ]}
              />
            )
          }
        </Shown>
      </Card>
      {isCreating && (
        <CreateKey
          onClose={() => setCreating(false)}
          onCreated={(key) => {
            setCreating(false);
            setSecret(key);
            list.reload();
          }}
        />
      )}
      {secret !== undefined && <Secret title="The new key" text={secret} onClose={() => setSecret(undefined)} />}
      {revoking && (
        <Confirm
          title={`Revoke the key of ${revoking.name}?`}
          action="Revoke"
          isDangerous
          onConfirm={async () => {
            await got(api.DELETE('/keys/{key_id}', { params: { path: { key_id: revoking.key_id } } }));
            toast(`The key of ${revoking.name} is revoked`);
            list.reload();
          }}
          onClose={() => setRevoking(undefined)}
        >
          <p>It stops working within a second, in every process and on open streams. A revoked key cannot come back.</p>
          {isOwn(revoking) && <p class="notice bad">This key acts as you do: you may be signing yourself out.</p>}
        </Confirm>
      )}
    </>
  );
}

function KeyBadge({ apiKey: { revoked_at, expires_at } }: { readonly apiKey: ApiKey }) {
  if (revoked_at !== null) return <Badge tone="neutral" icon="cross" text={`Revoked ${dateMinute(revoked_at)}`} />;
  if (expires_at === null) return <Badge tone="ok" icon="check" text="Active" />;
  const isOver = Date.parse(expires_at) <= now.value;
  if (isOver) return <Badge tone="neutral" icon="clock" text={`Expired ${dateMinute(expires_at)}`} />;
  return <Badge tone="ok" icon="clock" text={`Until ${dateMinute(expires_at)}`} />;
}
