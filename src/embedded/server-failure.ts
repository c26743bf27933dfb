import { writeFileSync } from 'node:fs';

/**
 * An embedded server could not start, or ended unexpectedly. The message begins with the cause, and
 * names the file with the rest of the server's output.
 */
export class ServerFailure extends Error {
  /** The cause in the server's own words. */
  readonly reason: string;
  /** Whether the server ended by itself, rather than by a signal or by not responding in time. */
  readonly endedByItself: boolean;

  constructor(message: string, output: string, options: { logFile: string; endedByItself: boolean }) {
    const reason = causeIn(output);
    const kept = output.trim() === '' ? '' : keep(options.logFile, output);
    super(`${message}: ${reason || 'it printed nothing'}${kept}`);
    this.name = 'ServerFailure';
    this.reason = reason;
    this.endedByItself = options.endedByItself;
  }
}

const maxWarnings = 3;
/** Some versions of Redis print these at each start. */
const usualWarning = /^WARNING|Redis is starting|^(Redis|Valkey) version=|^Configuration loaded|^Server initialized/;

/** An error of initdb. It may follow the name of the step that failed, on the same line. */
const programError = /^(?:.* \.\.\. )?(\S+: (?:error|fatal): )/;

/**
 * Finds the cause of a failure in the output of PostgreSQL, initdb or Redis: the first fatal
 * message of PostgreSQL with its details, the last warnings of Redis, otherwise the last line.
 */
export function causeIn(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter(Boolean);
  const fatal = lines.findIndex((line) => /(FATAL|PANIC): /.test(line) || programError.test(line));
  if (fatal >= 0) {
    const [first = '', ...others] = lines
      .slice(fatal)
      .map((line) => line.replace(/^.*?(FATAL|PANIC|DETAIL|HINT): +/, '').replace(programError, '$1'));
    const isDetail = (line: string | undefined) => line !== undefined && /(DETAIL|HINT): |: (detail|hint): /.test(line);
    const details = others.filter((_, index) => lines.slice(fatal + 1, fatal + 2 + index).every(isDetail));
    return [first, ...details].join(' ');
  }
  const configuration = lines.findIndex((line) => line.includes('FATAL CONFIG FILE ERROR'));
  if (configuration >= 0) return lines.slice(configuration + 1, configuration + 4).join(' ');
  // Redis marks warnings with "#", such as "4711:M 29 Nov 2026 17:03:07.123 # Bad file format".
  const warnings = lines.flatMap((line) => / # (.*)$/.exec(line)?.[1] ?? []).filter((text) => !usualWarning.test(text));
  return warnings.slice(-maxWarnings).join(' ') || (lines.at(-1) ?? '');
}

function keep(file: string, output: string): string {
  try {
    writeFileSync(file, output, { mode: 0o600 });
    return ` (the rest of its output is in ${file})`;
  } catch {
    return '';
  }
}
