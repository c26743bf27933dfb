import { aboutOperations } from './about-operations.js';
import { adminOperations } from './admin-operations.js';
import { commandOperations } from './command-operations.js';
import { queryOperations } from './query-operations.js';

/**
 * Everything that the API offers: the one table that says who may call what. Routes are made from it, access is checked by it, and
 * the OpenAPI document is written from it, so that no endpoint can be without any of the three.
 */
export const operations = { ...commandOperations, ...queryOperations, ...adminOperations, ...aboutOperations };

export type OperationId = keyof typeof operations;
