import { Command, CommanderError, Option } from 'commander';
import { UsageError } from './errors.js';

/** An option of a command: a flag, or one with a value, which may be given several times. */
export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly multiple?: boolean;
}

type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type Value<Spec extends OptionSpec> = Spec['type'] extends 'boolean'
  ? boolean
  : Spec['multiple'] extends true
    ? string[]
    : string;

/** The values of options that were given, and of `--help`. */
export type Values<Specs extends OptionSpecs> = { readonly [Name in keyof Specs]?: Value<Specs[Name]> } & {
  readonly help?: boolean;
};

/**
 * Parses the arguments of one command. Each command also takes `--help`. Throws a UsageError that
 * names a similar option, and shows the usage.
 * @param maxPositionals the number of positional arguments that the command takes at most.
 */
export function readArguments<const Specs extends OptionSpecs>(
  args: readonly string[],
  usage: string,
  specs: Specs,
  maxPositionals: number,
): { readonly values: Values<Specs>; readonly positionals: string[] } {
  // Node replaces bytes that are not UTF-8: the text would not be the one that was meant.
  const unreadable = args.findIndex((arg) => arg.includes('\ufffd'));
  if (unreadable >= 0) throw new UsageError(`Argument ${unreadable + 1} is not UTF-8\n\n${usage}`);
  const command = new Command()
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined })
    .helpOption(false)
    .allowExcessArguments(true)
    .argument('[arguments...]');
  const options = new Map<string, Option>();
  for (const [name, { type, short, multiple }] of Object.entries({ ...specs, help: helpSpec })) {
    const flags = `${short ? `-${short}, ` : ''}--${name}${type === 'string' ? ' <value>' : ''}`;
    const option = new Option(flags);
    if (multiple) option.argParser((value, previous: string[] | undefined) => [...(previous ?? []), value]);
    command.addOption(option);
    options.set(name, option);
  }
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(`${error.message.replace(/^error: /, '')}\n\n${usage}`);
  }
  const surplus = command.args[maxPositionals];
  if (surplus !== undefined) throw new UsageError(`Unexpected argument '${surplus}'\n\n${usage}`);
  // Commander gives the values under names in camel case, and --no-wait as a false value of wait.
  const given = command.opts<Record<string, unknown>>();
  const values = [...options].flatMap(([name, option]) => {
    const found = given[option.attributeName()];
    const value = option.negate ? found === false || undefined : found;
    return value === undefined ? [] : [[name, value] as const];
  });
  return { values: Object.fromEntries(values) as Values<Specs>, positionals: [...command.args] };
}

const helpSpec: OptionSpec = { type: 'boolean', short: 'h' };
