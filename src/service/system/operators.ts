import type { Logger } from 'pino';
import { createApiKey, revokeApiKey } from '../../access/api-keys.js';
import { listKeysWithUses } from '../../access/key-uses.js';
import { createBrowseLog } from '../../audit/browse-log.js';
import { lastTakenAt } from '../../audit/checkpoints-taken.js';
import type { Config } from '../../config.js';
import type { LogContinuity } from '../../event-log/heads/log-continuity.js';
import { createStreamReader } from '../../event-log/read/read-stream.js';
import type { HttpDependencies } from '../../http/routes/dependencies.js';
import { shareFor } from '../../http/shared-calls.js';
import { projectVersion } from '../../project-path.js';
import { projectionNamed } from '../../projections/all-projections.js';
import type { GenerationStore } from '../../projector/generations/generation-store.js';
import type { ProjectionState } from '../../queries/projections-document.js';
import type { CleanupStack } from '../cleanup-stack.js';
import type { Connections } from '../connect.js';
import { createOperatorRuns } from '../runs/operator-runs.js';
import { wireAppender } from '../wire-commands.js';
import { ProcessRegistry } from './process-registry.js';
import { skipStoppedEvent } from './skip-stopped-event.js';
import { reportSystem } from './system-report.js';

/**
 * Time for which all callers share one report of the system: it asks PostgreSQL for the size of the
 * database.
 */
const systemSharedMs = 2_000;

export interface OperatorDeps {
  readonly config: Config;
  readonly processId: string;
  readonly connections: Connections;
  readonly continuity: LogContinuity;
  readonly generations: GenerationStore;
  readonly projections: () => Promise<readonly ProjectionState[]>;
  readonly log: Logger;
  readonly cleanup: CleanupStack;
}

/** Everything that the API needs for operators and auditors besides the read models. */
export function openOperators(
  deps: OperatorDeps,
): Pick<HttpDependencies, 'runs' | 'cures' | 'browseLog' | 'lastCheckpointAt' | 'keys' | 'system'> {
  const { config, processId, connections, continuity, generations, projections, log, cleanup } = deps;
  const { pool, settings, openEvents, models, redis, keys } = connections;
  const readStream = createStreamReader(pool, settings);
  const version = projectVersion();
  const self = { process_id: processId, version, roles: [...config.roles] };
  const processes = new ProcessRegistry(redis, keys.processPrefix, self, log);
  processes.start();
  cleanup.defer(() => processes.close());
  /** Made when it is first needed: most processes never skip an event. */
  let append: ReturnType<typeof wireAppender>['append'] | undefined;
  return {
    runs: createOperatorRuns(connections, log),
    cures: {
      resume: (name) => generations.resume(projectionNamed(name)),
      async skip(name, event, actor) {
        append ??= wireAppender(connections, log, { continuity, maxClockBehindMs: config.maxClockBehindMs }).append;
        const projection = projectionNamed(name);
        const [skipped] = await skipStoppedEvent({ readStream, append, models }, [projection], event, actor);
        if (!skipped) return undefined;
        await generations.resume(projection);
        const { partition, position } = skipped.recorded;
        return {
          projection: name,
          partition: event.partition,
          position: event.position,
          order_id: skipped.orderId,
          type: skipped.type,
          recorded_at_position: settings.epochs.format(partition, position),
        };
      },
    },
    browseLog: createBrowseLog({ pool, partitions: settings.partitions, readStream, open: openEvents }),
    lastCheckpointAt: () => lastTakenAt(pool),
    keys: {
      list: () => listKeysWithUses(pool),
      async create(given) {
        const { id, key } = await createApiKey(pool, given);
        const listed = (await listKeysWithUses(pool)).find((one) => one.id === id);
        if (!listed) throw new Error(`the key ${id} is gone`);
        return { key, listed };
      },
      revoke: (id) => revokeApiKey(pool, id),
    },
    system: shareFor(systemSharedMs, () => reportSystem({ config, connections, processes, projections, version })),
  };
}
