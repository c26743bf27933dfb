import { scopes } from '../../access/scopes.js';
import { count, list, object, text } from '../../json-schema.js';
import { orderStatuses } from '../../orders/totals.js';
import { problemTypes } from './problem-types.js';

export const fieldErrorSchema = object({
  /** JSON pointer into the body (RFC 6901); /query/NAME or /path/NAME for a parameter. */
  pointer: text,
  message: text,
});

/** The member `type` of a problem. */
export const problemTypeDescription = 'The address of the page that explains the problem.';

/** The problem of one line of a batch: the batch itself has the instance and the request id. */
export const lineProblemSchema = {
  type: 'object',
  description: 'A problem (RFC 9457), without the members that only a single request has.',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: {
      enum: Object.keys(problemTypes).map((name) => `/problems/${name}`),
      description: problemTypeDescription,
    },
    title: text,
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: text,
    errors: list(fieldErrorSchema),
    current_status: { enum: orderStatuses },
    current_version: count,
    on_hold: { type: 'boolean' },
    allowed_commands: list(text),
    required_scopes: list({ enum: scopes }),
    /** Whether the command may have been done. Present in every 503 to a command. */
    may_have_been_done: { type: 'boolean' },
  },
} as const;

export const problemSchema = {
  description: 'A problem (RFC 9457).',
  allOf: [
    lineProblemSchema,
    { type: 'object', required: ['instance', 'request_id'], properties: { instance: text, request_id: text } },
  ],
} as const;
