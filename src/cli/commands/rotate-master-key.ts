import { withEventLog } from '../connections.js';
import { readArguments } from '../terminal/arguments.js';
import { UsageError } from '../terminal/errors.js';
import { ProgressBar } from '../terminal/progress-bar.js';
import type { Terminal } from '../terminal/terminal.js';
import { vacuumPersonKeys } from '../vacuum-person-keys.js';

const usage = `orders rotate-master-key [--json]

  Wraps the keys of all persons with the first key in ORDERS_PERSONAL_DATA_KEY_FILE. Before that,
  put a new key on the first line of the file, above the present one, and restart all processes.
  Afterwards, remove the other lines, restart, and destroy the old key: earlier backups of the table
  person_keys are then useless. docs/privacy.md has the steps.

  If it is interrupted, run it again: it completes.

  --json  print one JSON document: {"persons", "rewrapped", "problems"}

  Example: orders rotate-master-key
           orders rotate-master-key --json | jq .problems
  Exit code 3: the old keys may still be in dead rows of the table.`;

/** `orders rotate-master-key`: replaces the key that wraps the keys of persons. */
export async function rotateMasterKeyCommand(args: string[], terminal: Terminal): Promise<void> {
  const { values } = readArguments(args, usage, { json: { type: 'boolean' } }, 0);
  if (values.help) return terminal.print(usage);
  await withEventLog({ terminal }, async ({ personKeys, servers, pool }) => {
    if (!personKeys) throw new UsageError('ORDERS_PERSONAL_DATA_KEY_FILE is not set: there is no master key');
    const { rows } = await pool.query<{ count: number }>('select count(wrapped_key)::int as count from person_keys');
    const total = rows[0]?.count ?? 0;
    const bar = new ProgressBar('persons', terminal);
    const rewrapped = await personKeys
      .rewrapAll((persons) => bar.update(Math.min(1, persons / Math.max(1, total)), persons))
      .finally(() => bar.end());
    const done =
      `${rewrapped.toLocaleString('en')} of ${total.toLocaleString('en')} keys were wrapped by an earlier master key; ` +
      'now the first line of ORDERS_PERSONAL_DATA_KEY_FILE wraps all of them';
    if (!values.json) terminal.print(done);
    const problem = await vacuumPersonKeys(servers.migrationDatabaseUrl);
    const problems = problem === undefined ? [] : [problem];
    if (values.json) terminal.print(JSON.stringify({ persons: total, rewrapped, problems }));
    if (problem !== undefined) {
      terminal.notify(problem);
      terminal.exitCode = 3;
    }
  });
}
