import { readHeadPositions } from '../../event-log/heads/read-heads.js';
import { createStreamReader } from '../../event-log/read/read-stream.js';
import { countOrdersOfUser, forgetPerson } from '../../privacy/forget-person.js';
import { privacyLimits as limits } from '../../privacy/limits.js';
import type { PersonKeys } from '../../privacy/person-keys.js';
import { allProjections } from '../../projections/all-projections.js';
import { readGenerations } from '../../read-models/generations.js';
import { rewritePersistence } from '../../read-models/redis/rewrite-persistence.js';
import { wireAppender } from '../../service/wire-commands.js';
import { hasLoneSurrogate } from '../../well-formed-text.js';
import { type CommandContext, withConnections } from '../connections.js';
import { fillReadModels } from '../fill-read-models.js';
import { isProjectorRunning } from '../is-projector-running.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError, wrongCall } from '../terminal/errors.js';
import { operator } from '../terminal/operator.js';
import { ProgressBar } from '../terminal/progress-bar.js';
import type { Terminal } from '../terminal/terminal.js';
import { vacuumPersonKeys } from '../vacuum-person-keys.js';

const usage = `orders forget USER_ID --reason TEXT [options]

  Destroys the key that seals this user's personal data: nobody can read the data again. This cannot
  be undone. The log and its hashes do not change. Each order of the user gets an event that records
  the erasure, and the read models show the user as [erased]. Then the command removes what the
  files of Redis and the table of keys still hold. The log records the operator and the reason.
  docs/privacy.md describes what is erased and what is not.

  If it is interrupted, run it again: it completes.

  --yes      do not ask before the key is destroyed
  --dry-run  only say what would be forgotten
  --id-json  USER_ID is a JSON string, such as '"u-1"': for ids that cannot be typed
  --json     print one JSON document: {"person", "orders", "is_forgotten", "problems"}; the problems
             are places that may still have the person, each with its remedy

  Example: orders forget u-1 --reason "request of 2 March"
           orders forget u-1 --reason "request of 2 March" --yes --json | jq .problems
  Exit code 3: the person is forgotten, but a copy may be left.`;

const options = {
  reason: { type: 'string' },
  yes: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  'id-json': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

/** Connections: the projector of this command needs some of its own. */
const poolSize = 6;

/** `orders forget`: erases a person's data. */
export async function forgetCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = readArguments(args, usage, options, 1);
  if (values.help) return terminal.print(usage);
  const [given] = positionals;
  const userId = given !== undefined && values['id-json'] ? parseUserId(given) : given;
  const { reason = '', 'dry-run': isDryRun = false } = values;
  if (userId === undefined) throw wrongCall('USER_ID is missing', usage);
  if (reason.trim() === '' && !isDryRun) throw wrongCall('--reason is missing: the log records it', usage);
  await withConnections({ terminal, poolSize }, async (context) => {
    const { personKeys } = context;
    if (!personKeys) {
      throw new UsageError('this log holds no sealed personal data, since ORDERS_PERSONAL_DATA_KEY_FILE is not set');
    }
    if (hasLoneSurrogate(userId)) terminal.notify(sharedKey(userId));
    if (isDryRun || !values.yes) {
      const found = await countOrders(context, personKeys, userId);
      const what = `person ${found.person}, in ${ordersText(found.orders)}`;
      if (isDryRun) {
        const document = { ...found, is_forgotten: false, problems: [] };
        return terminal.print(values.json ? JSON.stringify(document) : `would forget ${what}`);
      }
      await confirm(terminal, what);
    }
    await forget({ ...context, personKeys }, userId, reason, values.json);
  });
}

async function countOrders(context: CommandContext, personKeys: PersonKeys, userId: string) {
  const { pool, settings } = context;
  const search = await startSearch(context);
  const deps = { pool, partitions: settings.partitions, personKeys, onProgress: search.onProgress };
  const found = await countOrdersOfUser(deps, userId).finally(search.end);
  if (!found) throw nothingSealed();
  return found;
}

/** Shows the progress of a search of the whole log. */
async function startSearch({ pool, terminal }: CommandContext) {
  const total = [...(await readHeadPositions(pool)).values()].reduce((sum, head) => sum + head, 0);
  const bar = new ProgressBar('events', terminal);
  return {
    onProgress: (searched: number) => bar.update(Math.min(1, searched / Math.max(1, total)), searched),
    end: () => bar.end(),
  };
}

/** Rejects unless the person at the terminal agrees. */
async function confirm(terminal: Terminal, what: string): Promise<void> {
  terminal.notify(`this forgets ${what}. It cannot be undone.`);
  const answer = await terminal.ask('Type "forget" to go ahead: ');
  if (answer === undefined) throw new UsageError('nobody can be asked here: add --yes, or see --dry-run');
  if (answer.trim() !== 'forget') throw new Error('nothing was forgotten');
}

async function forget(
  context: CommandContext & { readonly personKeys: PersonKeys },
  userId: string,
  reason: string,
  json: boolean | undefined,
): Promise<void> {
  const { pool, settings, personKeys, terminal, log } = context;
  const { partitions } = settings;
  const { append } = wireAppender(context, log);
  const search = await startSearch(context);
  const left: string[] = [];
  const deps = {
    ...{ pool, partitions, personKeys, append, readStream: createStreamReader(pool, settings) },
    onProgress: search.onProgress,
    removeElsewhere: async () => {
      search.end();
      left.push(...(await cleanRedis(context)));
      const problem = await vacuumPersonKeys(context.servers.migrationDatabaseUrl);
      if (problem !== undefined) left.push(problem);
    },
  };
  const erased = await forgetPerson(deps, userId, reason, operator()).finally(search.end);
  if (!erased) throw nothingSealed();
  const done =
    `forgot person ${erased.person}, in ${ordersText(erased.orders)}. ` +
    'Delete all older backups of the table person_keys and of Redis.';
  const document = { ...erased, is_forgotten: true, problems: left };
  terminal.print(json ? JSON.stringify(document) : done);
  for (const line of left) terminal.notify(line);
  if (left.length > 0) terminal.exitCode = 3;
}

/**
 * Waits until no read model that queries read shows the person, then removes the person from the
 * files of Redis.
 * @returns a sentence with its remedy for each place that may still have the person
 */
async function cleanRedis(context: CommandContext): Promise<readonly string[]> {
  const { redis, keys } = context;
  let stops: readonly string[] = [];
  const files = await rewritePersistence(redis, {
    removeValues: async () => {
      stops = await fillReadModels(context, { wasServiceRunning: await isProjectorRunning(context) });
    },
    timeoutMs: limits.rewriteTimeoutMs,
  });
  const all = await readGenerations(redis, keys, allProjections);
  const isAlone = all.every(({ live, next, retired }) => live.size + next.size + retired.size <= 1);
  return [
    ...stops.map(
      (stop) =>
        `${stop}, and may still show the person: let it continue, see \`orders status\`, then rewrite the files of Redis by BGREWRITEAOF and BGSAVE`,
    ),
    ...files.map((file) => `${file}. Let its operator run BGREWRITEAOF and BGSAVE`),
    ...(isAlone
      ? []
      : [
          'further generations of read models may still have had the person: run BGREWRITEAOF and BGSAVE once more when `orders status` shows no rebuild',
        ]),
  ];
}

function nothingSealed(): UsageError {
  return new UsageError('no personal data of this user is sealed in the log');
}

function ordersText(orders: number): string {
  return `${orders.toLocaleString('en')} ${orders === 1 ? 'order' : 'orders'}`;
}

function parseUserId(json: string): string {
  try {
    const userId: unknown = JSON.parse(json);
    if (typeof userId === 'string') return userId;
  } catch {
    // The message is the same for other JSON and for text that is no JSON.
  }
  throw new UsageError(`with --id-json, USER_ID must be a JSON string such as '"u-1"'`);
}

/** Says which other id may have sealed data of a user whose id is not well-formed Unicode. */
function sharedKey(userId: string): string {
  const shared = JSON.stringify(userId.replace(/\p{Surrogate}/gu, '\ufffd')).replaceAll('\ufffd', '\\ufffd');
  return (
    'the id has a lone surrogate. The service once sealed the data of all such ids with the key of one id: ' +
    `\`orders forget --id-json '${shared}'\` erases what was sealed with that key, for all of them`
  );
}
