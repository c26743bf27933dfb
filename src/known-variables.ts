import { ConfigError, type Environment } from './environment.js';

/** Every variable that the service reads. .env.example explains each of them. */
export const knownVariables = [
  'PORT',
  'HOST',
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'MIGRATION_DATABASE_URL',
  'REDIS_URL',
  'LOG_LEVEL',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_SERVICE_NAME',
  'ORDERS_API_KEY',
  'ORDERS_AUTH',
  'ORDERS_BATCH_IDLE_TIMEOUT_MS',
  'ORDERS_BODY_TIMEOUT_MS',
  'ORDERS_CLIENT_PREFIX_LENGTH',
  'ORDERS_CONSOLE_AUDIENCE',
  'ORDERS_CONSOLE_CLIENT_ID',
  'ORDERS_CONSOLE_ORIGINS',
  'ORDERS_CONSOLE_SCOPE',
  'ORDERS_CORS_ORIGINS',
  'ORDERS_DATA_DIR',
  'ORDERS_DB_ROLE',
  'ORDERS_DEFAULT_CURRENCY',
  'ORDERS_TIME_ZONE',
  'ORDERS_HEADERS_TIMEOUT_MS',
  'ORDERS_JWKS_KEEP_SECONDS',
  'ORDERS_JWKS_URL',
  'ORDERS_JWT_ALGORITHMS',
  'ORDERS_JWT_AUDIENCE',
  'ORDERS_JWT_AUDIENCE_CLAIM',
  'ORDERS_JWT_ISSUER',
  'ORDERS_JWT_SCOPE_CLAIMS',
  'ORDERS_JWT_SCOPE_MAP',
  'ORDERS_JWT_SCOPE_PREFIX',
  'ORDERS_JWT_SUBJECT_CLAIM',
  'ORDERS_KEEP_ALIVE_TIMEOUT_MS',
  'ORDERS_MAX_CLOCK_BEHIND_MS',
  'ORDERS_PARTITIONS',
  'ORDERS_PERSONAL_DATA_KEY_FILE',
  'ORDERS_PG_POOL_SIZE',
  'ORDERS_RATE_LIMIT_PER_MINUTE',
  'ORDERS_RESPONSE_TIMEOUT_MS',
  'ORDERS_ROLES',
  'ORDERS_SHUTDOWN_DELAY_MS',
  'ORDERS_SHUTDOWN_TIMEOUT_MS',
  'ORDERS_SIGNING_KEY_FILES',
  'ORDERS_TRUSTED_PROXIES',
  'ORDERS_URL',
  'ORDERS_WEBHOOKS_ALLOW_PRIVATE',
] as const;

const known: ReadonlySet<string> = new Set(knownVariables);

/** Whether the service reads a variable. */
export function isKnownVariable(name: string): boolean {
  return known.has(name);
}

const own = knownVariables.filter((name) => name.startsWith('ORDERS_'));
/** The other names are too short, or too common, to tell a mistake from another program's name. */
const shared = knownVariables.filter((name) => name.endsWith('_URL') || name === 'LOG_LEVEL');

/** Insertions, deletions and replacements of one character by which a name counts as misspelt. */
const maxTypos = 2;

/**
 * Throws a ConfigError if a variable's name differs from one of the service's own by a typo or by
 * its case. `ORDERS_AUHT=required` would otherwise start an open service.
 */
export function rejectMisspeltVariables(env: Environment): void {
  for (const name of Object.keys(env)) {
    if (known.has(name) || isServiceLink(name, env[name])) continue;
    const meant = nearest(name, own);
    if (meant !== undefined) {
      throw new ConfigError(name, `is not a variable of this service: correct it to ${meant}, or remove it`);
    }
  }
}

/** Parts of names that suggest access control. */
const accessWords = /AUTH|JWT|JWKS|OIDC/;

/**
 * Throws a ConfigError if a variable that is not one of the service's own seems to turn access
 * control on. ORDERS_AUTH_REQUIRED=true would otherwise start an open service.
 */
export function rejectAccessVariables(env: Environment): void {
  for (const [name, value] of Object.entries(env)) {
    if (!value || !/^ORDERS_/i.test(name) || !accessWords.test(name.toUpperCase())) continue;
    if (known.has(name) || isServiceLink(name, value)) continue;
    throw new ConfigError(
      name,
      'is not a variable of this service, and access control is off: set ORDERS_AUTH=required, or remove the variable',
    );
  }
}

/** Returns one sentence per variable that looks like one of the service's and has no effect. */
export function unknownVariables(env: Environment): string[] {
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (known.has(name) || isServiceLink(name, env[name])) continue;
    if (/^ORDERS_/i.test(name)) {
      const bare = name.slice('ORDERS_'.length).toUpperCase();
      const hint = known.has(bare) ? `: the variable is ${bare}` : '';
      warnings.push(`${name} has no effect: this service has no such variable${hint}`);
      continue;
    }
    const meant = nearest(name, shared);
    if (meant !== undefined && !env[meant]) warnings.push(`${name} has no effect: the variable is ${meant}`);
  }
  return warnings;
}

/**
 * Whether Kubernetes has set the variable. It does so for every service in the namespace: a service
 * `orders` leads to ORDERS_SERVICE_HOST, ORDERS_PORT=tcp://… and ORDERS_PORT_3000_TCP_ADDR.
 */
function isServiceLink(name: string, value = ''): boolean {
  if (/^ORDERS(_[A-Z0-9_]+)?_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(name)) return true;
  if (/^ORDERS(_[A-Z0-9_]+)?_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(name)) return true;
  return /^ORDERS(_[A-Z0-9_]+)?_PORT$/.test(name) && /^(tcp|udp|sctp):\/\//.test(value);
}

/** The one of these words that is spelt like a word; undefined if none is. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  return nearest(
    word,
    words.map((one) => one.toUpperCase()),
  )?.toLowerCase();
}

function nearest(name: string, candidates: readonly string[]): string | undefined {
  const upper = name.toUpperCase();
  return candidates.find((candidate) => editDistance(upper, candidate) <= maxTypos);
}

/** The Levenshtein distance. Names that differ by more in length return that difference. */
function editDistance(from: string, to: string): number {
  const difference = Math.abs(from.length - to.length);
  if (difference > maxTypos) return difference;
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
