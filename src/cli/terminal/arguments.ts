import { type ParseArgsConfig, parseArgs } from 'node:util';
import { errorMessage, UsageError } from './errors.js';

const help = { help: { type: 'boolean', short: 'h' } } as const;

/**
 * Parses the arguments of one command. Each command also takes `--help`.
 * Throws a UsageError that shows the usage.
 * @param maxPositionals how many arguments that are no options the command takes.
 */
export function readArguments<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: string[],
  usage: string,
  options: Options,
  maxPositionals: number,
) {
  try {
    // Node replaces bytes that are not UTF-8: the text would not be the one that was meant.
    const unreadable = args.findIndex((arg) => arg.includes('\ufffd'));
    if (unreadable >= 0) throw new Error(`Argument ${unreadable + 1} is not UTF-8`);
    const parsed = parseArgs({ args, allowPositionals: true, options: { ...options, ...help } });
    const surplus = parsed.positionals[maxPositionals];
    if (surplus !== undefined) throw new Error(`Unexpected argument '${surplus}'`);
    return parsed;
  } catch (error) {
    throw new UsageError(`${errorMessage(error)}\n\n${usage}`);
  }
}
