import { open, rm, stat } from 'node:fs/promises';
import type { CommandHandlers } from '../commands/command-handlers.js';
import { createLineHandler, type HandleLines, type LineResponse } from '../http/batch/handle-lines.js';
import { orderedWindow } from '../http/batch/ordered-window.js';
import { type ImportProgress, loadProgress, newProgress, removeProgress, saveProgress } from './import-progress.js';
import { type FilePosition, type InputGroup, type InputLine, positionAfter, rawText } from './input-lines.js';
import { importLimits as limits } from './limits.js';

/** The actor in the events of an import. */
export const importActor = 'import';

export interface ImportOptions {
  readonly file: string;
  /**
   * A name for the data that never changes. `<source>:<line>` is the idempotency key of each line,
   * so importing the file again has no effect.
   */
  readonly source: string;
  readonly read: (from: FilePosition) => AsyncIterable<InputGroup>;
  readonly handlers: CommandHandlers;
  readonly defaultCurrency: string;
  /** Start at the first line, even if an earlier run saved its progress. */
  readonly restart: boolean;
  /** Called at the start and after each group. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

export const progressFile = (file: string): string => `${file}.import-progress.json`;
export const rejectedFile = (file: string): string => `${file}.rejected.ndjson`;

/**
 * Imports a file. Every line passes the same validation, decision and append as a request. The
 * progress is saved beside the file, so that a run after a crash resumes there. Throws if the event
 * log is unavailable; the lines before that are imported, and the next run does not repeat them.
 */
export async function importFile(options: ImportOptions): Promise<ImportProgress> {
  const { file, source } = options;
  const stateFile = progressFile(file);
  const progress = (options.restart ? undefined : await loadProgress(stateFile)) ?? newProgress(source);
  await checkResumable(file, source, progress);

  const handleLines = createLineHandler({
    ...options.handlers,
    actor: importActor,
    mayImport: true,
    defaultCurrency: options.defaultCurrency,
    correlationId: `import:${source}`,
    keyOf: (lineNumber) => `${source}:${lineNumber}`,
  });
  options.onProgress?.(progress);
  const rejected = await openRejected(rejectedFile(file), progress.rejectedBytes);
  let savedAtMs = Date.now();
  try {
    const handled = orderedWindow(
      options.read(progress.position),
      (group) => handleGroup(group, handleLines),
      limits.maxGroupsInFlight,
    );
    for await (const { lines, end, responses } of handled) {
      const nextResponse = responses.values();
      for (const [nth, line] of lines.entries()) {
        const response = line.unreadable === undefined ? nextResponse.next().value : undefined;
        if (response && 'problem' in response && response.status >= 500) {
          const previous = lines[nth - 1];
          if (previous) progress.position = positionAfter(previous);
          throw new Error(
            `line ${line.number}: ${response.problem.title}. Nothing is lost: run the same command again to resume.`,
          );
        }
        if (response && !('problem' in response)) {
          if (response.replayed) progress.alreadyThere += 1;
          else progress.imported += 1;
        } else {
          progress.rejected += 1;
          progress.rejectedBytes += await rejected.write(line, response);
        }
      }
      progress.position = end;
      options.onProgress?.(progress);
      if (Date.now() - savedAtMs >= limits.saveIntervalMs) {
        await rejected.sync();
        await saveProgress(stateFile, progress);
        savedAtMs = Date.now();
      }
    }
  } catch (error) {
    await rejected.sync();
    await saveProgress(stateFile, progress);
    throw error;
  } finally {
    await rejected.close();
  }
  await removeProgress(stateFile);
  return progress;
}

async function checkResumable(file: string, source: string, progress: ImportProgress): Promise<void> {
  const { size } = await stat(file);
  if (progress.source !== source) {
    throw new Error(
      `an import of this file with --source ${progress.source} was interrupted: use the same source, or --restart`,
    );
  }
  if (progress.position.bytes > size) {
    throw new Error(
      'the file is shorter than the progress of the interrupted import. If it is another file, use --restart',
    );
  }
}

interface HandledGroup extends InputGroup {
  /** One response per readable line, in their order. */
  readonly responses: readonly LineResponse[];
}

async function handleGroup({ lines, end }: InputGroup, handleLines: HandleLines): Promise<HandledGroup> {
  const readable = lines.filter(({ unreadable }) => unreadable === undefined);
  return { lines, end, responses: await handleLines(readable) };
}

interface RejectedLines {
  /** Returns the number of bytes written. */
  write(line: InputLine, response: LineResponse | undefined): Promise<number>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the file of rejected lines, beside the input. It exists only if there are any. */
async function openRejected(file: string, keptBytes: number): Promise<RejectedLines> {
  if (keptBytes === 0) await rm(file, { force: true });
  let handle = keptBytes > 0 ? await open(file, 'r+') : undefined;
  let end = keptBytes;
  await handle?.truncate(keptBytes);
  return {
    async write(line, response) {
      handle ??= await open(file, 'w');
      const problem = response && 'problem' in response ? response.problem : undefined;
      const reason = problem?.detail ?? line.unreadable ?? '';
      const text = `${JSON.stringify({ line: line.number, reason, problem, input: rawText(line) })}\n`;
      const { bytesWritten } = await handle.write(text, end);
      end += bytesWritten;
      return bytesWritten;
    },
    async sync() {
      await handle?.sync();
    },
    async close() {
      await handle?.close();
    },
  };
}
