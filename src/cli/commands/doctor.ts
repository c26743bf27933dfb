import { access, constants } from 'node:fs/promises';
import { lastTakenAt } from '../../audit/checkpoints-taken.js';
import { type Config, readConfig } from '../../config.js';
import { abandonChildrenOnSignal } from '../../embedded/child.js';
import { openServers, type Servers } from '../../embedded/servers.js';
import type { Pool } from '../../event-log/database.js';
import { LogContinuity } from '../../event-log/heads/log-continuity.js';
import { readHeadPositions } from '../../event-log/heads/read-heads.js';
import { requireMigrated } from '../../event-log/migrate.js';
import { unknownVariables } from '../../known-variables.js';
import { getProjections } from '../../queries/get-projections.js';
import { primariesOf, type Redis } from '../../read-models/redis/redis-client.js';
import { describeRefusal } from '../../read-models/redis/redis-error.js';
import { writeRefusal } from '../../read-models/redis/write-refusal.js';
import { redisServerInfo } from '../../service/check-redis.js';
import { CleanupStack } from '../../service/cleanup-stack.js';
import { type Connections, connect } from '../../service/connect.js';
import { projectionHealth } from '../../service/health/projection-health.js';
import { createLogger } from '../../service/logger.js';
import { missingKeys } from '../../service/missing-keys.js';
import { existingSigningKeys } from '../../service/signing-keys.js';
import { type ListedProcess, listProcesses } from '../../service/system/process-registry.js';
import { withTimeout } from '../../with-timeout.js';
import { readArguments } from '../terminal/arguments.js';
import { errorMessage } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders doctor [--json]

  Says in sentences what is configured, what is reachable, and what is missing. Changes nothing.
  Without DATABASE_URL and REDIS_URL it checks the embedded servers, and runs them meanwhile if the
  service is not running.

  --json  print one JSON document: {"findings": [{"level", "about", "text"}]}

  Example: orders doctor
           orders doctor --json | jq '.findings[] | select(.level == "wrong")'
  Exit code 1: something is wrong. Missing keys and other notes do not count.`;

type Level = 'ok' | 'note' | 'wrong';

interface Finding {
  readonly level: Level;
  readonly about: string;
  readonly text: string;
}

/** Milliseconds that one check may take. */
const checkTimeoutMs = 10_000;
const checkpointMaxAgeMs = 2 * 86_400_000;

/** `orders doctor`: checks the configuration and everything that the service depends on. */
export async function doctorCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values } = readArguments(args, usage, { json: { type: 'boolean' } }, 0);
  if (values.help) return terminal.print(usage);
  const findings: Finding[] = [];
  const marks = { ok: '·', note: '!', wrong: 'x' } as const;
  const add = (level: Level, about: string, text: string) => {
    findings.push({ level, about, text });
    if (!values.json) terminal.print(`${marks[level]} ${about}: ${text}`);
    if (level === 'wrong') terminal.exitCode = 1;
  };
  await examine(terminal, add);
  if (values.json) terminal.print(JSON.stringify({ findings }));
  else terminal.print(`\n· well   ! worth knowing   x wrong`);
}

type Add = (level: Level, about: string, text: string) => void;

/** Each step needs the one before: the first that fails ends the examination of its server. */
async function examine(terminal: Terminal, add: Add): Promise<void> {
  let config: Config;
  try {
    config = readConfig(terminal.env);
  } catch (error) {
    return add('wrong', 'configuration', errorMessage(error));
  }
  add('ok', 'configuration', `every value can be used; the roles are ${[...config.roles].join(' and ')}`);
  for (const warning of unknownVariables(terminal.env)) add('note', 'configuration', warning);
  for (const warning of missingKeys(config)) add('note', 'keys', warning);
  await examineKeyFiles(config, add);
  if (!config.authRequired) add('note', 'access', 'control is off: every caller on this machine may do everything');
  const cleanup = new CleanupStack();
  let servers: Servers | undefined;
  const keepChildren = abandonChildrenOnSignal();
  try {
    const log = await createLogger('silent');
    servers = await openServers(config, { notify: () => undefined, command: terminal.command, mode: 'join' });
    const { databaseUrl, migrationDatabaseUrl } = servers;
    const kind = (configured: string | undefined) => (configured === undefined ? 'embedded' : 'configured');
    let connections: Connections;
    try {
      await withTimeout(checkTimeoutMs, requireMigrated(migrationDatabaseUrl || databaseUrl));
      const { databaseRole, personalDataKeyFile } = config;
      const defer = (close: () => unknown) => cleanup.defer(close);
      const options = { servers, databaseRole, mustWrite: true, poolSize: 2, personalDataKeyFile, log, defer };
      connections = await withTimeout(checkTimeoutMs, connect(options));
      add('ok', 'PostgreSQL', `${kind(config.databaseUrl)}, ${await describeDatabase(connections.pool)}`);
    } catch (error) {
      return add('wrong', 'PostgreSQL', `${kind(config.databaseUrl)}: ${errorMessage(error)}`);
    }
    const { pool, redis, keys, settings, models } = connections;
    const continuity = new LogContinuity(pool, settings, log);
    await continuity.read();
    if (continuity.clock.warning) add('wrong', 'clock', continuity.clock.warning);
    await examineAudit(pool, config, add);
    // The client's error for a command does not say why it has no connection.
    let connectionError: unknown;
    redis.on('error', (error) => {
      connectionError = error;
    });
    try {
      add('ok', 'Redis', `${kind(config.redisUrl)}, ${await withTimeout(checkTimeoutMs, describeRedis(redis, add))}`);
    } catch (error) {
      return add('wrong', 'Redis', `${kind(config.redisUrl)}: ${errorMessage(connectionError ?? error)}`);
    }
    const refusal = await writeRefusal(redis, keys);
    if (refusal) add('wrong', 'Redis', describeRefusal(refusal));
    const knownHead = (partition: number) => continuity.knownHead(partition);
    const projections = await getProjections({ ...models, knownHead, headTimes: continuity.times });
    const { isDegraded, text } = projectionHealth(projections);
    await examineService(config, add);
    const processes = await listProcesses(redis, keys.processPrefix);
    if (processes.length > 0) add('ok', 'processes', processes.map(describeProcess).join('; '));
    // A stopped service breaks no promise. A service that does not respond here may run elsewhere.
    // Processes cannot report themselves while Redis refuses writes.
    const stopped = 'no process of the service is running, so the read models do not follow the log';
    if (processes.length === 0 && !refusal) add('note', 'projections', stopped);
    else add(isDegraded ? 'wrong' : 'ok', 'projections', text);
  } catch (error) {
    add('wrong', 'servers', errorMessage(error));
  } finally {
    await cleanup.run();
    await servers?.stop();
    keepChildren();
  }
}

/** The service does not start if it cannot read a file that is configured. */
async function examineKeyFiles(config: Config, add: Add): Promise<void> {
  const { personalDataKeyFile: file } = config;
  const isUnreadable = (error: unknown) => add('wrong', 'keys', errorMessage(error));
  await existingSigningKeys(config).catch(isUnreadable);
  if (file !== undefined) await access(file, constants.R_OK).catch(isUnreadable);
}

async function describeDatabase(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ version: string; login: string; role: string }>(
    `select current_setting('server_version') as version, session_user as login, current_user as role`,
  );
  const heads = await readHeadPositions(pool);
  const events = [...heads.values()].reduce((sum, head) => sum + head, 0).toLocaleString('en');
  const [{ version, login, role } = { version: 'unknown', login: 'unknown', role: 'unknown' }] = rows;
  const user = login === role ? `login ${login}` : `login ${login} in role ${role}`;
  return `version ${version}, ${user}, migrated, with ${events} events in ${heads.size} partitions`;
}

async function describeRedis(redis: Redis, add: Add): Promise<string> {
  const texts: string[] = [];
  for (const server of primariesOf(redis)) {
    const { name, tooOld, field } = redisServerInfo(await server.info());
    texts.push(`${name}, ${field('used_memory_human') ?? 'an unknown amount of memory'} used`);
    if (tooOld !== undefined) add('wrong', 'Redis', tooOld);
    const policy = field('maxmemory_policy');
    if (policy !== undefined && policy !== 'noeviction') {
      add('wrong', 'Redis', `maxmemory-policy is ${policy}: read models would lose parts; set it to noeviction`);
    }
  }
  if (texts.length === 0) throw new Error('none of its servers can be reached');
  return texts.join('; ');
}

async function examineAudit(pool: Pool, { signingKeyFiles }: Config, add: Add): Promise<void> {
  if (signingKeyFiles.length === 0) return;
  const takenMs = await lastTakenAt(pool);
  if (takenMs === undefined) add('note', 'audit', 'nobody has taken a signed checkpoint yet: run `orders checkpoint`');
  else if (Date.now() - takenMs > checkpointMaxAgeMs) {
    add('note', 'audit', `the last signed checkpoint was taken on ${new Date(takenMs).toISOString().slice(0, 10)}`);
  } else add('ok', 'audit', 'a signed checkpoint was taken within two days');
}

/** The address of a service on this machine. */
export function localUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}

function describeProcess({ process_id: id, version, roles, reported_seconds_ago: ago }: ListedProcess): string {
  return `${id} (${roles.join(' and ')}, release ${version}) reported ${ago} s ago`;
}

/** Adds whether a service responds on this machine. */
async function examineService(config: Config, add: Add): Promise<void> {
  const url = localUrl(config);
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(checkTimeoutMs) });
    const { status, checks } = (await response.json()) as { status?: string; checks?: Record<string, string> };
    if (status === 'ok') return add('ok', 'service', `it keeps its promises at ${url}`);
    const reasons = Object.entries(checks ?? {}).map(([name, text]) => `${name}: ${text}`);
    add('wrong', 'service', `it breaks a promise at ${url}: ${reasons.join('; ')}`);
  } catch {
    add(
      'note',
      'service',
      `nothing responds at ${url}: the service does not run on this machine, or uses another port`,
    );
  }
}
