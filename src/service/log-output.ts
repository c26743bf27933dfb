import { pino } from 'pino';

/** Lines may wait this long, and be this long together, until they are written. */
const maxWaitMs = 100;
const maxLength = 8_192;

const warning = pino.levels.values.warn ?? 0;

/**
 * A file for the log, by default standard output. Lines about requests are gathered for up to
 * 100 ms: a write for each is a noticeable part of what a request costs, in this process and in the
 * one that reads them. A warning or an error is written at once, with all lines before it; so are
 * the last lines of a process that ends by itself.
 *
 * Lines that cannot be written are dropped, because the service has to work without its log: the
 * reader of a pipe has gone away, or the disk is full. pino does not gather the lines
 * (`minLength`), because its `flushSync` repeats a write that fails until it succeeds, and blocks
 * the process meanwhile.
 */
export function openLogOutput(fd = 1) {
  let output = openDestination();
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;

  function openDestination() {
    const destination = pino.destination({ dest: fd, sync: true });
    // A destination keeps what it could not write. The next lines get one that is empty.
    destination.on('error', () => {
      output = openDestination();
    });
    return destination;
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (gathered === '') return;
    const lines = gathered;
    gathered = '';
    output.write(lines);
  }

  process.once('exit', flush);
  return {
    /** Lets pino set `lastLevel` before it writes a line. */
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string): void {
      if (gathered.length + line.length > maxLength) flush();
      gathered += line;
      if (this.lastLevel >= warning) flush();
      else timer ??= setTimeout(flush, maxWaitMs).unref();
    },
    flush,
  };
}
