import { open, rm, stat } from 'node:fs/promises';
import type { CommandHandlers } from '../commands/command-handlers.js';
import { createLineHandler, type HandleLines, type LineResponse } from '../http/batch/handle-lines.js';
import { orderedWindow } from '../http/batch/ordered-window.js';
import { type ImportProgress, loadProgress, newProgress, removeProgress, saveProgress } from './import-progress.js';
import { behind, type FilePosition, type InputGroup, type InputLine, rawText } from './input-lines.js';

/** The actor in the events of an import. */
export const importActor = 'import';

/**
 * Groups of lines in work: enough that the next append always finds a full call waiting. With 125 lines each fewer than the queue of appends takes
 * (`maxQueuedAppends`): an import must not be refused for what it sends itself.
 */
const maxGroupsInFlight = 16;
/** How far it got is written down this often. */
export const saveIntervalMs = 1_000;

export interface ImportOptions {
  readonly file: string;
  /** Names the file for ever: `<source>:<line>` is the identity of what a line holds, so importing it again changes nothing. */
  readonly source: string;
  readonly read: (from: FilePosition) => AsyncIterable<InputGroup>;
  readonly handlers: CommandHandlers;
  readonly defaultCurrency: string;
  /** Begin at the first line whatever an earlier run has done. */
  readonly restart: boolean;
  /** Told where it begins, and then now and then. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

export const progressFile = (file: string): string => `${file}.import-progress.json`;
export const rejectedFile = (file: string): string => `${file}.rejected.ndjson`;

/**
 * Imports a file: every line goes through the same validation, decision and append as a request. Remembers beside the
 * file how far it got, so that a run after a kill carries on there. Rejects when the event log is away; what was
 * imported till then stays, and is not imported again.
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
  let savedAt = Date.now();
  try {
    const work = (group: InputGroup) => handleAll(group, handleLines);
    for await (const { lines, end, answers } of orderedWindow(
      options.read(progress.position),
      work,
      maxGroupsInFlight,
    )) {
      const answerOfNext = answers.values();
      for (const [nth, line] of lines.entries()) {
        const answer = line.unreadable === undefined ? answerOfNext.next().value : undefined;
        if (answer && 'problem' in answer && answer.status >= 500) {
          const before = lines[nth - 1];
          if (before) progress.position = behind(before);
          throw new Error(
            `line ${line.number}: ${answer.problem.title}. Nothing is lost: run the same command again to carry on.`,
          );
        }
        if (answer && !('problem' in answer)) {
          if (answer.replayed) progress.alreadyThere += 1;
          else progress.imported += 1;
        } else {
          progress.rejected += 1;
          progress.rejectedBytes += await rejected.write(line, answer);
        }
      }
      progress.position = end;
      options.onProgress?.(progress);
      if (Date.now() - savedAt >= saveIntervalMs) {
        await rejected.sync();
        await saveProgress(stateFile, progress);
        savedAt = Date.now();
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
      `an import of this file as "${progress.source}" was interrupted: give --source ${progress.source}, or --restart`,
    );
  }
  if (progress.position.bytes > size) {
    throw new Error(
      'the file is shorter than where the interrupted import had got to: is it the same file? --restart begins anew',
    );
  }
}

interface AnsweredGroup extends InputGroup {
  /** One a line that can be read, in their order. */
  readonly answers: readonly LineResponse[];
}

async function handleAll({ lines, end }: InputGroup, handleLines: HandleLines): Promise<AnsweredGroup> {
  const readable = lines.filter(({ unreadable }) => unreadable === undefined);
  return { lines, end, answers: await handleLines(readable) };
}

interface RejectedLines {
  /** Returns how many bytes were written. */
  write(line: InputLine, answer: LineResponse | undefined): Promise<number>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The list of rejected lines, beside the input. It is there only if there are any. */
async function openRejected(file: string, keptBytes: number): Promise<RejectedLines> {
  if (keptBytes === 0) await rm(file, { force: true });
  let handle = keptBytes > 0 ? await open(file, 'r+') : undefined;
  let end = keptBytes;
  await handle?.truncate(keptBytes);
  return {
    async write(line, answer) {
      handle ??= await open(file, 'w');
      const problem = answer && 'problem' in answer ? answer.problem : undefined;
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
