import { pino } from 'pino';

/** Lines may wait this long, and be this long together, until they are written. */
const maxWaitMs = 100;
const maxBytes = 8_192;

const warning = pino.levels.values.warn ?? 0;

/**
 * A file for the log, by default standard output. Lines about requests are gathered for up to
 * 100 ms: a write for each is a noticeable part of what a request costs, in this process and in the
 * one that reads them. A warning or an error is written at once, with all lines before it; so are
 * the last lines of a process that ends by itself.
 */
export function openLogOutput(fd = 1) {
  const output = pino.destination({ dest: fd, sync: true, minLength: maxBytes });
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    output.flushSync();
  };
  process.once('exit', flush);
  return {
    /** Lets pino set `lastLevel` before it writes a line. */
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 0,
    write(line: string): void {
      output.write(line);
      if (this.lastLevel >= warning) flush();
      else timer ??= setTimeout(flush, maxWaitMs).unref();
    },
    flush,
  };
}
