import type { CommandHandlers } from '../commands/command-handlers.js';
import type { CommandRequest } from '../commands/command-request.js';
import { FairSemaphore } from '../fair-semaphore.js';
import { type BatchCaller, createLineHandler, type LineResponse } from '../http/batch/handle-lines.js';
import { orderedWindow } from '../http/batch/ordered-window.js';
import { firstEpoch } from '../log-epochs.js';
import { handleUnits } from './handle-units.js';
import { importActor, keyOfLine } from './identity.js';
import { type ImportProgress, loadProgress, newProgress, removeProgress, saveProgress } from './import-progress.js';
import type { FilePosition, ImportGroup, ImportUnit } from './import-unit.js';
import { importLimits as limits } from './limits.js';
import { listFiles, openRejected } from './rejected-records.js';

/** A response to a line that was rejected. */
export type Rejection = Extract<LineResponse, { readonly problem: unknown }>;

export interface ImportOptions {
  readonly file: string;
  /**
   * A name for the data that never changes. Without a key, `<source>:<line>` is the idempotency key
   * of each line, so importing the file again has no effect.
   */
  readonly source: string;
  /** Names the content of the file and the mapping: see `inputName`. */
  readonly input: string;
  /** The epoch of the log; by default the first. */
  readonly epoch?: string;
  readonly read: (from: FilePosition) => AsyncIterable<ImportGroup>;
  readonly handlers: CommandHandlers;
  readonly defaultCurrency: string;
  /** Start at the first line, even if an earlier run saved its progress. */
  readonly restart: boolean;
  /** The handlers append nothing, so there is no progress to save. */
  readonly dryRun?: boolean;
  /** Called at the start and after each group. */
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Called for each unit that is rejected, with its line and the reason. */
  readonly onRejected?: (line: number, reason: string) => void;
  /** Why a step is refused because of the keys of earlier ones. By default none is. */
  readonly refusalAfter?: (request: CommandRequest) => CommandRequest['refusalAfter'];
  /** Called for each command that is durable. */
  readonly onHandled?: BatchCaller['onHandled'];
  /** Describes the problem of a command, which was sent, in the words of the file. */
  readonly reasonOf: (rejection: Rejection, sent?: Readonly<Record<string, unknown>>) => string;
}

/**
 * Imports a file. Every command passes the same validation, decision and append as a request. The
 * progress is saved beside the file, so that a run after a crash resumes there. Throws if the event
 * log is unavailable; the units before that are imported, and the next run does not repeat them.
 */
export async function importFile(options: ImportOptions): Promise<ImportProgress> {
  const { file, source, input, epoch = firstEpoch, dryRun = false, reasonOf } = options;
  const earlier = options.restart || dryRun ? undefined : await loadProgress(file, source, input, epoch);
  const progress = earlier ?? newProgress(source, input, epoch);

  const handleLines = createLineHandler({
    ...boundedSteps(options),
    actor: importActor,
    mayImport: true,
    defaultCurrency: options.defaultCurrency,
    correlationId: `import:${source}`,
    keyOf: (lineNumber) => keyOfLine(source, lineNumber),
    ...(options.onHandled ? { onHandled: options.onHandled } : {}),
  });
  options.onProgress?.(progress);
  const files = listFiles(file, dryRun);
  const rejected = await openRejected(files.rejected, progress.rejectedBytes);
  const reject = async (unit: ImportUnit, reason: string) => {
    await rejected.write(unit.number, reason, await unit.record());
    progress.rejected += 1;
    progress.rejectedBytes = rejected.bytes;
    options.onRejected?.(unit.number, reason);
  };
  const returns = await openRejected(files.returns, progress.returnsBytes);
  const setAside = async (unit: ImportUnit, reason: string) => {
    await returns.write(unit.number, reason, await unit.record());
    progress.returns += 1;
    progress.returnsBytes = returns.bytes;
  };
  const sync = () => Promise.all([rejected.sync(), returns.sync()]);
  let savedAtMs = performance.now();
  try {
    // The groups reach the handler in the order of the file, which keeps the steps of each order in
    // their order.
    const handle = async (group: ImportGroup): Promise<HandledGroup> => ({
      ...group,
      responses: await handleUnits(group.units, handleLines),
    });
    const handled = orderedWindow(options.read(progress.position), handle, limits.maxGroupsInFlight);
    for await (const { units, end, responses } of handled) {
      for (const [nth, unit] of units.entries()) {
        let rejection: Rejection | undefined;
        let rejectedCommand = 0;
        let isNew = false;
        for (const [command, response] of (responses[nth] ?? []).entries()) {
          if (!('problem' in response)) {
            if (!response.replayed) isNew = true;
            continue;
          }
          // The order of an unreadable event stays as it is, however often the import is repeated.
          if (response.status >= 500 && response.problem.type !== '/problems/unreadable-event') {
            const previous = units[nth - 1];
            if (previous) progress.position = previous.end;
            throw new Error(
              `line ${unit.number}: ${response.problem.title}. Nothing is lost: run the same command again to resume.`,
            );
          }
          if (!rejection) rejectedCommand = command;
          rejection ??= response;
        }
        if (unit.setAside !== undefined) await setAside(unit, unit.setAside);
        else if (unit.refused !== undefined) await reject(unit, unit.refused);
        else if (rejection && isReturnOfNone(unit, rejection))
          await setAside(unit, 'a return of an order that is not there');
        else if (rejection) await reject(unit, reasonAt(unit, rejectedCommand, rejection, reasonOf));
        else if (isNew) progress.imported += 1;
        else progress.alreadyThere += 1;
      }
      progress.position = end;
      options.onProgress?.(progress);
      if (!dryRun && performance.now() - savedAtMs >= limits.saveIntervalMs) {
        await sync();
        await saveProgress(file, progress);
        savedAtMs = performance.now();
      }
    }
  } catch (error) {
    await sync();
    if (!dryRun) await saveProgress(file, progress);
    throw error;
  } finally {
    await Promise.all([rejected.close(), returns.close()]);
  }
  if (!dryRun) await removeProgress(file);
  return progress;
}

/** Whether a unit only has returns, of an order that neither the file nor the log has. */
function isReturnOfNone({ commands }: ImportUnit, { problem }: Rejection): boolean {
  const input = commands[0]?.input;
  const isReturn = input && !(input instanceof Uint8Array) && input.command !== 'place';
  return Boolean(isReturn) && problem.type === '/problems/order-not-found';
}

/** Why a command of a unit was rejected. The commands before it were accepted. */
export function reasonAt(
  { commands }: ImportUnit,
  nth: number,
  rejection: Rejection,
  reasonOf: ImportOptions['reasonOf'],
): string {
  const input = commands[nth]?.input;
  if (!input || input instanceof Uint8Array) return reasonOf(rejection);
  const reason = reasonOf(rejection, input);
  if (nth === 0) return reason;
  // An order may have several payments and refunds.
  const what = typeof input.amount === 'string' ? `${input.command} of ${input.amount}` : String(input.command);
  return `the order is placed, but ${what} was refused: ${reason}`;
}

interface HandledGroup extends ImportGroup {
  /** By unit, the responses to the commands that were sent, in their order. */
  readonly responses: readonly (readonly LineResponse[])[];
}

/**
 * Bounds the steps of orders in flight. New orders of a group are placed together, but each step
 * reads its order: thousands of them at once would wait for connections in vain. A step takes its
 * place after the steps of its order that come before it, so none waits for one behind it.
 */
function boundedSteps({ handlers, refusalAfter }: ImportOptions): CommandHandlers {
  const { handleCommand, placeOrders } = handlers;
  const inFlight = new FairSemaphore(limits.maxStepsInFlight);
  return {
    placeOrders,
    handleCommand: (request) =>
      inFlight.run('', 1, () =>
        handleCommand(refusalAfter ? { ...request, refusalAfter: refusalAfter(request) } : request),
      ),
  };
}
