import { readFileSync } from 'node:fs';
import { isKnownVariable } from '../known-variables.js';
import { UsageError } from './terminal/errors.js';

/** NAME=value, with `export ` and spaces as shells and other readers of such files accept them. */
const assignment = /^(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/;
const quotes = ['"', "'", '`'];

/**
 * Loads the .env file of the working directory, if there is one. Variables that have a value
 * already keep it. Throws a UsageError that names the line if the file is not readable.
 */
export function loadEnvFile(env: Record<string, string | undefined> = process.env, file = '.env'): void {
  for (const [name, value] of readEnvFile(file)) if (!env[name]) env[name] = value;
}

/** Otherwise, undecodable bytes would silently change names or values. */
function readEnvFile(file: string): ReadonlyMap<string, string> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
    throw new UsageError(`${file} could not be read: ${String(error)}`, { cause: error });
  }
  let text: string;
  try {
    // The decoder also removes a byte order mark.
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`${file} is not UTF-8: save it in that encoding`, { cause: error });
  }
  return parseEnvFile(text, file);
}

/**
 * Parses a .env file. Readers of such files disagree on much: escapes, interpolation, values of
 * several lines. Everything that another reader would understand differently is an error here: a
 * line that is skipped or misread could leave access control off. A variable of this service must
 * not have two different values, for the same reason. For other variables the last value counts.
 * Errors never repeat a value, which may be a secret.
 */
export function parseEnvFile(text: string, file = '.env'): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [index, raw] of text.split(/\r\n|\r|\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, rest = ''] = assignment.exec(line) ?? [];
    const fail = (problem: string) => new UsageError(`${file}, line ${index + 1}: ${problem}`);
    if (name === undefined) throw fail('write NAME=value, or # before a comment');
    const value = quotes.includes(rest[0] ?? '') ? quotedValue(rest) : rest.replace(/(^|\s)#.*$/, '').trim();
    if (value === undefined) {
      throw fail(`the value of ${name} has an opening quote: close it on the same line, with nothing after it`);
    }
    const isLiteral = rest.startsWith("'");
    if (!isLiteral && /\$[{(]/.test(value)) {
      throw fail(`the value of ${name} has a $ expression, which is not replaced here: write the value itself`);
    }
    if (rest.startsWith('"') && value.includes('\\')) {
      throw fail(`the value of ${name} has a backslash in double quotes: put it in single quotes, which keep it`);
    }
    if (isKnownVariable(name) && (values.get(name) ?? value) !== value) {
      throw fail(`${name} has another value further up: keep one of them`);
    }
    values.set(name, value);
  }
  return values;
}

/** The text between quotes. Undefined if they are not closed, or if more than a comment follows. */
function quotedValue(text: string): string | undefined {
  const end = text.indexOf(text[0] ?? '', 1);
  if (end < 0 || !/^(\s+#.*|\s*)$/.test(text.slice(end + 1))) return undefined;
  return text.slice(1, end);
}
