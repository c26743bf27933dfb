import type { Logger } from 'pino';
import type { Auditor } from '../audit/auditor.js';
import type { HandleCommand } from '../commands/handle-command.js';
import type { AppliedPositions } from '../queries/applied-positions.js';
import type { ReadModels } from '../queries/read-models.js';
import type { EventStreams } from './event-streams.js';

/** What the HTTP side is given: the commands, the queries, and how to find out whether all is well. */
export interface Service {
  readonly handleCommand: HandleCommand;
  readonly models: ReadModels;
  readonly applied: AppliedPositions;
  readonly streams: EventStreams;
  readonly rebuilds: {
    /** Asks for a rebuild of a projection; isNew is false where one is under way already. */
    request(projection: string, actor: string): Promise<{ readonly isNew: boolean }>;
    /** False where none is under way. */
    cancel(projection: string): Promise<boolean>;
  };
  /** Undefined where no signing key is configured. */
  readonly audit: Auditor | undefined;
  readonly health: () => Promise<Health>;
  readonly defaultCurrency: string;
  readonly log: Logger;
}

export interface Health {
  readonly status: 'ready' | 'degraded' | 'not-ready';
  /** What is up and what is down, by name. */
  readonly checks: Readonly<Record<string, string>>;
}
