import { scopes } from '../../../access/scopes.js';
import { logPageSchema } from '../../../audit/browse-log.js';
import { count, list, nullable, object, record, text, time, uuid } from '../../../json-schema.js';
import { projectionStates } from '../../../queries/projections-document.js';
import { endedBuildsSchema } from '../../../read-models/ended-builds.js';
import { deliveryAttemptsSchema } from '../../../webhooks/delivery-attempts.js';

const runProperties = {
  run_id: uuid,
  state: {
    enum: ['running', 'done', 'failed', 'cancelled', 'interrupted'],
    description: 'interrupted: the process that ran it has stopped, or had no connection to Redis for 10 s.',
  },
  requested_by: text,
  started_at: time,
  ended_at: nullable(time),
  error: { ...nullable(text), description: 'Why the run failed.' },
  events_done: count,
  events_total: count,
} as const;

const verificationSchema = object({
  ...runProperties,
  against: { ...nullable(time), description: 'When the checkpoint was made that the log was compared with.' },
  findings: list(object({ partition: count, position: count, reason: text, detail: text })),
});

const dryRunSchema = object({
  ...runProperties,
  compared_keys: count,
  differences_total: count,
  is_complete: { type: 'boolean', description: 'false: there are more differences than were counted.' },
  differences: {
    ...list(
      object({
        partition: count,
        key: text,
        order_id: nullable(uuid),
        field: text,
        live: nullable(text),
        rebuilt: nullable(text),
      }),
    ),
    description: 'The first 200 differences. Their texts end after 500 characters.',
  },
});

const apiKeyProperties = {
  key_id: text,
  name: text,
  subject: { ...text, description: 'The actor in the events of the key.' },
  scopes: list({ enum: scopes }),
  created_at: time,
  created_by: {
    ...nullable(text),
    description:
      'The creator: `key:` and the id of the key that called the API, the subject of a token, or `operator:` and ' +
      'the user of the command line. null for a key from before creators were recorded.',
  },
  expires_at: nullable(time),
  revoked_at: { ...nullable(time), description: 'When the key was revoked; null if it was not.' },
  last_used_at: { ...nullable(time), description: 'Within a minute; null if the key was never used.' },
} as const;

const startedNow = { type: 'boolean', description: 'false: a run was already in progress.' } as const;

/** The schemas of responses for operators and auditors. */
export const operatorSchemas = {
  SkippedEvent: object({
    projection: text,
    partition: count,
    position: count,
    order_id: nullable(uuid),
    type: nullable(text),
    recorded_at_position: { ...text, description: 'The Event-Position at which the log records the decision.' },
  }),
  EndedRebuilds: endedBuildsSchema,
  WebhookDeliveries: deliveryAttemptsSchema,
  DryRun: dryRunSchema,
  DryRunStarted: object({ is_new: startedNow, run: dryRunSchema }),
  DryRuns: object({ runs: list(dryRunSchema) }),
  Verification: verificationSchema,
  VerificationStarted: object({ is_new: startedNow, run: verificationSchema }),
  Verifications: object({ runs: list(verificationSchema), last_checkpoint_at: nullable(time) }),
  LogPage: logPageSchema,
  ApiKeys: object({ keys: list(object(apiKeyProperties)) }),
  ApiKeyWithSecret: object({ ...apiKeyProperties, key: { ...text, description: 'No later response shows it.' } }),
  System: object({
    version: text,
    log: object({ log_id: uuid, epoch: text, partitions: count, events: count }),
    processes: list(
      object({
        process_id: text,
        version: text,
        node: text,
        roles: list({ enum: ['api', 'projector'] }),
        started_at: time,
        reported_seconds_ago: count,
        memory_bytes: count,
        is_this: { type: 'boolean', description: 'Whether this process has responded.' },
      }),
    ),
    event_log: object({
      server: text,
      database_bytes: count,
      connections: object({ open: count, idle: count, waiting: count, limit: count }),
    }),
    read_models: object({
      server: text,
      used_bytes: count,
      limit_bytes: { ...nullable(count), description: 'null: no limit.' },
      eviction: text,
    }),
    projection_states: record({ enum: projectionStates }),
    configuration: list(
      object({
        name: text,
        value: { ...text, description: 'Secrets are left out.' },
        is_default: { type: 'boolean' },
      }),
    ),
  }),
} as const;
