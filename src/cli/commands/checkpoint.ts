import { createCheckpointPayload, signCheckpoint } from '../../audit/signed-checkpoint.js';
import { openSigningKeys } from '../../service/signing-keys.js';
import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders checkpoint > FILE

  Prints a signed checkpoint: for each partition, the position and hash of the last event, and the
  root of the Merkle tree over all events.
  Keep it outside of this server. \`orders verify --against FILE\` later checks the log against it.`;

/** `orders checkpoint`: prints a signed checkpoint of the log. */
export async function checkpointCommand(args: string[], terminal: Terminal): Promise<void> {
  if (readArguments(args, usage, {}, 0).values.help) return terminal.print(usage);
  await withEventLog({ terminal }, async ({ pool, settings, config }) => {
    const [key] = await openSigningKeys(config);
    if (!key) {
      throw new UsageError(
        'ORDERS_SIGNING_KEY_FILES is not set. Create a key with `openssl genpkey -algorithm ed25519`',
      );
    }
    terminal.print(
      JSON.stringify(await signCheckpoint(await createCheckpointPayload(pool, settings), key), undefined, 2),
    );
  });
}
