import { type ConsistencyProof, consistencyProofSchema, verifyConsistency } from '../../audit/consistency-proof.js';
import { type OrderProof, orderProofSchema, verifyOrderProof } from '../../audit/order-proof.js';
import { NotProven } from '../../audit/signed-checkpoint.js';
import { readConfig } from '../../config.js';
import { misfitFinder } from '../../json-schema.js';
import { readTextFile } from '../read-file.js';
import { readArguments } from '../terminal/arguments.js';
import { errorMessage, wrongCall } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';
import { trustedKeys } from '../trusted-keys.js';

const usage = `orders verify-proof FILE --key KEYS [--json]

  Checks a response of GET /orders/{id}/history?proof=true, or the output of
  \`orders checkpoint --since\`, saved in FILE, without the service or its database. KEYS is a
  file with the keys that you trust: JWKS (such as /.well-known/jwks.json), JWK or PEM.

  --json  print one JSON document: {"is_valid", "log_id", "as_of"}, with "order_id" and "events"
          of an order, "since" of a checkpoint, or the "error"

  Example: orders verify-proof proof.json --key jwks.json
           orders verify-proof proof.json --key jwks.json --json | jq .is_valid
  Exit code 3: the proof is not valid.`;

/**
 * `orders verify-proof`: checks that the events of an order are in the log, unchanged, or that a
 * log continues an earlier checkpoint. For an auditor who has the proof but no access to the
 * service.
 */
export async function verifyProofCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = readArguments(args, usage, { key: { type: 'string' }, json: { type: 'boolean' } }, 1);
  if (values.help) return terminal.print(usage);
  const [file] = positionals;
  if (file === undefined) throw wrongCall('FILE is missing', usage);
  const trusted = await trustedKeys(values.key, readConfig(terminal.env));
  const show = (text: string, document: object) => terminal.print(values.json ? JSON.stringify(document) : text);
  // Without the file, nothing is known about the proof.
  const text = await readTextFile(file);
  try {
    const proof = parseProof(text);
    if ('first' in proof) {
      const { first, second } = await verifyConsistency(proof, trusted);
      const { log_id } = first;
      return show(
        `log ${log_id}: nothing up to ${first.created_at} was changed or removed until ${second.created_at}`,
        { is_valid: true, log_id, since: first.created_at, as_of: second.created_at },
      );
    }
    const checkpoint = await verifyOrderProof(proof, trusted);
    const events = `${proof.events.length} ${proof.events.length === 1 ? 'event' : 'events'}`;
    const { log_id, created_at: as_of } = checkpoint;
    show(`order ${proof.order_id}: ${events}, in log ${log_id} as of ${as_of}, unchanged`, {
      ...{ is_valid: true, log_id, as_of },
      ...{ order_id: proof.order_id, events: proof.events.length },
    });
  } catch (error) {
    if (!(error instanceof NotProven)) throw error;
    show(error.message, { is_valid: false, error: error.message });
    terminal.exitCode = 3;
  }
}

const noProof = 'the file does not have the form of a proof';
const findMisfitOfOrder = misfitFinder(orderProofSchema);
const findMisfitOfLog = misfitFinder(consistencyProofSchema);

/** Throws NotProven unless the text has all parts of a proof, each of its type. */
function parseProof(text: string): OrderProof | ConsistencyProof {
  let proof: unknown;
  try {
    proof = JSON.parse(text);
  } catch (error) {
    throw new NotProven(`${noProof}: ${errorMessage(error)}`, { cause: error });
  }
  const isOfLog = typeof proof === 'object' && proof !== null && 'first' in proof;
  const misfit = (isOfLog ? findMisfitOfLog : findMisfitOfOrder)(proof);
  if (misfit === undefined) return proof as OrderProof | ConsistencyProof;
  throw new NotProven(misfit === '' ? noProof : `${noProof}: ${misfit} is missing or is something else`);
}
