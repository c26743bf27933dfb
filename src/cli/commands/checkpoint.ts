import { noteTaken } from '../../audit/checkpoints-taken.js';
import { proveConsistency, verifyConsistency } from '../../audit/consistency-proof.js';
import { createCheckpointPayload, NotProven, signCheckpoint } from '../../audit/signed-checkpoint.js';
import type { Pool } from '../../event-log/database.js';
import { openSigningKeys } from '../../service/signing-keys.js';
import { withEventLog } from '../connections.js';
import { readCheckpoint } from '../read-checkpoint.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';
import { trustedKeys } from '../trusted-keys.js';

const usage = `orders checkpoint [--since OLD [--key FILE]] > FILE

  Prints a signed checkpoint: for each partition, the position and hash of the last event, and the
  root of the Merkle tree over all events.
  Keep it outside of this server. \`orders verify --against FILE\` later checks the log against it.

  --since OLD   prints a proof instead: that nothing up to OLD was changed or removed since. It
                contains OLD and the new checkpoint. \`orders verify-proof\` checks it without the
                database.
  --key FILE    the public keys that you trust to have signed OLD: JWKS, JWK or PEM; by default the
                keys of this service

  Example: orders checkpoint > checkpoint.json
  Exit code 3: OLD is not signed by such a key, or the log does not continue it. Then no proof is
  printed.`;

/** `orders checkpoint`: prints a signed checkpoint of the log. */
export async function checkpointCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values } = readArguments(args, usage, { since: { type: 'string' }, key: { type: 'string' } }, 0);
  if (values.help) return terminal.print(usage);
  await withEventLog({ terminal }, async ({ pool, settings, config }) => {
    const [key] = await openSigningKeys(config);
    if (!key) {
      throw new UsageError(
        'ORDERS_SIGNING_KEY_FILES is not set. Create a key with `openssl genpkey -algorithm ed25519`',
      );
    }
    const signed = await signCheckpoint(await createCheckpointPayload(pool, settings), key);
    if (values.since === undefined) {
      await note(pool, terminal);
      return terminal.print(JSON.stringify(signed, undefined, 2));
    }
    try {
      const trusted = [...(await trustedKeys(values.key, config)), key.publicJwk];
      const first = await readCheckpoint(values.since, values.key, config);
      const proof = await proveConsistency(pool, first, signed);
      // The log is read as it is: only the roots show whether it is the one of the old checkpoint.
      await verifyConsistency(proof, trusted);
      await note(pool, terminal);
      terminal.print(JSON.stringify(proof, undefined, 2));
    } catch (error) {
      if (!(error instanceof NotProven)) throw error;
      terminal.notify(error.message);
      terminal.exitCode = 3;
    }
  });
}

/**
 * Records for monitoring that a checkpoint was taken. The checkpoint is valid even if that fails.
 */
async function note(pool: Pool, terminal: Terminal): Promise<void> {
  await noteTaken(pool).catch((error: unknown) => {
    terminal.notify(`the checkpoint was not noted for monitoring: ${error instanceof Error ? error.message : error}`);
  });
}
