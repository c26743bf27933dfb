import { isIPv4 } from 'node:net';

/** Environment variables by name. An empty value counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An environment variable has a value that cannot be used. */
export class ConfigError extends Error {
  /**
   * @param problem what is wrong or expected. Never holds the value of a variable that may be a
   * secret.
   */
  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`);
    this.name = 'ConfigError';
  }
}

/** Why a file or folder cannot be used, after its name in a sentence. */
export function fileProblem(error: unknown): string {
  const { code = '', syscall, message } = error as NodeJS.ErrnoException;
  // A folder above it is created first, so this is how /proc refuses new folders.
  if (code === 'ENOENT' && syscall === 'mkdir') return 'is on a file system on which no folder can be created';
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    ENOTDIR: 'is not a folder, or not in one',
    EEXIST: 'is not a folder, or is a link to nothing',
    EISDIR: 'is a folder: name a file',
    EACCES: 'is not open to this user: correct its permissions, or those of its folder',
    EPERM: 'is protected by the system',
    EROFS: 'is on a file system that is read-only',
    ENAMETOOLONG: 'has a path that is too long',
    ELOOP: 'is a link that leads to itself',
    ENOSPC: 'is on a file system that is full',
    EDQUOT: 'is on a file system whose quota of this user is used up',
  };
  return Object.hasOwn(reasons, code) ? (reasons[code] ?? message) : `cannot be used: ${message}`;
}

/** Reads a whole number from `min` to `max`. */
export function integer(env: Environment, name: string, byDefault: number, min: number, max: number): number {
  const text = env[name];
  if (text === undefined || text === '') return byDefault;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new ConfigError(name, `must be a whole number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

/**
 * Splits a URL that names several hosts, separated by commas, into one URL per host:
 * postgresql://user@a:5432,b:5433/orders names the hosts a and b.
 */
export function hostUrls(text: string): string[] {
  const [, before = '', hosts = '', after = ''] = /^([^:/]+:\/\/(?:[^/?#]*@)?)([^/?#]*)(.*)$/s.exec(text) ?? [];
  if (!hosts.includes(',')) return [text];
  return hosts.split(',').map((host) => `${before}${host}${after}`);
}

/**
 * Reads a URL with one of these protocols, such as "redis:", which may name several hosts. An error
 * never repeats it: it may hold a password.
 */
export function url(env: Environment, name: string, protocols: readonly string[]): string | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (!hostUrls(text).every((one) => URL.canParse(one) && protocols.includes(new URL(one).protocol))) {
    throw new ConfigError(name, `must be a URL that begins with ${protocols.map((one) => `${one}//`).join(' or ')}`);
  }
  return text;
}

/** Reads one of a few words. */
export function oneOf<const Value extends string>(
  env: Environment,
  name: string,
  values: readonly Value[],
  byDefault: Value,
): Value {
  const text = env[name] || byDefault;
  const value = values.find((one) => one === text);
  if (value === undefined) throw new ConfigError(name, `must be ${orList(values)}, not "${text}"`);
  return value;
}

/** Reads several words of a few, separated by commas. All of them if the variable is not set. */
export function someOf<const Value extends string>(
  env: Environment,
  name: string,
  values: readonly Value[],
): readonly Value[] {
  const given = list(env, name);
  if (given.length === 0) return values;
  const unknown = given.find((one) => !values.some((value) => value === one));
  if (unknown !== undefined) {
    throw new ConfigError(name, `must be one or more of ${values.join(', ')}, not "${unknown}"`);
  }
  return values.filter((value) => given.includes(value));
}

/**
 * Reads words separated by commas. Commas or spaces alone are an error: a script that did not
 * expand its variables would choose the default, or nothing at all.
 */
export function list(env: Environment, name: string): string[] {
  const text = env[name] ?? '';
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  if (words.length === 0 && text !== '') throw new ConfigError(name, 'has only commas or spaces: name a value');
  return words;
}

function orList(values: readonly string[]): string {
  return values.length < 3 ? values.join(' or ') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** A list of origins, such as https://shop.example. */
export function origins(env: Environment, name: string): string[] {
  return list(env, name).map((text) => {
    if (URL.canParse(text) && new URL(text).origin === text) return text;
    throw new ConfigError(name, `must be origins such as https://shop.example, not "${text}"`);
  });
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
