import { readConfig } from '../config.js';
import { openServers } from '../embedded/servers.js';
import { unknownVariables } from '../known-variables.js';
import { createLogger } from '../service/logger.js';
import { startService } from '../service/start-service.js';
import { readArguments } from './terminal/arguments.js';
import { printNotice } from './terminal/notices.js';

const usage = `orders serve [--roles ROLE,ROLE]

  Runs the service until it gets SIGTERM or SIGINT (Ctrl-C).

  --roles   api (commands and queries), projector (read models and webhooks), or both;
            by default ORDERS_ROLES, or both if that is not set`;

/** `orders serve`: runs the service until a signal stops it, or until an embedded server ends. */
export async function serve(args: string[]): Promise<void> {
  const { values } = readArguments(args, usage, { roles: { type: 'string' } }, 0);
  if (values.help) return console.log(usage);
  const config = readConfig({ ...process.env, ...(values.roles === undefined ? {} : { ORDERS_ROLES: values.roles }) });
  for (const warning of unknownVariables(process.env)) printNotice(warning);
  const stopSignal = firstStopSignal();
  const log = await createLogger(config.logLevel);
  const servers = await openServers(config, { notify: printNotice, command: 'orders serve', mode: 'own' });
  let failure: Error | undefined;
  try {
    let { port } = config;
    for (let isRunning = true; isRunning; ) {
      const service = await startService({ config: { ...config, port }, servers, log, notify: printNotice });
      const roles = [...config.roles].join(' and ');
      printNotice(`listening on ${service.url} (${roles}; ${service.partitions} partitions)`);
      const reason = await Promise.race([stopSignal, servers.failed, service.newEpoch]);
      if (reason instanceof Error) failure = reason;
      else if (reason !== undefined) printNotice(`${reason}: finishing the requests in flight`);
      // In a new epoch the service starts over, on the same port: nothing that it keeps in memory
      // can then belong to the lost part of the log.
      else printNotice('the log has a new epoch: the service starts over');
      isRunning = reason === undefined;
      await service.stop();
      port = Number(new URL(service.url).port);
    }
  } finally {
    await servers.stop();
  }
  if (failure) throw failure;
  printNotice('stopped');
}

/**
 * Resolves with the name of the first signal. A signal during the start takes effect once the
 * service has started. The handlers stay installed: Ctrl-C sends a signal from the terminal and
 * often a second one from npm, which must not end the process while it stops. The stop is bounded
 * by its own limits.
 */
function firstStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal));
  });
}
