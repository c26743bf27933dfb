import { readArguments } from '../terminal/arguments.js';
import { wrongCall } from '../terminal/errors.js';
import type { Terminal } from '../terminal/terminal.js';

const usage = `orders completion bash|zsh|fish

  Prints a script that completes the names of commands and their options.

  bash   source <(orders completion bash)          # in ~/.bashrc
  zsh    source <(orders completion zsh)           # in ~/.zshrc, after compinit
  fish   orders completion fish | source           # in ~/.config/fish/config.fish

  Example: orders completion bash > ~/.local/share/bash-completion/completions/orders

  Exit code 2: the shell is not supported.`;

/** By command: the words that follow it, which are its actions and its options. */
type CommandWords = Readonly<Record<string, readonly string[]>>;

/**
 * `orders completion`: prints a completion script for a shell.
 * @param usages the usage of each command. The words come from it, so that they are never outdated.
 */
export function completionCommand(usages: (terminal: Terminal) => Promise<ReadonlyMap<string, string>>) {
  return async (args: string[], terminal: Terminal): Promise<void> => {
    const { values, positionals } = readArguments(args, usage, {}, 1);
    if (values.help) return terminal.print(usage);
    const script = scripts[positionals[0] ?? ''];
    if (!script) throw wrongCall('name one of the shells', usage);
    const words = Object.fromEntries([...(await usages(terminal))].map(([name, text]) => [name, wordsOf(name, text)]));
    const others = { completion: ['bash', 'zsh', 'fish', '--help'], help: Object.keys(words) };
    terminal.print(script({ ...words, ...others }));
  };
}

function wordsOf(name: string, text: string): string[] {
  const actions = [...text.matchAll(new RegExp(`^orders ${name} \\[?([a-z][a-z|-]*)`, 'gm'))].flatMap(
    ([, words = '']) => words.split('|'),
  );
  const options = [...text.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option);
  return [...new Set([...actions, ...options, '--help'])];
}

const scripts: Readonly<Record<string, (words: CommandWords) => string>> = {
  bash: (words) => `_orders() {
  local words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${Object.keys(words).join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${Object.entries(words)
  .map(([command, its]) => `      ${command}) words="${its.join(' ')}" ;;`)
  .join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _orders orders`,
  zsh: (words) => `_orders() {
  if (( CURRENT == 2 )); then
    compadd -- ${Object.keys(words).join(' ')}
  else
    case "\${words[2]}" in
${Object.entries(words)
  .map(([command, its]) => `      ${command}) compadd -- ${its.join(' ')} ;;`)
  .join('\n')}
    esac
    _files
  fi
}
compdef _orders orders`,
  fish: (words) =>
    [
      ...Object.keys(words).map((command) => `complete -c orders -n __fish_use_subcommand -a ${command} -f`),
      ...Object.entries(words).flatMap(([command, its]) =>
        its.map((word) => {
          const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`;
          return `complete -c orders -n "__fish_seen_subcommand_from ${command}" ${what}`;
        }),
      ),
    ].join('\n'),
};
