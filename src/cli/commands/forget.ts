import { createStreamReader } from '../../event-log/read/read-stream.js';
import { forgetPerson } from '../../privacy/forget-person.js';
import { wireAppender } from '../../service/wire-commands.js';
import { hasLoneSurrogate } from '../../well-formed-text.js';
import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import { operator } from '../terminal/operator.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders forget USER_ID --reason TEXT [--json]

  Destroys the key that seals this user's personal data: nobody can read the data again. This cannot
  be undone. The log and its hashes do not change. Each order of the user gets an event that records
  the erasure, and the read models show the user as [erased]. The log also records the operator and
  the reason. docs/privacy.md describes what is erased and what is not.

  --json  USER_ID is a JSON string, such as '"u-1"': for ids that a terminal cannot pass on`;

/** `orders forget`: erases a person's data. */
export async function forgetCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = readArguments(
    args,
    usage,
    { reason: { type: 'string' }, json: { type: 'boolean' } },
    1,
  );
  if (values.help) return terminal.print(usage);
  const [given] = positionals;
  const userId = given !== undefined && values.json ? parseUserId(given) : given;
  const { reason = '' } = values;
  if (userId === undefined || reason.trim() === '') throw new UsageError(usage);
  await withEventLog({ terminal }, async ({ pool, settings, personKeys, log }) => {
    if (!personKeys) {
      throw new UsageError('this log holds no sealed personal data, since ORDERS_PERSONAL_DATA_KEY_FILE is not set');
    }
    const { partitions } = settings;
    const readStream = createStreamReader(pool, partitions);
    const { append } = wireAppender({ pool, settings }, log);
    const erased = await forgetPerson({ pool, partitions, personKeys, readStream, append }, userId, reason, operator());
    if (hasLoneSurrogate(userId)) terminal.notify(sharedKey(userId));
    if (!erased) throw new UsageError('no personal data of this user is sealed in the log');
    const orders = `${erased.orders} ${erased.orders === 1 ? 'order' : 'orders'}`;
    terminal.print(`forgot person ${erased.person}, in ${orders}. Delete all older backups of the table person_keys.`);
  });
}

function parseUserId(json: string): string {
  try {
    const userId: unknown = JSON.parse(json);
    if (typeof userId === 'string') return userId;
  } catch {
    // The message is the same for other JSON and for text that is no JSON.
  }
  throw new UsageError(`with --json, USER_ID must be a JSON string such as '"u-1"'`);
}

/** Says which other id may have sealed data of a user whose id is not well-formed Unicode. */
function sharedKey(userId: string): string {
  const shared = JSON.stringify(userId.replace(/\p{Surrogate}/gu, '\ufffd')).replaceAll('\ufffd', '\\ufffd');
  return (
    'the id has a lone surrogate. The service once sealed the data of all such ids with the key of one id: ' +
    `\`orders forget --json '${shared}'\` erases what was sealed with that key, for all of them`
  );
}
