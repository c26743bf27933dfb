import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookRecord } from '../history.js';

/** Receivers refuse a time that is further away, by the specification of Standard Webhooks. */
const toleranceSeconds = 300;

/**
 * The reason for which a receiver would refuse a delivery, or undefined. The secret makes an
 * HMAC-SHA256 of the id, the time and the body (Standard Webhooks 1.0, "Verifying webhook
 * authenticity").
 */
export function signatureProblem({ headers, body, receivedAt }: WebhookRecord, secret: string): string | undefined {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  if (!/^\d+$/.test(timestamp) || Math.abs(Number(timestamp) - receivedAt) > toleranceSeconds)
    return `is signed for the time ${timestamp}, and was received at ${Math.round(receivedAt)}`;
  const expected = sign(secret, `${id}.${timestamp}.${body}`);
  const signatures = (headers['webhook-signature'] ?? '').split(' ').map((one) => /^v1,(.+)$/.exec(one)?.[1] ?? '');
  const holds = signatures.some((one) => {
    const given = Buffer.from(one, 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
  return holds ? undefined : 'has a signature that does not hold';
}

/** The MAC of a text. The secret is base64 after its prefix. */
export function sign(secret: string, text: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return createHmac('sha256', key).update(text).digest();
}
