import { api, got } from '../api/client.js';
import { now } from '../api/connection.js';
import { useResource } from '../api/resource.js';
import type { System as SystemReport } from '../api/types.js';
import { StatusBadge, troubles, useHealth } from '../app/health.js';
import { bytes, count, plural, words } from '../format/numbers.js';
import { ago, duration } from '../format/time.js';
import { Badge } from '../ui/badge.js';
import { Card, Facts, PageHeader } from '../ui/card.js';
import { Shown } from '../ui/states.js';
import { Table } from '../ui/table.js';
import { Throughput } from './throughput.js';

const pollMs = 3_000;

/** Processes, servers, throughput, and the configuration in force. */
export function System() {
  const health = useHealth();
  const system = useResource('system', (signal) => got(api.GET('/system', { signal })), pollMs);
  return (
    <>
      <PageHeader title="System" lead="The processes and servers behind this console." />
      <div class="two">
        <Card title="Health" actions={health.data && <StatusBadge status={health.data.status} />}>
          <Shown resource={health} lines={6}>
            {(found) => (
              <Facts
                facts={Object.entries(found.checks).map(([name, state]) => [
                  words(name),
                  <CheckBadge key={name} state={state} />,
                ])}
              />
            )}
          </Shown>
          {health.data && troubles(health.data).length > 0 && (
            <p class="muted small-text">
              The meaning of each check, and what to do, is in docs/monitoring.md and docs/operations.md.
            </p>
          )}
        </Card>
        <Throughput />
      </div>
      <Shown resource={system} lines={30}>
        {(found) => (
          <>
            <Processes system={found} />
            <div class="two">
              <Servers system={found} />
              <Configuration system={found} />
            </div>
          </>
        )}
      </Shown>
    </>
  );
}

function CheckBadge({ state }: { readonly state: string }) {
  if (state === 'up' || state === 'live') return <Badge tone="ok" icon="check" text={words(state)} />;
  return (
    <span class="row">
      <Badge tone="bad" icon="warning" text="Broken" /> {state}
    </span>
  );
}

function Processes({ system: { processes } }: { readonly system: SystemReport }) {
  return (
    <Card title={plural(processes.length, 'process', 'processes')} isFlush>
      <Table
        caption="Processes"
        rows={processes}
        keyOf={({ process_id }) => process_id}
        columns={[
          {
            name: 'Process',
            isHeader: true,
            cell: ({ process_id, is_this }) => (
              <span class="row">
                <code>{process_id}</code> {is_this && <Badge tone="info" icon="info" text="This one" />}
              </span>
            ),
          },
          { name: 'Roles', cell: ({ roles }) => roles.join(', ') },
          { name: 'Version', isWide: true, cell: ({ version, node }) => `${version} on Node ${node.slice(1)}` },
          {
            name: 'Running for',
            isNumeric: true,
            cell: ({ started_at }) => duration(Math.max(1, (now.value - Date.parse(started_at)) / 1000)),
          },
          { name: 'Memory', isNumeric: true, isWide: true, cell: ({ memory_bytes }) => bytes(memory_bytes) },
          {
            name: 'Reported',
            isNumeric: true,
            isWide: true,
            cell: ({ reported_seconds_ago: age }) => ago(new Date(now.value - age * 1000).toISOString(), now.value),
          },
        ]}
      />
    </Card>
  );
}

function Servers({ system: { log, event_log: postgres, read_models: redis } }: { readonly system: SystemReport }) {
  const { open, idle, waiting, limit } = postgres.connections;
  return (
    <Card title="Servers">
      <Facts
        facts={[
          ['Event log', postgres.server],
          ['Its size', bytes(postgres.database_bytes)],
          ['Connections of this process', `${count(open - idle)} of ${count(limit)} busy, ${count(waiting)} waiting`],
          ['Events', count(log.events)],
          ['Partitions', count(log.partitions)],
          ['Log, epoch', `${log.log_id}, ${log.epoch}`],
          ['Read models', redis.server],
          [
            'Their memory',
            redis.limit_bytes === null
              ? `${bytes(redis.used_bytes)}, no limit`
              : `${bytes(redis.used_bytes)} of ${bytes(redis.limit_bytes)}`,
          ],
          ['Eviction', redis.eviction || 'unknown'],
        ]}
      />
    </Card>
  );
}

function Configuration({ system: { configuration } }: { readonly system: SystemReport }) {
  return (
    <Card title="Configuration in force" isFlush>
      <Table
        caption="Configuration of this process, without secrets"
        rows={configuration}
        keyOf={({ name }) => name}
        columns={[
          { name: 'Variable', isHeader: true, cell: ({ name }) => <Variable name={name} /> },
          {
            name: 'Value',
            cell: ({ value, is_default }) =>
              is_default ? <span class="muted">{value}</span> : <strong>{value}</strong>,
          },
        ]}
      />
    </Card>
  );
}

/** The name of a variable, which may break after each of its words. */
function Variable({ name }: { readonly name: string }) {
  return (
    <code class="whole-words">
      {name.split(/(?<=_)/).flatMap((word, nth) => [word, <wbr key={`${nth} ${word}`} />])}
    </code>
  );
}
