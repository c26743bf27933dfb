import { CompactSign, compactVerify, importJWK, type JWK } from 'jose';
import type { LogSettings, Pool } from '../event-log/database.js';
import { readHeads } from '../event-log/heads/read-heads.js';
import { extendTree, openTree } from './merkle-store.js';
import { type SigningKey, signingAlgorithm } from './signing-key.js';

/** Where a partition's log ended, and what was in it. Hashes in hex. */
export interface SignedPartition {
  readonly partition: number;
  /** The position of the last event: the size of the tree. */
  readonly position: number;
  /** The chain hash of that event. */
  readonly hash: string;
  /** The root of the Merkle tree over the partition's events. */
  readonly root: string;
}

/** What the whole log was at a moment. Kept elsewhere, it proves later that nothing of it was changed or cut off. */
export interface SignedCheckpointPayload {
  readonly log_id: string;
  readonly created_at: string;
  readonly partitions: readonly SignedPartition[];
}

/** A checkpoint as it is given away: readable, and signed. Only what the JWS holds counts. */
export interface SignedCheckpoint {
  readonly checkpoint: SignedCheckpointPayload;
  /** JWS, compact serialisation (RFC 7515), EdDSA with Ed25519 over the checkpoint's JSON. */
  readonly jws: string;
}

/** The type in the JWS header: a signature over something else by the same key is no checkpoint. */
const type = 'orders-checkpoint+json';

/** The log's heads now, with the root of each partition's tree, which is built on as far as needed. */
export async function createCheckpointPayload(pool: Pool, { logId }: LogSettings): Promise<SignedCheckpointPayload> {
  const heads = await readHeads(pool);
  const partitions: SignedPartition[] = [];
  for (const { partition, position, hash } of heads) {
    await extendTree(pool, partition, position);
    const root = await openTree(pool, partition, position).root();
    partitions.push({ partition, position, hash: hash.toString('hex'), root: root.toString('hex') });
  }
  return { log_id: logId, created_at: new Date().toISOString(), partitions };
}

export async function signCheckpoint(checkpoint: SignedCheckpointPayload, key: SigningKey): Promise<SignedCheckpoint> {
  const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify(checkpoint)))
    .setProtectedHeader({ alg: signingAlgorithm, kid: key.publicJwk.kid, typ: type })
    .sign(key.privateKey);
  return { checkpoint, jws };
}

/**
 * Reads a signed checkpoint: JSON as it is given away, or the bare JWS.
 * Throws where the signature is not by one of the trusted keys, in words for whoever checks it.
 */
export async function verifySignedCheckpoint(text: string, trusted: readonly JWK[]): Promise<SignedCheckpointPayload> {
  const jws = text.trimStart().startsWith('{') ? (JSON.parse(text) as Partial<SignedCheckpoint>).jws : text.trim();
  if (typeof jws !== 'string') throw new Error('this is no signed checkpoint: it has no "jws"');
  const { payload } = await compactVerify(
    jws,
    async ({ kid }) => {
      const key = trusted.find((one) => one.kid === kid);
      if (!key) throw new Error(`the checkpoint is signed by key ${kid}, which is not among the trusted ones`);
      return importJWK(key, signingAlgorithm);
    },
    { algorithms: [signingAlgorithm] },
  ).catch((error: Error) => {
    throw new Error(`the checkpoint's signature does not hold: ${error.message}`, { cause: error });
  });
  const header = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()) as { typ?: string };
  if (header.typ !== type) throw new Error(`the signature is over something else than a checkpoint (${header.typ})`);
  return JSON.parse(new TextDecoder().decode(payload)) as SignedCheckpointPayload;
}
