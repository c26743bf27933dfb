import type { Logger } from 'pino';
import { type Config, readConfig } from '../config.js';
import { abandonChildren, stopSignals } from '../embedded/child.js';
import { openServers, type Servers } from '../embedded/servers.js';
import { unknownVariables } from '../known-variables.js';
import { createLogger } from '../service/logger.js';
import { missingKeys } from '../service/missing-keys.js';
import { type StartedService, startService } from '../service/start-service.js';
import { withTimeout } from '../with-timeout.js';
import { readArguments } from './terminal/arguments.js';
import { errorMessage } from './terminal/errors.js';
import type { Terminal } from './terminal/terminal.js';

const usage = `orders serve [--roles ROLE,ROLE]

  Runs the service until it gets SIGTERM, SIGINT (Ctrl-C) or SIGHUP (its terminal was closed).

  --roles   api (commands and queries), projector (read models and webhooks), or both;
            by default ORDERS_ROLES, or both if that is not set

  Example: orders serve --roles projector`;

/** Time in ms for a start to end, if the process is to stop meanwhile. */
const startEndTimeoutMs = 10_000;
/**
 * Time in ms for a stop, in addition to the configured shutdown times: more than its parts may take
 * together. After it, the process exits without finishing them.
 */
const stopTimeoutMs = 40_000;

/**
 * `orders serve`: runs the service until a signal stops it, or until an embedded server ends.
 *
 * A stop has a time limit, even if a server is down. The process exits with 0 after a signal, with
 * 2 if a setting cannot be used, and with 1 if the start failed for another reason, an embedded
 * server ended, or the stop took longer than its limit.
 */
export async function serve(args: string[], terminal: Terminal): Promise<void> {
  const { values } = readArguments(args, usage, { roles: { type: 'string' } }, 0);
  if (values.help) return terminal.print(usage);
  const config = readConfig({ ...terminal.env, ...(values.roles === undefined ? {} : { ORDERS_ROLES: values.roles }) });
  for (const warning of [...unknownVariables(terminal.env), ...missingKeys(config)]) terminal.notify(warning);
  const stopSignal = firstStopSignal();
  const run = start(config, terminal);
  const reason = await Promise.race([stopSignal, run.failed]);
  if (!(reason instanceof Error)) terminal.notify(`${reason}: finishing the requests in flight`);
  const limitMs = config.shutdownDelayMs + config.shutdownTimeoutMs + stopTimeoutMs;
  try {
    await withTimeout(limitMs, run.stop());
  } catch {
    abandonChildren();
    const stopped = reason instanceof Error ? `${errorMessage(reason)}; ` : '';
    terminal.notify(`${stopped}the service did not stop within ${limitMs / 1000} s, and ends without finishing`);
    process.exit(1);
  }
  if (reason instanceof Error) throw reason;
  terminal.notify('stopped');
}

/** A service from the beginning of its start on. */
interface Run {
  /** Resolves if the start fails, or if an embedded server ends. */
  readonly failed: Promise<Error>;
  /** Stops what has been started, in the opposite order. */
  stop(): Promise<void>;
}

function start(config: Config, terminal: Terminal): Run {
  let servers: Servers | undefined;
  let service: StartedService | undefined;
  let log: Logger | undefined;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    fail = (error) => resolve(error instanceof Error ? error : new Error(String(error)));
  });
  let port = config.port;
  let isStopping = false;
  let starting: Promise<void>;
  async function startOne(log: Logger, openedServers: Servers): Promise<void> {
    const options = { config: { ...config, port }, servers: openedServers, log, notify: terminal.notify };
    const started = await startService(options);
    service = started;
    port = Number(new URL(started.url).port);
    const roles = [...config.roles].join(' and ');
    terminal.notify(`listening on ${started.url} (${roles}; ${started.partitions} partitions)`);
    void started.newEpoch.then(() => {
      if (!isStopping) starting = startOver(log, openedServers, started).catch(fail);
    });
  }
  /**
   * In a new epoch the service starts over, on the same port: nothing that it keeps in memory can
   * then belong to the lost part of the log.
   */
  async function startOver(log: Logger, openedServers: Servers, old: StartedService): Promise<void> {
    terminal.notify('the log has a new epoch: the service starts over');
    service = undefined;
    await old.stop();
    if (!isStopping) await startOne(log, openedServers);
  }
  starting = (async () => {
    log = await createLogger(config.logLevel);
    servers = await openServers(config, { notify: terminal.notify, command: terminal.command, mode: 'own' });
    void servers.failed.then(fail);
    await startOne(log, servers);
  })().catch(fail);
  return {
    failed,
    async stop() {
      isStopping = true;
      // A start cannot be interrupted. If it takes too long, the process exits without it.
      await withTimeout(startEndTimeoutMs, starting).catch(() => undefined);
      await service?.stop();
      if (servers) await servers.stop();
      else abandonChildren();
      // The last line of the process says why it ended.
      log?.flush();
    },
  };
}

/**
 * Resolves with the name of the first signal. The handlers stay installed: Ctrl-C sends a signal
 * from the terminal and often a second one from npm, which must not end the process while it stops.
 * The stop is bounded by its own limits.
 */
function firstStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of stopSignals) process.on(signal, () => resolve(signal));
  });
}
