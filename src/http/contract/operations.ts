import { aboutOperations } from './about-operations.js';
import { adminOperations } from './admin-operations.js';
import { commandOperations } from './command-operations.js';
import { accessOperations } from './operations/access-operations.js';
import { administration, logOperations, operatorHistories, projectionCures } from './operations/operator-operations.js';
import { queryOperations } from './query-operations.js';

/**
 * All operations of the API. The routes, the check of access and the OpenAPI document are made from
 * this one table, so that no endpoint can lack one of them.
 */
export const operations = {
  ...commandOperations,
  ...queryOperations,
  ...adminOperations,
  ...projectionCures,
  ...operatorHistories,
  ...logOperations,
  ...administration,
  ...accessOperations,
  ...aboutOperations,
};

export type OperationId = keyof typeof operations;
