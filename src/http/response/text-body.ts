import { Readable } from 'node:stream';
import type { Context } from 'koa';
import { httpLimits as limits } from '../limits.js';
import { ownerOf, requestBudgets } from '../request/request-budgets.js';
import { resetConnection } from '../reset-connection.js';
import { onceClosed } from './once-closed.js';

/**
 * Responds with a text, which may be encoded as UTF-8. A long one is sent in pieces, so that the
 * server sees whether the client takes it, and counts in the ledger of unsent responses until it is
 * sent.
 */
export function setTextBody(ctx: Context, content: string | Buffer): void {
  if (typeof content === 'string' && content.length <= limits.responsePieceBytes) {
    ctx.body = content;
    return;
  }
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const type = ctx.res.getHeader('Content-Type');
  ctx.body = Readable.from(piecesOf(bytes), { objectMode: false });
  // Koa has replaced both for the stream.
  if (typeof type === 'string') ctx.res.setHeader('Content-Type', type);
  ctx.length = bytes.length;
  onceClosed(ctx, holdUnsent(ctx, bytes.length));
}

/**
 * Responds with a text that is made while it is sent. Each part counts in the ledger of unsent
 * responses while the client takes it. Rejects if the first part cannot be made.
 */
export async function setStreamBody(ctx: Context, type: string, parts: AsyncGenerator<string>): Promise<void> {
  // A failure before the first part becomes a problem; later ones can only end the connection.
  const first = await parts.next();
  const pieces = async function* () {
    if (first.done === true) return;
    yield* piecesOfPart(ctx, first.value);
    for await (const part of parts) yield* piecesOfPart(ctx, part);
  };
  ctx.body = Readable.from(pieces(), { objectMode: false });
  ctx.res.setHeader('Content-Type', type);
  // A stream that was never read does not close what it reads from.
  onceClosed(ctx, () => void parts.return(undefined).catch(() => undefined));
}

function* piecesOfPart(ctx: Context, part: string): Generator<Buffer> {
  const bytes = Buffer.from(part);
  const release = holdUnsent(ctx, bytes.length);
  try {
    yield* piecesOf(bytes);
  } finally {
    release();
  }
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += limits.responsePieceBytes) {
    yield bytes.subarray(at, at + limits.responsePieceBytes);
  }
}

/** Counts bytes that wait to be sent. If too many wait, the ledger may close the connection. */
function holdUnsent(ctx: Context, bytes: number): () => void {
  return requestBudgets(ctx).unsentResponses.hold(ownerOf(ctx), bytes, () => resetConnection(ctx.req.socket));
}
