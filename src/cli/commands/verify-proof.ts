import { readFile } from 'node:fs/promises';
import { type OrderProof, verifyOrderProof } from '../../audit/order-proof.js';
import { readConfig } from '../../config.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import { trustedKeys } from '../trusted-keys.js';

const usage = `orders verify-proof FILE --key KEYS

  Checks GET /orders/{id}/history?proof=true, saved in FILE, with no access to the service or its database.
  KEYS is a file of the keys to trust: JWKS (as /.well-known/jwks.json gives them), JWK or PEM.`;

/** `orders verify-proof`: are these events of an order in the log, unchanged? For an auditor who has only the file. */
export async function verifyProofCommand(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args, usage, { key: { type: 'string' } });
  if (values.help) return console.log(usage);
  const [file] = positionals;
  if (file === undefined) throw new UsageError(usage);
  const trusted = await trustedKeys(values.key, readConfig(process.env));
  try {
    const proof = JSON.parse(await readFile(file, 'utf8')) as OrderProof;
    const checkpoint = await verifyOrderProof(proof, trusted);
    const events = `${proof.events.length} ${proof.events.length === 1 ? 'event' : 'events'}`;
    console.log(
      `order ${proof.order_id}: ${events}, in log ${checkpoint.log_id} as it was at ${checkpoint.created_at}, unchanged`,
    );
  } catch (error) {
    console.log((error as Error).message);
    process.exitCode = 3;
  }
}
