import { writeSync } from 'node:fs';
import { pino } from 'pino';

/** Lines may wait this long, and be this long together, until they are written. */
const maxGatherMs = 100;
const maxGatheredLength = 8_192;
/** Bytes that may wait for a reader that takes them slowly, or not at all. */
const maxUnsentBytes = 1024 * 1024;

const newline = 0x0a;
const warning = pino.levels.values.warn ?? 0;

/** Time that a process which ends waits for a reader that is slow. */
const maxExitWaitMs = 1_000;

/**
 * A file for the log, by default standard output. Lines about requests are gathered for up to
 * 100 ms: a write for each is a noticeable part of what a request costs, in this process and in the
 * one that reads them. A warning or an error is written at once, with all lines before it; so are
 * the last lines of a process that ends by itself.
 *
 * The service has to work without its log. If the reader of a pipe is slow, up to 1 MiB waits for
 * it; lines beyond that are dropped, as are those that cannot be written because the reader has
 * gone away or the disk is full. Once lines can be written again, one of them says how many are
 * missing. pino's own destination is not suitable: it repeats a failed write until it succeeds, and
 * blocks the process meanwhile.
 */
export function openLogOutput(fd = 1) {
  // Node makes a pipe non-blocking when it opens the stream for it.
  if (fd === 1) void process.stdout.writable;
  const unsent = new UnsentLines(fd);
  let gathered: string[] = [];
  let gatheredLength = 0;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    unsent.add(gathered);
    gathered = [];
    gatheredLength = 0;
    if (!unsent.send()) timer = setTimeout(flush, maxGatherMs).unref();
  }

  process.once('exit', () => {
    const endMs = performance.now() + maxExitWaitMs;
    flush();
    while (!unsent.send() && performance.now() < endMs) sleepBlocking(10);
  });
  return {
    /** Lets pino set `lastLevel` before it writes a line. */
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string): void {
      if (gatheredLength + line.length > maxGatheredLength) flush();
      gathered.push(line);
      gatheredLength += line.length;
      if (this.lastLevel >= warning) flush();
      else timer ??= setTimeout(flush, maxGatherMs).unref();
    },
    flush,
  };
}

/** Lines that wait until the file takes them. */
class UnsentLines {
  readonly #fd: number;
  readonly #chunks: Chunk[] = [];
  #length = 0;
  /** The number of dropped lines that no line has reported yet. */
  #dropped = 0;
  /** Whether the file ends within a line. */
  #isInLine = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  add(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const bytes = Buffer.from(lines.join(''));
    if (this.#length + bytes.length > maxUnsentBytes) {
      this.#dropped += lines.length;
      return;
    }
    this.#reportDropped();
    this.#push({ bytes, dropped: undefined });
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    this.#push({ bytes: Buffer.from(noteOf(this.#dropped)), dropped: this.#dropped });
    this.#dropped = 0;
  }

  #push(chunk: Chunk): void {
    this.#chunks.push(chunk);
    this.#length += chunk.bytes.length;
  }

  /** Writes what the file takes, and drops what it never will. Returns whether nothing waits. */
  send(): boolean {
    try {
      for (let chunk = this.#chunks[0]; chunk; chunk = this.#chunks[0]) {
        const { bytes } = chunk;
        const written = writeSync(this.#fd, bytes);
        this.#length -= written;
        this.#isInLine = bytes[written - 1] !== newline;
        if (written < bytes.length) chunk.bytes = bytes.subarray(written);
        else this.#chunks.shift();
        // There may be no further lines for a long time, or ever.
        if (this.#chunks.length === 0) this.#reportDropped();
      }
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return false;
      this.#dropAll();
      return true;
    }
  }

  /** A line whose end is dropped leaves its beginning: the next line must not continue it. */
  #dropAll(): void {
    for (const { bytes, dropped = linesIn(bytes) } of this.#chunks.splice(0)) this.#dropped += dropped;
    this.#length = 0;
    if (this.#isInLine) this.#push({ bytes: Buffer.from('\n'), dropped: 0 });
  }
}

/**
 * @property dropped the number of dropped lines that the chunk reports, if it has no lines of its
 * own.
 */
interface Chunk {
  bytes: Buffer;
  readonly dropped: number | undefined;
}

function noteOf(lines: number): string {
  const msg = `${lines} ${lines === 1 ? 'line' : 'lines'} of the log could not be written`;
  return `${JSON.stringify({ level: warning, time: new Date().toISOString(), service: 'orders', msg })}\n`;
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) if (byte === newline) lines += 1;
  return lines;
}

function sleepBlocking(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
