import { createCheckpointPayload, signCheckpoint } from '../../audit/signed-checkpoint.js';
import { openSigningKeys } from '../../service/signing-keys.js';
import { withLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';

const usage =
  'orders checkpoint > FILE\n\n  What the log is now, signed. Keep it elsewhere: orders verify --against FILE.';

/** `orders checkpoint`: what the log is now, signed, on standard output. */
export async function checkpointCommand(args: string[]): Promise<void> {
  if (readArguments(args, usage, {}).values.help) return console.log(usage);
  await withLog(async ({ pool, settings, config }) => {
    const [key] = await openSigningKeys(config);
    if (!key)
      throw new UsageError('ORDERS_SIGNING_KEY_FILES is not set: openssl genpkey -algorithm ed25519 makes a key');
    console.log(JSON.stringify(await signCheckpoint(await createCheckpointPayload(pool, settings), key), undefined, 2));
  });
}
