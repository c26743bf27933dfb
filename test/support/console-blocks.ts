import type { Block } from './document-blocks.js';

/** A command of a document, and the output that the document shows. */
export interface Step {
  readonly command: string;
  /** Empty if the document shows none. */
  readonly output: string;
}

/** The commands of a block of a console, or of a shell. */
export function commandsOf({ language, code }: Pick<Block, 'language' | 'code'>): Step[] {
  return language === 'console' ? consoleSteps(code) : shellCommands(code).map((command) => ({ command, output: '' }));
}

/** A step is a line that begins with `$ `, the lines that continue its quotes, then the output. */
function consoleSteps(code: string): Step[] {
  const [, ...parts] = `\n${code}`.split('\n$ ');
  return parts.map((part) => {
    const lines = part.split('\n');
    let command = lines.shift() ?? '';
    while (isOpen(command)) command += `\n${lines.shift() ?? ''}`;
    return { command, output: lines.join('\n').trim() };
  });
}

/** A command is a line, with the lines that continue it. */
function shellCommands(code: string): string[] {
  const commands: string[] = [];
  let command: string | undefined;
  for (const line of code.trimEnd().split('\n')) {
    command = command === undefined ? line : `${command}\n${line}`;
    if (isOpen(command) || command.endsWith('\\')) continue;
    if (command.trim() !== '' && !command.startsWith('#')) commands.push(command);
    command = undefined;
  }
  if (command !== undefined) throw new Error(`this command does not end: ${command}`);
  return commands;
}

/** Whether a quote continues on the next line. */
function isOpen(command: string): boolean {
  return command.split("'").length % 2 === 0;
}

/** Whether an output is the one that a document shows, in which `…` stands for any text. */
export function isShown(shown: string, output: string): boolean {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${shown.split('…').map(literal).join('[\\s\\S]*?')}$`).test(output.replaceAll('\r', '').trim());
}
