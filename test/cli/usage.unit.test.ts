import { expect } from 'chai';
import { commandExamples } from '../../src/cli/commands/orders.js';
import { commandNames, runCommand } from '../../src/cli/run-command.js';
import { parseCommand } from '../../src/http/request/parse-command.js';
import { commandNames as orderCommands } from '../../src/orders/commands.js';
import { type Ended, recordingTerminal } from '../support/orders-command.js';

const maxColumns = 100;

/** Commands without --json, each with the reason. */
const withoutJson: Readonly<Record<string, string>> = {
  serve: 'runs until it is stopped, and has no result; its log is JSON',
  checkpoint: 'always prints one JSON document',
  export: 'prints one JSON document per event, or CSV',
  completion: 'prints a script for a shell',
};

describe('the usage of commands', () => {
  for (const name of commandNames) {
    it(`orders ${name} --help prints its usage, at most ${maxColumns} columns wide`, async () => {
      const usage = await usageOf(name);
      expect(usage.startsWith(`orders ${name}`), usage).to.equal(true);
      expect(usage.split('\n').filter((line) => line.length > maxColumns)).to.deep.equal([]);
      expect(usage, 'an example').to.match(new RegExp(`^ {2}Example: orders ${name}`, 'm'));
    });

    it(`orders ${name} rejects an unknown option and shows its usage`, async () => {
      const { code, output } = await run(name, '--no-such-option');
      expect(code).to.equal(2);
      expect(output)
        .to.match(/--no-such-option/)
        .and.to.include(`\n\norders ${name}`);
    });
  }

  it('a setting that cannot be used leads to exit code 2, as wrong arguments do', async () => {
    const terminal = recordingTerminal('status', { PORT: 'many' });
    await runCommand(['status'], terminal);
    expect(terminal.ended()).to.include({ code: 2, stdout: '' });
    expect(terminal.ended().output).to.match(/^orders: PORT must be a whole number/);
  });

  it('a command rejects surplus arguments instead of ignoring them', async () => {
    expect((await run('status', 'everything')).output).to.match(/Unexpected argument 'everything'/);
  });

  it('a command that lacks an argument says which, above its usage', async () => {
    for (const [args, problem] of [
      [['get'], 'ORDER_ID is missing'],
      [['pay'], 'ORDER_ID is missing'],
      [['import'], 'FILE is missing'],
      [['forget', 'u-1'], '--reason is missing'],
      [['webhooks', 'test'], 'ID is missing'],
      [['webhooks', 'retry', 'x'], 'name one of the actions'],
      [['keys'], 'name one of the actions'],
    ] as const) {
      const { code, output } = await run(...args);
      expect(code, args.join(' ')).to.equal(2);
      expect(output).to.match(new RegExp(`^orders: ${problem}.*\n\norders ${args[0]} `));
    }
  });

  it('each command and each of its actions prints JSON if --json is given, and its usage shows how', async () => {
    expect(Object.keys(withoutJson).filter((name) => !commandNames.includes(name))).to.deep.equal([]);
    for (const name of commandNames) {
      const { code } = await run(name, '--json', '--help');
      expect(code, `whether orders ${name} takes --json`).to.equal(name in withoutJson ? 2 : 0);
      if (name in withoutJson) continue;
      const usage = await usageOf(name);
      const [synopses = ''] = usage.split('\n\n');
      for (const synopsis of synopses.split(/\n(?=orders )/)) expect(synopsis).to.match(/\[--json\]|\[options\]/);
      expect(usage, name).to.match(/^ +--json +\S/m);
      expect(usage, 'an example').to.match(new RegExp(`^ +orders ${name} .*--json`, 'm'));
    }
  });

  it('the example of each command for orders is a valid body', () => {
    const caller = { actor: 'a', idempotencyKey: undefined, defaultCurrency: 'USD', nowMs: Date.now() };
    for (const name of orderCommands) {
      const orderId = name === 'place' ? undefined : '018f0000-0000-7000-8000-000000000001';
      const parsed = parseCommand(name, JSON.parse(commandExamples[name]), orderId, caller);
      expect(parsed, name).to.have.property('request');
    }
  });
});

async function run(...args: string[]): Promise<Ended> {
  const terminal = recordingTerminal(args[0]);
  await runCommand(args, terminal);
  return terminal.ended();
}

async function usageOf(name: string): Promise<string> {
  return (await run(name, '--help')).stdout.trimEnd();
}
