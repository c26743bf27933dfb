import { createAppender } from '../../event-log/append/group-commit.js';
import { createHeadsNotifier } from '../../event-log/heads/notify-heads.js';
import { createStreamReader } from '../../event-log/read/read-stream.js';
import { forgetPerson } from '../../privacy/forget-person.js';
import { withLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import { operator } from '../terminal/operator.js';

const usage = `orders forget USER_ID --reason TEXT

  Destroys the key under which this user's personal data is sealed: nobody can read it again. The log and its hashes stay as they
  are; every order of the user gets an event that says so, and the read models show the user as [erased]. Recorded in the log.
  There is no way back. docs/privacy.md says what this protects and what not.`;

/** `orders forget`: erases a person's data. */
export async function forgetCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, usage, { reason: { type: 'string' } });
  if (values.help) return console.log(usage);
  const [userId] = positionals;
  const { reason = '' } = values;
  if (userId === undefined || positionals.length > 1 || reason.trim() === '') throw new UsageError(usage);
  await withLog(async ({ pool, settings, personKeys, log }) => {
    if (!personKeys) throw new UsageError('nothing is sealed in this log: set ORDERS_PERSONAL_DATA_KEY_FILE');
    const { partitions } = settings;
    const readStream = createStreamReader(pool, partitions);
    const { append } = createAppender(pool, settings, { onHeadMoved: createHeadsNotifier(pool, log) });
    const done = await forgetPerson({ pool, partitions, personKeys, readStream, append }, userId, reason, operator());
    if (!done) throw new UsageError('no personal data of this user is sealed in the log');
    const orders = `${done.orders} ${done.orders === 1 ? 'order' : 'orders'}`;
    console.log(
      `forgotten: person ${done.person}, ${orders}. Keep no backup of the table person_keys from before today.`,
    );
  });
}
