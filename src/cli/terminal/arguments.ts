import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './errors.js';

const help = { help: { type: 'boolean', short: 'h' } } as const;

/** Reads the command line of one command, --help among it. Throws UsageError, which shows how the command is called. */
export function readArguments<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  usage: string,
  options: Options,
) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { ...options, ...help } });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${usage}`);
  }
}
