import { Webhook } from 'standardwebhooks';
import type { components } from './schema.js';

type Schemas = components['schemas'];

/** A message that a webhook received. */
export type WebhookMessage = Schemas['WebhookMessage'];

/**
 * Checks the signature of a message and returns it. Throws if it is forged, was changed, or is more
 * than five minutes old or ahead. After a rotation, messages are signed with the old and the new
 * secret for a day: either verifies them.
 * @param secret the webhook's secret, which begins with `whsec_`.
 * @param body the raw body, as it arrived. Parsed and written again, it would not verify.
 * @param headers the request's headers, of Node or of fetch.
 */
export function verifyWebhook(
  secret: string,
  body: string | Uint8Array,
  headers: Headers | Readonly<Record<string, string | string[] | undefined>>,
): WebhookMessage {
  const value = (name: string) => (headers instanceof Headers ? headers.get(name) : [headers[name]].flat()[0]) ?? '';
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  return new Webhook(secret).verify(text, {
    'webhook-id': value('webhook-id'),
    'webhook-timestamp': value('webhook-timestamp'),
    'webhook-signature': value('webhook-signature'),
  }) as WebhookMessage;
}
