import { createHash, randomBytes } from 'node:crypto';
import type { ApiKeys } from './api-keys.js';
import { anonymous, type Caller, type Credential } from './caller.js';
import { accessLimits as limits } from './limits.js';
import { isScope, type Scope } from './scopes.js';

/** Keeps texts for all processes. */
export interface TicketStore {
  put(name: string, text: string, ttlMs: number): Promise<void>;
  /** Returns the text of a name once; then, and when its time is over, undefined. */
  take(name: string): Promise<string | undefined>;
}

interface StoredTicket {
  readonly subject: string;
  readonly scopes: readonly Scope[];
  readonly credential: Credential;
}

/**
 * Tickets for streams. A browser's EventSource cannot send a header, and a key or token in a URL
 * ends up in logs and histories. A ticket in a URL does no harm there: it works once, and only for
 * `ticketTtlMs`. The stream that it opens ends when the key or token of the ticket does.
 */
export class StreamTickets {
  readonly #store: TicketStore;
  readonly #apiKeys: Pick<ApiKeys, 'callerOf'> | undefined;

  /** @param apiKeys undefined without access control. */
  constructor(store: TicketStore, apiKeys: Pick<ApiKeys, 'callerOf'> | undefined) {
    this.#store = store;
    this.#apiKeys = apiKeys;
  }

  async issue({ subject, scopes, credential }: Caller): Promise<{ ticket: string; expiresAt: string }> {
    const ticket = randomBytes(32).toString('base64url');
    const stored: StoredTicket = { subject, scopes: [...scopes], credential };
    const expiresAt = new Date(Date.now() + limits.ticketTtlMs).toISOString();
    await this.#store.put(nameOf(ticket), JSON.stringify(stored), limits.ticketTtlMs);
    return { ticket, expiresAt };
  }

  /**
   * The caller of a ticket, with the rights that the caller still has. Undefined if the ticket is
   * unknown, was used or has expired, and if its key or token has expired, was revoked or permits
   * less by now.
   */
  async redeem(ticket: string): Promise<Caller | undefined> {
    const text = await this.#store.take(nameOf(ticket));
    if (text === undefined) return undefined;
    // Only `issue` writes these texts.
    const { subject, scopes, credential } = JSON.parse(text) as StoredTicket;
    if (credential.kind === 'key') return this.#apiKeys?.callerOf({ id: credential.id, subject, scopes });
    // A process without access control has issued this ticket. Only such a process accepts it.
    if (credential.kind === 'none') return this.#apiKeys ? undefined : anonymous;
    const isAuthorized = () => Date.now() < credential.validUntilMs;
    return isAuthorized() ? { subject, scopes: new Set(scopes.filter(isScope)), credential, isAuthorized } : undefined;
  }
}

/** The name in the store is a hash: a reader of the store learns no ticket. */
function nameOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('base64url');
}
