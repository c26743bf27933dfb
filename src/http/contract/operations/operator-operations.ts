import { bodyProblems, json, type Operation } from '../operation.js';

/** The end of a run. */
const cancelled = { 204: { description: 'The run ends within a second, without a result' } } as const;

/**
 * Operations on read models besides rebuilds: fixing a stopped projection, and comparing one with
 * the log.
 */
export const projectionCures = {
  resumeProjection: {
    method: 'post',
    path: '/projections/{name}/resume',
    tag: 'Operations',
    summary: 'Retry the events on which a projection has stopped',
    access: ['admin'],
    parameters: ['name'],
    responses: { 204: { description: 'The owners of the partitions try again' } },
    problems: ['validation', 'projection-not-found', 'read-models-unavailable'],
  },
  skipEvent: {
    method: 'post',
    path: '/projections/{name}/skip',
    tag: 'Operations',
    summary: 'Skip the event on which a projection has stopped, for good',
    description:
      'The event and all later events of its order are left out of this read model, now and in every later rebuild. ' +
      'The log records the caller and the reason.',
    access: ['admin'],
    parameters: ['name'],
    body: 'skipEvent',
    responses: { 200: { description: 'The skipped event', content: json('SkippedEvent') } },
    problems: [
      ...bodyProblems,
      'validation',
      'projection-not-found',
      'not-stopped',
      'read-models-unavailable',
      'event-log-unavailable',
      'log-went-back',
      'clock-behind',
    ],
  },
  startDryRun: {
    method: 'post',
    path: '/projections/{name}/dry-run',
    tag: 'Operations',
    summary: 'Compare a read model with the log, without a change',
    description: 'Builds a generation, compares it with the live one key by key, and discards it.',
    access: ['admin'],
    parameters: ['name'],
    responses: { 202: { description: 'The run', content: json('DryRunStarted'), headers: ['Location'] } },
    problems: ['validation', 'projection-not-found', 'read-models-unavailable'],
  },
  listDryRuns: {
    method: 'get',
    path: '/projections/{name}/dry-run',
    tag: 'Operations',
    summary: 'The newest dry runs of a projection, with their differences',
    access: ['admin'],
    parameters: ['name'],
    responses: { 200: { description: 'The runs, newest first', content: json('DryRuns') } },
    problems: ['validation', 'projection-not-found', 'read-models-unavailable'],
  },
  cancelDryRun: {
    method: 'delete',
    path: '/projections/{name}/dry-run/{run_id}',
    tag: 'Operations',
    summary: 'Cancel a dry run that is in progress',
    access: ['admin'],
    parameters: ['name', 'run_id'],
    responses: cancelled,
    problems: ['validation', 'projection-not-found', 'run-not-found', 'read-models-unavailable'],
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** Lists of what happened lately, for people to look at. */
export const operatorHistories = {
  listRebuilds: {
    method: 'get',
    path: '/projections/{name}/rebuilds',
    tag: 'Operations',
    summary: 'The last 50 rebuilds of a projection that ended: by whom, when, how long, with which result',
    description: 'They are kept in Redis, with the read models. A rebuild in progress is in `GET /projections`.',
    access: ['metrics:read', 'admin'],
    parameters: ['name'],
    responses: { 200: { description: 'The rebuilds, newest first', content: json('EndedRebuilds') } },
    problems: ['validation', 'projection-not-found', 'read-models-unavailable'],
  },
  listDeliveries: {
    method: 'get',
    path: '/webhooks/{webhook_id}/deliveries',
    tag: 'Webhooks',
    summary: 'The last 50 attempts to deliver an event, with the status of the receiver or the error',
    description: 'Redis keeps the list until 30 days after the newest attempt. It may lack attempts if Redis was down.',
    access: ['admin'],
    parameters: ['webhook_id'],
    responses: { 200: { description: 'The attempts, newest first', content: json('WebhookDeliveries') } },
    problems: ['validation', 'webhook-not-found', 'read-models-unavailable', 'event-log-unavailable'],
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** Reading and verifying the log, for auditors. */
export const logOperations = {
  browseLog: {
    method: 'get',
    path: '/audit/events',
    tag: 'Audit',
    summary: 'Events of the log, by position or by stream, with their hash chain',
    description:
      'Reads the log itself. With `partition`, the events after the position `after`, or those recorded from the time ' +
      '`at` on. With `order_id`, the events of that stream after the version `after`.',
    access: ['audit:read'],
    query: 'log',
    responses: { 200: { description: 'A page of events', content: json('LogPage') } },
    problems: ['validation', 'event-log-unavailable'],
  },
  startVerification: {
    method: 'post',
    path: '/audit/verifications',
    tag: 'Audit',
    summary: 'Check that no event was changed, removed or inserted',
    description:
      'Recomputes the hash chain of every partition. With a signed checkpoint, also checks that the log still holds ' +
      'everything that it describes.',
    access: ['audit:read'],
    body: 'verification',
    responses: { 202: { description: 'The run', content: json('VerificationStarted'), headers: ['Location'] } },
    problems: [...bodyProblems, 'validation', 'read-models-unavailable', 'event-log-unavailable'],
  },
  listVerifications: {
    method: 'get',
    path: '/audit/verifications',
    tag: 'Audit',
    summary: 'The newest verifications, with their progress and findings, and the last signed checkpoint',
    access: ['audit:read'],
    responses: { 200: { description: 'The runs, newest first', content: json('Verifications') } },
    problems: ['validation', 'read-models-unavailable', 'event-log-unavailable'],
  },
  cancelVerification: {
    method: 'delete',
    path: '/audit/verifications/{run_id}',
    tag: 'Audit',
    summary: 'Cancel a verification that is in progress',
    access: ['audit:read'],
    parameters: ['run_id'],
    responses: cancelled,
    problems: ['validation', 'run-not-found', 'read-models-unavailable'],
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** API keys, and the state of the service. */
export const administration = {
  listKeys: {
    method: 'get',
    path: '/keys',
    tag: 'Operations',
    summary: 'All API keys, without their secrets',
    access: ['admin'],
    responses: { 200: { description: 'The keys, oldest first', content: json('ApiKeys') } },
    problems: ['validation', 'event-log-unavailable'],
  },
  createKey: {
    method: 'post',
    path: '/keys',
    tag: 'Operations',
    summary: 'Create an API key',
    description: 'No later response shows the key. A caller can give only scopes that it has itself.',
    access: ['admin'],
    body: 'createKey',
    responses: { 201: { description: 'The key', content: json('ApiKeyWithSecret'), headers: ['Location'] } },
    problems: [...bodyProblems, 'validation', 'event-log-unavailable'],
  },
  revokeKey: {
    method: 'delete',
    path: '/keys/{key_id}',
    tag: 'Operations',
    summary: 'Revoke an API key; it stops working within a second',
    access: ['admin'],
    parameters: ['key_id'],
    responses: { 204: { description: 'The key is revoked' } },
    problems: ['validation', 'key-not-found', 'event-log-unavailable'],
  },
  getSystem: {
    method: 'get',
    path: '/system',
    tag: 'Operations',
    summary: 'Processes, servers, and the configuration of this process without secrets',
    access: ['admin'],
    responses: { 200: { description: 'The state of the system', content: json('System') } },
    problems: ['validation', 'read-models-unavailable', 'event-log-unavailable'],
  },
} as const satisfies Readonly<Record<string, Operation>>;
