import { expect } from 'chai';
import { checkpointCommand } from '../../src/cli/commands/checkpoint.js';
import { exportCommand } from '../../src/cli/commands/export.js';
import { forgetCommand } from '../../src/cli/commands/forget.js';
import { historyCommand } from '../../src/cli/commands/history.js';
import { importCommand } from '../../src/cli/commands/import/import.js';
import { keysCommand } from '../../src/cli/commands/keys.js';
import { migrateCommand } from '../../src/cli/commands/migrate.js';
import { recoverCommand } from '../../src/cli/commands/recover/recover.js';
import { replayCommand } from '../../src/cli/commands/replay/replay.js';
import { rotateMasterKeyCommand } from '../../src/cli/commands/rotate-master-key.js';
import { statusCommand } from '../../src/cli/commands/status.js';
import { verifyCommand } from '../../src/cli/commands/verify.js';
import { verifyProofCommand } from '../../src/cli/commands/verify-proof.js';
import { webhooksCommand } from '../../src/cli/commands/webhooks.js';
import { serve } from '../../src/cli/serve.js';
import { UsageError } from '../../src/cli/terminal/errors.js';
import type { Terminal } from '../../src/cli/terminal/terminal.js';
import { recordingTerminal } from '../support/orders-command.js';

const commands: Readonly<Record<string, (args: string[], terminal: Terminal) => Promise<void>>> = {
  serve,
  migrate: migrateCommand,
  status: statusCommand,
  history: historyCommand,
  replay: replayCommand,
  recover: recoverCommand,
  verify: verifyCommand,
  checkpoint: checkpointCommand,
  'verify-proof': verifyProofCommand,
  forget: forgetCommand,
  export: exportCommand,
  'rotate-master-key': rotateMasterKeyCommand,
  keys: keysCommand,
  webhooks: webhooksCommand,
  import: importCommand,
};
const maxColumns = 100;

describe('the usage of commands', () => {
  for (const [name, command] of Object.entries(commands)) {
    it(`orders ${name} --help prints its usage, at most ${maxColumns} columns wide`, async () => {
      const printed = await printedBy(command, ['--help']);
      expect(printed.startsWith(`orders ${name}`), printed).to.equal(true);
      expect(printed.split('\n').filter((line) => line.length > maxColumns)).to.deep.equal([]);
      expect(printed, 'an example').to.match(new RegExp(`^ {2}Example: orders ${name}`, 'm'));
    });

    it(`orders ${name} rejects an unknown option and shows its usage`, async () => {
      const error = await command(['--no-such-option'], recordingTerminal()).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(UsageError);
      expect(String(error))
        .to.match(/--no-such-option/)
        .and.to.include(`\n\norders ${name}`);
    });
  }

  it('a command rejects surplus arguments instead of ignoring them', async () => {
    const error = await commands.status?.(['everything'], recordingTerminal()).catch((reason: unknown) => reason);
    expect(String(error)).to.match(/Unexpected argument 'everything'/);
  });
});

async function printedBy(command: (typeof commands)[string], args: string[]): Promise<string> {
  const terminal = recordingTerminal();
  await command(args, terminal);
  return terminal.ended().stdout.trimEnd();
}
