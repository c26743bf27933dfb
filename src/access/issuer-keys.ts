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
 * key set without a key that verifies signatures counts as an outage. After a failure, the next
 * attempt waits for `jwksCooldownMs`. Attempts also come from a timer, so that health shows the
 * beginning and the end of an outage even if nobody sends a token.
 */
export class IssuerKeys {
  readonly #keepMs: number;
  readonly #checkIntervalMs: number;
  readonly #failures: FailureLog;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  /** The last reading: its time, and the same by performance.now(), which no clock sets back. */
  #read: { readonly atMs: number; readonly sinceMs: number } | undefined;
  #failure: { readonly error: unknown; readonly sinceMs: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    url: string,
    keepMs: number,
    log: Pick<Logger, 'info' | 'warn' | 'error'>,
    checkIntervalMs: number = limits.jwksCheckIntervalMs,
  ) {
    this.#keepMs = keepMs;
    this.#checkIntervalMs = checkIntervalMs;
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
    // Before the first reading, the look-up below reads the keys and waits for them.
    if (this.#read !== undefined) this.#readIfDue();
    return this.#keys(header, token);
  };

  /** Reads the keys, and reads them again when that is due. */
  start(): void {
    this.#readIfDue();
    this.#timer = setInterval(() => this.#readIfDue(), this.#checkIntervalMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  state(): IssuerKeysState {
    const readAtMs = this.#read?.atMs;
    const keptUntilMs = readAtMs === undefined ? undefined : readAtMs + this.#keepMs;
    return { readAtMs, isFailing: this.#failure !== undefined, keptUntilMs };
  }

  /** Reads the keys in the background if they are too old, or if the last attempt failed. */
  #readIfDue(): void {
    const isCurrent = this.#read !== undefined && performance.now() - this.#read.sinceMs <= limits.jwksMaxAgeMs;
    if ((isCurrent && !this.#failure) || this.#isCoolingDown || this.#keys.reloading) return;
    // #fetch remembers and logs the failure.
    this.#keys.reload().catch(() => undefined);
  }

  get #isCoolingDown(): boolean {
    return this.#failure !== undefined && performance.now() - this.#failure.sinceMs < limits.jwksCooldownMs;
  }

  async #fetch(address: string, options: RequestInit): Promise<Response> {
    if (this.#failure && this.#isCoolingDown) throw unavailable(this.#failure.error);
    try {
      const text = await readKeySet(address, options);
      this.#failures.succeeded();
      this.#failure = undefined;
      this.#read = { atMs: Date.now(), sinceMs: performance.now() };
      return new Response(text);
    } catch (error) {
      this.#failure = { error, sinceMs: performance.now() };
      this.#failures.failed(error);
      throw unavailable(error);
    }
  }
}

function unavailable(cause: unknown): IssuerUnavailable {
  return new IssuerUnavailable('the keys of the token issuer could not be read', { cause });
}

/** Reads the text of a key set with at least one key that verifies signatures. */
async function readKeySet(address: string, options: RequestInit): Promise<string> {
  const response = await fetch(address, options);
  if (response.status !== 200) throw new Error(`${address} responded with status ${response.status}, not 200`);
  const text = await response.text();
  const keySet: unknown = JSON.parse(text);
  const keys = keySet !== null && typeof keySet === 'object' && 'keys' in keySet ? keySet.keys : undefined;
  // A set of keys for other uses would make every token invalid, as an empty one would.
  if (!Array.isArray(keys) || !keys.some(verifiesSignatures))
    throw new Error(`${address} responded without a key that verifies signatures`);
  if (!keys.every(isObject)) throw new Error(`${address} responded with an entry that is not a key`);
  return text;
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object';
}

/** Whether a key is asymmetric, and meant for signatures (RFC 7517, 4.1 to 4.3). */
function verifiesSignatures(key: unknown): boolean {
  if (!isObject(key)) return false;
  const { kty, use, key_ops: uses } = key as Readonly<Record<string, unknown>>;
  const isForSignatures = use === undefined || use === 'sig';
  const mayVerify = uses === undefined || (Array.isArray(uses) && uses.includes('verify'));
  return ['RSA', 'EC', 'OKP', 'AKP'].some((one) => one === kty) && isForSignatures && mayVerify;
}
