import type { ProjectionId } from './keys.js';
import { redisRefusal } from './redis/redis-error.js';

/** Redis did not respond, or responded with an error. The read models are unchanged. */
export class ReadModelUnavailable extends Error {
  constructor(cause: unknown) {
    super(describe(cause), { cause });
    this.name = 'ReadModelUnavailable';
  }

  /** The reason for callers, without the details of the error. */
  get reason(): string {
    const { cause } = this;
    return (cause instanceof Error && redisRefusal(cause.message)?.state) || 'Redis did not respond';
  }
}

/** The client's own message for an unreachable server names an option of its API. */
function describe(cause: unknown): string {
  if (cause instanceof Error && cause.name === 'MaxRetriesPerRequestError') return 'Redis cannot be reached';
  return `Redis: ${cause instanceof Error ? cause.message : String(cause)}`;
}

/** No generation exists yet that this version of the code reads. Commands are not affected. */
export class ReadModelBeingBuilt extends ReadModelUnavailable {
  constructor({ name, version }: ProjectionId) {
    super(undefined);
    this.name = 'ReadModelBeingBuilt';
    this.message = `${name} is being built for version ${version}: GET /projections shows the progress`;
  }
}

/**
 * A partition of the read model lacks events: Redis has lost its data, or it is new, and it has not
 * caught up since. Commands are not affected.
 */
export class ReadModelBeingFilled extends ReadModelUnavailable {
  constructor(name: string, events: { readonly done: number; readonly total: number; readonly partitions: number }) {
    super(undefined);
    this.name = 'ReadModelBeingFilled';
    const { done, total, partitions } = events;
    this.message =
      `${name} is being filled: it has ${done} of the ${total} events of ` +
      `${partitions === 1 ? 'a partition' : `${partitions} partitions`}`;
  }
}

/**
 * A projector has stopped at an event that a newer version of the service wrote. Commands on other
 * orders are not affected.
 */
export class ReadModelOutdated extends ReadModelUnavailable {
  constructor(name: string) {
    super(undefined);
    this.name = 'ReadModelOutdated';
    this.message =
      `${name} has stopped at an event of a newer version of the service: the processes of older versions ` +
      'have to be replaced';
  }
}

/** The read model lacks all events of an order, because an operator has skipped the first one. */
export class OrderDamaged extends ReadModelUnavailable {
  constructor(orderId: string, eventPosition: string) {
    super(undefined);
    this.name = 'OrderDamaged';
    this.message = `order ${orderId} cannot be shown: an operator has let the read model skip its event at ${eventPosition}`;
  }

  override get reason(): string {
    return this.message;
  }
}
