import { readConfig } from '../../../config.js';
import { dryRunHandlers } from '../../../import/checking/dry-run.js';
import { importFile, type Rejection } from '../../../import/import-file.js';
import type { ImportProgress } from '../../../import/import-progress.js';
import { checkImportedFile } from '../../../import/imported-files.js';
import { inputName } from '../../../import/input-name.js';
import { keyColumnOf } from '../../../import/mapping/csv-mapping.js';
import { rejectionReason } from '../../../import/mapping/rejection-reason.js';
import { type Input, openInput } from '../../../import/open-input.js';
import { refusalByOtherForm } from '../../../import/transactions/other-form.js';
import { wireCommandHandlers } from '../../../service/wire-commands.js';
import { withConnections } from '../../connections.js';
import { requireStoredFile } from '../../read-file.js';
import { ProgressBar } from '../../terminal/progress-bar.js';
import type { Terminal } from '../../terminal/terminal.js';
import { withoutLines } from '../../terminal/without-lines.js';
import { type ImportArguments, readImportArguments, usage } from './import-options.js';
import { ImportView } from './import-view.js';
import { printPreview } from './preview.js';
import { waitForReadModels } from './wait-for-read-models.js';

/** `orders import`: imports orders from a file, with the same checks as requests. */
export async function importCommand(args: string[], terminal: Terminal): Promise<void> {
  const options = readImportArguments(args);
  if (!options) return terminal.print(usage);
  await requireStoredFile(options.file);
  let reading = new ProgressBar('MB read', terminal);
  let readBefore = 0;
  const onRead = (bytes: number, of: number) => {
    // The file is read once more, at its own speed.
    if (bytes < readBefore) reading = new ProgressBar('MB read', terminal);
    readBefore = bytes;
    reading.update(bytes / Math.max(of, 1), Math.round(bytes / 1e6));
  };
  const endReading = () => reading.end();
  const opened = await openInput({ ...options, onRead }).finally(endReading);
  const input: Input = { ...opened, everyLineHasKey: () => opened.everyLineHasKey().finally(endReading) };
  try {
    if (options.preview !== undefined) {
      const { readFirst, warnings } = input;
      const preview = { ...described(options, input, terminal), readFirst, warnings };
      await printPreview(preview, options.preview, terminal, options.json);
    } else if (options.dryRun) await checkFile(options, input, terminal);
    else await importInto(options, input, terminal);
  } finally {
    await input.close();
  }
}

async function importInto(options: ImportArguments, input: Input, given: Terminal): Promise<void> {
  const terminal = options.json ? withoutLines(given) : given;
  const keyed = input.mapping !== undefined && keyColumnOf(input.mapping) !== undefined;
  await withConnections({ terminal, poolSize: readConfig(terminal.env).poolSize }, async (connections) => {
    if (!keyed) {
      const { fingerprint, everyLineHasKey } = input;
      await checkImportedFile(connections.pool, options.source, fingerprint, options.sameLines, everyLineHasKey);
    }
    const view = viewOf(options, input, terminal);
    /** The last position that the import appended to each partition. */
    const appended = new Map<number, number>();
    let result: ImportProgress;
    try {
      result = await importFile({
        ...common(options, input, terminal, view),
        handlers: wireCommandHandlers(connections, connections.log),
        epoch: connections.settings.epochs.current,
        restart: options.restart,
        onHandled: ({ partition, position, replayed }) => {
          if (!replayed && position > (appended.get(partition) ?? 0)) appended.set(partition, position);
        },
      });
    } finally {
      view.end();
    }
    view.printResult(result, false);
    view.printWarnings(input.warnings);
    if (!keyed && options.csv) {
      terminal.print(
        'orders are identified by their line in this file: to import a later export of it, use --key COLUMN',
      );
    }
    const isComplete = options.wait ? await waitForReadModels(connections, appended) : null;
    if (!options.json) return;
    const warnings = input.warnings.messages();
    given.print(JSON.stringify({ ...view.documentOf(result, false), warnings, read_models_complete: isComplete }));
  });
}

async function checkFile(options: ImportArguments, input: Input, given: Terminal): Promise<void> {
  const terminal = options.json ? withoutLines(given) : given;
  const view = viewOf(options, input, terminal);
  let result: ImportProgress;
  try {
    result = await importFile({
      ...common(options, input, terminal, view),
      handlers: dryRunHandlers(),
      dryRun: true,
      restart: true,
    });
  } finally {
    view.end();
  }
  view.printResult(result, true);
  view.printWarnings(input.warnings);
  terminal.print('nothing was placed');
  if (options.json)
    given.print(JSON.stringify({ ...view.documentOf(result, true), warnings: input.warnings.messages() }));
}

function viewOf({ file }: ImportArguments, { bytes, mapping }: Input, terminal: Terminal): ImportView {
  return new ImportView(terminal, { file, bytes, unit: mapping?.groupColumn === undefined ? 'line' : 'order' });
}

/** The options that an import and a preview have in common. */
function described({ source }: ImportArguments, { read, mapping }: Input, terminal: Terminal) {
  const { defaultCurrency } = readConfig(terminal.env);
  return {
    source,
    read,
    defaultCurrency,
    reasonOf: (rejection: Rejection, sent?: Readonly<Record<string, unknown>>) =>
      mapping ? rejectionReason(rejection, mapping, sent) : rejection.problem.detail,
  };
}

function common(options: ImportArguments, input: Input, terminal: Terminal, view: ImportView) {
  return {
    ...described(options, input, terminal),
    file: options.file,
    input: inputName(input),
    ...(input.mapping ? { refusalAfter: refusalByOtherForm } : {}),
    onProgress: (progress: ImportProgress) => view.update(progress),
    onRejected: (line: number, reason: string) => view.reject(line, reason),
  };
}
