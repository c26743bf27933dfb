import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readImportArguments } from '../../src/cli/commands/import/import-options.js';
import type { CommandHandlers } from '../../src/commands/command-handlers.js';
import type { BatchOutcome, CommandOutcome } from '../../src/commands/command-outcome.js';
import type { CommandRequest } from '../../src/commands/command-request.js';
import { dryRunHandlers } from '../../src/import/checking/dry-run.js';
import { importFile } from '../../src/import/import-file.js';
import { rejectionReason } from '../../src/import/mapping/rejection-reason.js';
import { openInput } from '../../src/import/open-input.js';
import { listFiles } from '../../src/import/rejected-records.js';
import { refusalByOtherForm } from '../../src/import/transactions/other-form.js';

interface Listed {
  readonly line: number;
  readonly reason: string;
  readonly record: string;
}

export interface Trial {
  /** The accepted commands that repeat no other, in their order. */
  readonly commands: readonly CommandRequest[];
  /** The accepted `place` commands, as a short text each: user, items, total, currency, time. */
  readonly placed: readonly string[];
  readonly rejected: readonly Listed[];
  readonly returns: readonly Listed[];
  readonly warnings: readonly string[];
}

/**
 * Imports a file without servers: with the options of the command line, and with handlers that
 * decide each command and append nothing.
 */
export async function trialImport(
  content: string | Buffer,
  args: readonly string[],
  name = 'orders.csv',
): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), 'orders-trial-'));
  try {
    const file = join(folder, name);
    await writeFile(file, content);
    const options = readImportArguments([file, ...args]);
    if (!options) throw new Error('--help was asked for');
    const input = await openInput(options);
    try {
      const commands: CommandRequest[] = [];
      const { source } = options;
      const { mapping } = input;
      await importFile({
        file,
        source,
        input: '',
        read: input.read,
        handlers: recording(commands),
        defaultCurrency: 'USD',
        restart: true,
        dryRun: true,
        ...(mapping ? { refusalAfter: refusalByOtherForm } : {}),
        reasonOf: (rejection, sent) => (mapping ? rejectionReason(rejection, mapping, sent) : rejection.problem.detail),
      });
      const listed = async (path: string) => {
        const text = await readFile(path, 'utf8').catch(() => '');
        return text === ''
          ? []
          : text
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line));
      };
      return {
        commands,
        placed: commands.flatMap(describePlaced),
        rejected: await listed(listFiles(file, true).rejected),
        returns: await listed(listFiles(file, true).returns),
        warnings: input.warnings.messages(),
      };
    } finally {
      await input.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The message with which an import is refused before it begins. Empty if it is not refused. */
export async function refusal(content: string | Buffer, args: readonly string[], name?: string): Promise<string> {
  return trialImport(content, args, name).then(
    () => '',
    (error: Error) => error.message,
  );
}

function recording(commands: CommandRequest[]): CommandHandlers {
  const { handleCommand, placeOrders } = dryRunHandlers();
  return {
    async handleCommand(request) {
      const outcome = await handleCommand(request);
      if (isNew(outcome)) commands.push(request);
      return outcome;
    },
    async placeOrders(requests) {
      const outcomes = await placeOrders(requests);
      for (const [nth, request] of requests.entries()) if (isNew(outcomes[nth])) commands.push(request);
      return outcomes;
    },
  };
}

function isNew(outcome: BatchOutcome | CommandOutcome | undefined): boolean {
  return outcome?.outcome === 'handled' && !outcome.replayed;
}

function describePlaced({ command, occurredAt = 'now' }: CommandRequest): string[] {
  if (command.command !== 'place') return [];
  const { userId, items, itemIds, totalAmount, currency } = command;
  const lines = items
    ? items.map(
        ({ item_id, quantity, unit_price }) =>
          `${quantity} ${item_id}${unit_price === undefined ? '' : ` at ${unit_price}`}`,
      )
    : itemIds;
  return [`${userId}: ${lines?.join(' + ')} = ${totalAmount} ${currency}, ${occurredAt}`];
}
