import { CompactSign, compactVerify, errors, importJWK, type JWK } from 'jose';
import type { LogSettings, Pool } from '../event-log/database.js';
import { readHeads } from '../event-log/heads/read-heads.js';
import { count, type FromSchema, list, misfitFinder, object, sha256, text, time, uuid } from '../json-schema.js';
import { firstEpoch } from '../log-epochs.js';
import { extendTree, openTree } from './merkle-store.js';
import { type SigningKey, signingAlgorithm } from './signing-key.js';

/** One partition at the time of the checkpoint. */
const partitionSchema = object({
  partition: count,
  position: { ...count, description: 'The position of the last event, which is also the size of the Merkle tree.' },
  hash: { ...sha256, description: 'The hash of that event, SHA-256, hex.' },
  root: { ...sha256, description: 'The root of the Merkle tree over the events, SHA-256, hex.' },
});

/**
 * The state of the whole log at one moment. Kept outside the service, it later proves that no event
 * up to these positions was changed or removed.
 */
const checkpointSchema = object(
  {
    log_id: uuid,
    /** The epoch of the log; absent in the first. */
    epoch: text,
    created_at: time,
    partitions: list(partitionSchema),
  },
  ['epoch'],
);

/**
 * A checkpoint as it is published, readable and signed (RFC 7515). Only the payload inside the JWS
 * counts.
 */
export const signedCheckpointSchema = object({
  checkpoint: checkpointSchema,
  jws: { type: 'string', description: 'A compact JWS: EdDSA with Ed25519 over the JSON of the checkpoint.' },
});

export type SignedPartition = FromSchema<typeof partitionSchema>;
export type SignedCheckpointPayload = FromSchema<typeof checkpointSchema>;
export type SignedCheckpoint = FromSchema<typeof signedCheckpointSchema>;

/**
 * The `typ` in the JWS header. A signature that the same key made over another document is thereby
 * not accepted as a checkpoint.
 */
const type = 'orders-checkpoint+json';

/**
 * Reads the log's heads and the root of each partition's tree, which is extended first if needed.
 */
export async function createCheckpointPayload(
  pool: Pool,
  { logId, epochs }: Pick<LogSettings, 'logId' | 'epochs'>,
): Promise<SignedCheckpointPayload> {
  const heads = await readHeads(pool);
  const partitions: SignedPartition[] = [];
  for (const { partition, position, hash } of heads) {
    await extendTree(pool, partition, position);
    const root = await openTree(pool, partition, position).root();
    partitions.push({ partition, position, hash: hash.toString('hex'), root: root.toString('hex') });
  }
  const epoch = epochs.current === firstEpoch ? {} : { epoch: epochs.current };
  return { log_id: logId, ...epoch, created_at: new Date().toISOString(), partitions };
}

export async function signCheckpoint(checkpoint: SignedCheckpointPayload, key: SigningKey): Promise<SignedCheckpoint> {
  const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify(checkpoint)))
    .setProtectedHeader({ alg: signingAlgorithm, kid: key.publicJwk.kid, typ: type })
    .sign(key.privateKey);
  return { checkpoint, jws };
}

/** A checkpoint or a proof is not valid. The message is meant for the person who checks it. */
export class NotProven extends Error {
  override readonly name = 'NotProven';
}

/**
 * Verifies a signed checkpoint. Throws NotProven if it is not signed by a trusted key.
 * @param text the published JSON, or the bare JWS.
 * @returns the checkpoint as it was signed, whatever the JSON shows beside the signature
 */
export async function verifySignedCheckpoint(text: string, trusted: readonly JWK[]): Promise<SignedCheckpoint> {
  const jws = jwsIn(text);
  const { payload } = await compactVerify(
    jws,
    async ({ kid }) => {
      const key = trusted.find((one) => one.kid === kid);
      if (!key) {
        const shown = JSON.stringify(kid);
        throw new NotProven(`the checkpoint is signed by key ${shown}, which is not among the trusted ones`);
      }
      return importJWK(key, signingAlgorithm);
    },
    { algorithms: [signingAlgorithm] },
  ).catch((error: unknown) => {
    if (!(error instanceof errors.JOSEError || error instanceof NotProven)) throw error;
    throw new NotProven(`the checkpoint's signature does not hold: ${error.message}`, { cause: error });
  });
  const header = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()) as { typ?: string };
  if (header.typ !== type) throw new NotProven(`the signed document is of type ${header.typ}, not ${type}`);
  return { checkpoint: payloadIn(new TextDecoder().decode(payload)), jws };
}

const findMisfit = misfitFinder(checkpointSchema);

function payloadIn(signed: string): SignedCheckpointPayload {
  const payload: unknown = jsonIn(signed);
  const misfit = findMisfit(payload);
  if (misfit !== undefined)
    throw new NotProven(`the signed document is not a checkpoint${misfit && `: see ${misfit}`}`);
  return payload as SignedCheckpointPayload;
}

function jwsIn(text: string): string {
  if (!text.trimStart().startsWith('{')) return text.trim();
  const found = jsonIn(text);
  if (typeof found === 'object' && found !== null && 'jws' in found && typeof found.jws === 'string') return found.jws;
  throw new NotProven('this is not a signed checkpoint: it has no "jws"');
}

/** The value of a JSON text. Undefined if the text is no JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
