import { readFile } from 'node:fs/promises';
import { noteTaken } from '../../audit/checkpoints-taken.js';
import { proveConsistency } from '../../audit/consistency-proof.js';
import { createCheckpointPayload, type SignedCheckpoint, signCheckpoint } from '../../audit/signed-checkpoint.js';
import { openSigningKeys } from '../../service/signing-keys.js';
import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders checkpoint [--since OLD] > FILE

  Prints a signed checkpoint: for each partition, the position and hash of the last event, and the
  root of the Merkle tree over all events.
  Keep it outside of this server. \`orders verify --against FILE\` later checks the log against it.

  --since OLD   prints a proof instead, with OLD and the new checkpoint: that nothing up to OLD was
                changed or removed since. \`orders verify-proof\` checks it without the database.`;

/** `orders checkpoint`: prints a signed checkpoint of the log. */
export async function checkpointCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values } = readArguments(args, usage, { since: { type: 'string' } }, 0);
  if (values.help) return terminal.print(usage);
  await withEventLog({ terminal }, async ({ pool, settings, config }) => {
    const [key] = await openSigningKeys(config);
    if (!key) {
      throw new UsageError(
        'ORDERS_SIGNING_KEY_FILES is not set. Create a key with `openssl genpkey -algorithm ed25519`',
      );
    }
    const signed = await signCheckpoint(await createCheckpointPayload(pool, settings), key);
    await noteTaken(pool);
    if (values.since === undefined) return terminal.print(JSON.stringify(signed, undefined, 2));
    const first = JSON.parse(await readFile(values.since, 'utf8')) as SignedCheckpoint;
    terminal.print(JSON.stringify(await proveConsistency(pool, first, signed), undefined, 2));
  });
}
