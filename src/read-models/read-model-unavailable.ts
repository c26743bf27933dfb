import type { ProjectionId } from './keys.js';

/** Redis did not answer, or answered with an error. The read models are as they were. */
export class ReadModelUnavailable extends Error {
  constructor(cause: unknown) {
    super(`Redis: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'ReadModelUnavailable';
  }
}

/** There is no generation yet that this version of the code reads. Commands go on. */
export class ReadModelBeingBuilt extends ReadModelUnavailable {
  constructor({ name, version }: ProjectionId) {
    super(undefined);
    this.name = 'ReadModelBeingBuilt';
    this.message = `${name} is being built for version ${version}: GET /projections shows how far it is`;
  }
}
