import { Readable } from 'node:stream';
import type { Context } from 'koa';
import { httpLimits as limits } from '../limits.js';
import { ownerOf, requestBudgets } from '../request/request-budgets.js';
import { onceClosed } from './once-closed.js';

/**
 * Responds with a text. A long one is sent in pieces, so that the server sees whether the client
 * takes it, and counts in the ledger of unsent responses until it is sent.
 */
export function setTextBody(ctx: Context, text: string): void {
  if (text.length <= limits.responsePieceBytes) {
    ctx.body = text;
    return;
  }
  const bytes = Buffer.from(text);
  const type = ctx.res.getHeader('Content-Type');
  ctx.body = Readable.from(piecesOf(bytes), { objectMode: false });
  // Koa has replaced both for the stream.
  if (typeof type === 'string') ctx.res.setHeader('Content-Type', type);
  ctx.length = bytes.length;
  countUnsent(ctx, bytes.length);
}

/** Responds with a text that is made while it is sent. Rejects if its first part cannot be made. */
export async function setStreamBody(ctx: Context, type: string, parts: AsyncGenerator<string>): Promise<void> {
  // A failure before the first part becomes a problem; later ones can only end the connection.
  const first = await parts.next();
  const all = async function* () {
    if (first.done !== true) yield first.value;
    yield* parts;
  };
  ctx.body = Readable.from(all());
  ctx.res.setHeader('Content-Type', type);
}

function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += limits.responsePieceBytes) {
    yield bytes.subarray(at, at + limits.responsePieceBytes);
  }
}

function countUnsent(ctx: Context, bytes: number): void {
  const { unsentResponses } = requestBudgets(ctx);
  const release = unsentResponses.hold(ownerOf(ctx), bytes, () => ctx.req.socket.destroy());
  onceClosed(ctx, release);
}
