import { earlierEventDataSchemas } from '../../src/orders/earlier-event-data.js';
import { eventDataSchemas, eventMeanings } from '../../src/orders/event-data.js';
import { orderEventTypes } from '../../src/orders/upcast.js';
import { projectPath } from '../../src/project-path.js';

type Json = Readonly<Record<string, unknown>>;

/** The paths of the page about events and of their JSON Schema. */
export const eventsPage = projectPath('docs', 'events.md');
export const eventsSchema = projectPath('docs', 'events.schema.json');

/** The JSON Schema of an event's data, for each type and schema version. */
export function freshEventsSchema(): string {
  const $defs = Object.fromEntries(
    orderEventTypes.flatMap((type) =>
      versionsOf(type).map(({ version, schema }) => [
        `${type}.${version}`,
        { title: `${type}, ${version}`, ...schema },
      ]),
    ),
  );
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The data of order events, by type and schema version',
    $defs,
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** The text of docs/events.md. */
export function freshEventsPage(): string {
  return `${head}${orderEventTypes.map(section).join('')}`;
}

const head = `# Events

Every command that is accepted appends one event to the order's stream. An event has a type, a
schema version, and \`data\`: what happened. This page lists the data of every type.
\`npm run docs\` writes it from the schemas in \`src/orders/event-data.ts\`, from which the types of
the code follow too. [events.schema.json](events.schema.json) has the same as JSON Schema: the
definition \`OrderShipped.2\` describes the data of \`OrderShipped\` in schema version 2.

## Events in responses and files

| source | what it has |
|---|---|
| \`GET /orders/{order_id}/history\` | the events of an order, with hashes and positions |
| \`GET /orders/stream\` and [webhooks](webhooks.md) | one event at a time, as it becomes visible |
| \`orders export\` | all events, in the canonical form that [audit.md](audit.md) defines |
| the table \`events\` | the log itself; sealed fields are not readable there |

Everywhere an event has these fields beside its type and its data:

| field | meaning |
|---|---|
| \`order_id\` | The order. In a history it is given once for all events. |
| \`version\` | The event's number in its order: 1, 2, 3, … |
| \`actor\` | The subject of the caller, such as \`key:…\`; \`anonymous\` without access control ([access.md](access.md)). |
| \`occurred_at\` | When it happened in the shop. |
| \`recorded_at\` | When the log took it. Never decreases within a partition. |
| \`position\` | The event's place in the log: \`PARTITION:POSITION\`, or a number within a history. |

## The metadata of an event

In the table \`events\`, in exports and in proofs an event has \`metadata\` beside its data:

| field | meaning |
|---|---|
| \`schema\` | The schema version of the data. |
| \`actor\` | As above. |
| \`request_id\` | The \`X-Request-Id\` of the request: that of the caller, or one that the service gave. |
| \`correlation_id\`, \`causation_id\` | Ids that the caller sent, or the trace and the span of the request ([monitoring.md](monitoring.md)). |
| \`idempotency_key\` | The key of the command; absent without one. |
| \`command_hash\` | A hash of the command, which tells a repetition from another command under its key. |
| \`person\` | The name of the key that seals the personal fields; they are in \`data\` as \`sealed\` ([privacy.md](privacy.md)). |

The log has two kinds of events that belong to no order, and that projections, streams and webhooks
pass over. \`PlaceKeyReserved\` names the \`order_id\` that an Idempotency-Key will place, in a stream
of its own. The events of operators are in the stream that [audit.md](audit.md) names.

## Rules for readers

- Amounts are integers in minor units of the order's currency: 5998 are 59.98 USD.
- Events are shown as they were written. An event of an earlier schema version has the data of that
  version: accept both. New events always have the highest version below.
- Fields may be added. Ignore fields that you do not know.
- New types may be added. Ignore types that you do not know, unless your figures depend on them.
- Fields that are marked *sealed* hold personal data. If a master key is configured, the log holds
  them encrypted. After \`orders forget\` they read \`[erased]\`, or are empty
  ([privacy.md](privacy.md)).

## Types

| type | meaning |
|---|---|
${orderEventTypes.map((type) => `| [${type}](#${type.toLowerCase()}) | ${eventMeanings[type]} |`).join('\n')}
`;

function section(type: (typeof orderEventTypes)[number]): string {
  const versions = versionsOf(type).reverse();
  const parts = versions.map(({ version, schema }) => {
    const heading = versions.length === 1 ? '' : `Schema version ${version}:\n\n`;
    const rows = rowsOf(schema);
    return `${heading}${rows.length === 0 ? 'No data: `{}`.' : `| field | type | meaning |\n|---|---|---|\n${rows.join('\n')}`}\n`;
  });
  return `\n### ${type}\n\n${eventMeanings[type]}\n\n${parts.join('\n')}`;
}

function versionsOf(type: (typeof orderEventTypes)[number]): { version: number; schema: Json }[] {
  const earlier = earlierEventDataSchemas[type] ?? [];
  return [...earlier, eventDataSchemas[type]].map((schema, index) => ({ version: index + 1, schema: { ...schema } }));
}

/** One row per field; the fields of the objects in a list follow as \`items[].quantity\`. */
function rowsOf(schema: Json, prefix = ''): string[] {
  const required = new Set((schema.required ?? []) as string[]);
  return Object.entries((schema.properties ?? {}) as Record<string, Json>).flatMap(([name, property]) => {
    const optional = required.has(name) ? '' : ', optional';
    const description = String(property.description ?? '').replaceAll('|', '\\|');
    const row = `| \`${prefix}${name}\` | ${typeOf(property)}${optional} | ${description} |`;
    const items = itemsOf(property);
    return items ? [row, ...rowsOf(items, `${prefix}${name}[].`)] : [row];
  });
}

function itemsOf(schema: Json): Json | undefined {
  const list = [schema, ...((schema.anyOf ?? []) as Json[])].find(({ type }) => type === 'array');
  return list?.items as Json | undefined;
}

function typeOf(schema: Json): string {
  if ('const' in schema) return `\`${String(schema.const)}\``;
  if (schema.enum) return (schema.enum as string[]).map((value) => `\`${value}\``).join(' or ');
  if (schema.anyOf) return (schema.anyOf as Json[]).map(typeOf).join(' or ');
  if (schema.type === 'array') return 'list';
  if (schema.type === 'object') return 'texts by key';
  return [schema.type].flat().join(' or ');
}
