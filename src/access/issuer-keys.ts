import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { FailureLog } from '../failure-log.js';
import { IssuerUnavailable } from './issuer-unavailable.js';
import { accessLimits as limits } from './limits.js';

/** The state of the issuer's keys in this process, for health and metrics. */
export interface IssuerKeysState {
  /** When the keys were last read, in milliseconds since 1970. Undefined if they never were. */
  readonly readAtMs: number | undefined;
  /** Whether the last attempt to read them failed. */
  readonly isFailing: boolean;
  /** When the known keys stop being used. */
  readonly keptUntilMs: number | undefined;
}

/**
 * The public keys of a token issuer (RFC 7517). They are read every `jwksMaxAgeMs`, in the
 * background, and when a token names a key that is not among them. While they cannot be read, the
 * known ones are used for up to `keepMs`: an outage of the issuer is no outage of this service. A
 * key set without a key counts as an outage. After a failure, the next attempt waits for
 * `jwksCooldownMs`.
 */
export class IssuerKeys {
  readonly #keepMs: number;
  readonly #failures: FailureLog;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  #readAtMs: number | undefined;
  #failure: { readonly error: unknown; readonly atMs: number } | undefined;

  constructor(url: string, keepMs: number, log: Pick<Logger, 'info' | 'warn' | 'error'>) {
    this.#keepMs = keepMs;
    this.#failures = new FailureLog(log, {
      failing: 'the keys of the token issuer could not be read; known keys stay in use',
      over: 'the keys of the token issuer can be read again',
    });
    this.#keys = createRemoteJWKSet(new URL(url), {
      cacheMaxAge: keepMs,
      cooldownDuration: limits.jwksCooldownMs,
      timeoutDuration: limits.jwksTimeoutMs,
      [customFetch]: (address, options) => this.#fetch(address, options),
    });
  }

  /** Finds the key of a token. Throws IssuerUnavailable, or jose's error about the token. */
  readonly keyOf: JWTVerifyGetKey = (header, token) => {
    if (this.#readAtMs !== undefined && Date.now() - this.#readAtMs > limits.jwksMaxAgeMs && !this.#keys.reloading) {
      // #fetch remembers and logs the failure.
      this.#keys.reload().catch(() => undefined);
    }
    return this.#keys(header, token);
  };

  state(): IssuerKeysState {
    const readAtMs = this.#readAtMs;
    const keptUntilMs = readAtMs === undefined ? undefined : readAtMs + this.#keepMs;
    return { readAtMs, isFailing: this.#failure !== undefined, keptUntilMs };
  }

  async #fetch(address: string, options: RequestInit): Promise<Response> {
    if (this.#failure && Date.now() - this.#failure.atMs < limits.jwksCooldownMs)
      throw unavailable(this.#failure.error);
    try {
      const text = await readKeySet(address, options);
      this.#failures.succeeded();
      this.#failure = undefined;
      this.#readAtMs = Date.now();
      return new Response(text);
    } catch (error) {
      this.#failure = { error, atMs: Date.now() };
      this.#failures.failed(error);
      throw unavailable(error);
    }
  }
}

function unavailable(cause: unknown): IssuerUnavailable {
  return new IssuerUnavailable('the keys of the token issuer could not be read', { cause });
}

/** Reads the text of a key set that has at least one key. */
async function readKeySet(address: string, options: RequestInit): Promise<string> {
  const response = await fetch(address, options);
  if (response.status !== 200) throw new Error(`${address} responded with status ${response.status}, not 200`);
  const text = await response.text();
  const keySet: unknown = JSON.parse(text);
  const keys = keySet !== null && typeof keySet === 'object' && 'keys' in keySet ? keySet.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0) throw new Error(`${address} responded without a key`);
  return text;
}
