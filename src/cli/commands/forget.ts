import { createStreamReader } from '../../event-log/read/read-stream.js';
import { forgetPerson } from '../../privacy/forget-person.js';
import { wireAppender } from '../../service/wire-commands.js';
import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import { operator } from '../terminal/operator.js';

const usage = `orders forget USER_ID --reason TEXT

  Destroys the key that seals this user's personal data: nobody can read the data again. This cannot
  be undone. The log and its hashes do not change. Each order of the user gets an event that records
  the erasure, and the read models show the user as [erased]. The log also records the operator and
  the reason. docs/privacy.md describes what is erased and what is not.`;

/** `orders forget`: erases a person's data. */
export async function forgetCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, usage, { reason: { type: 'string' } }, 1);
  if (values.help) return console.log(usage);
  const [userId] = positionals;
  const { reason = '' } = values;
  if (userId === undefined || reason.trim() === '') throw new UsageError(usage);
  await withEventLog(async ({ pool, settings, personKeys, log }) => {
    if (!personKeys) {
      throw new UsageError('this log holds no sealed personal data, since ORDERS_PERSONAL_DATA_KEY_FILE is not set');
    }
    const { partitions } = settings;
    const readStream = createStreamReader(pool, partitions);
    const { append } = wireAppender({ pool, settings }, log);
    const erased = await forgetPerson({ pool, partitions, personKeys, readStream, append }, userId, reason, operator());
    if (!erased) throw new UsageError('no personal data of this user is sealed in the log');
    const orders = `${erased.orders} ${erased.orders === 1 ? 'order' : 'orders'}`;
    console.log(`forgot person ${erased.person}, in ${orders}. Delete all older backups of the table person_keys.`);
  });
}
