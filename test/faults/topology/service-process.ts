import { mkdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { freePort } from '../../../src/embedded/child.js';
import { projectPath } from '../../../src/project-path.js';
import { eventually } from '../../support/servers.js';
import { type RunningService, startService } from '../../support/service.js';
import { heapSnapshot, heapSnapshotFlags } from './heap-snapshot.js';
import { peakMemory } from './peak-memory.js';

/** Pause before a process that has ended is started again, as supervisors make one. */
const restartDelayMs = 300;
const olderRelease = pathToFileURL(projectPath('dist', 'test', 'support', 'older-release.js')).href;
/** The kernel keeps the peak of a process, but not beyond its end: it is read this often. */
const peakIntervalMs = 500;

/**
 * A process of the service under a supervisor: it is started again whenever it ends, on the same
 * port, unless a fault holds it down.
 */
export class ServiceProcess {
  readonly url: string;
  /** Starts that failed, for example because a server was down. */
  failedStarts = 0;
  starts = 0;
  /** The ends of processes that nobody asked to end. */
  readonly crashes: string[] = [];
  #peakMegabytes: number | undefined;
  #peakTimer: NodeJS.Timeout | undefined;
  #running: RunningService | undefined;
  /** A type of events that the next process does not know. */
  #unknownType: string | undefined;
  #heldDown = false;
  #isToEnd = false;
  #stopped = false;
  #finishedLines = 0;
  #lastOutput = '';
  #upSince = 0;
  #upMs = 0;
  #wake: () => void = () => undefined;
  #supervision: Promise<void> = Promise.resolve();

  private constructor(
    readonly name: string,
    readonly port: number,
    readonly env: Readonly<Record<string, string>>,
    /** Takes heap snapshots. */
    readonly folder: string,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Resolves when the process has started for the first time. Rejects if it does not. */
  static async start(name: string, env: Readonly<Record<string, string>>, folder: string): Promise<ServiceProcess> {
    const one = new ServiceProcess(name, await freePort(), env, folder);
    await mkdir(folder, { recursive: true });
    await one.#launch();
    one.#supervision = one.#supervise();
    one.#peakTimer = setInterval(() => void one.readPeak(), peakIntervalMs);
    return one;
  }

  /** The most memory that any incarnation has had, in MB; undefined if the system does not tell. */
  async readPeak(): Promise<number | undefined> {
    const pid = this.#running?.process.pid;
    const peak = pid === undefined ? undefined : await peakMemory(pid);
    if (peak !== undefined) this.#peakMegabytes = Math.max(this.#peakMegabytes ?? 0, peak);
    return this.#peakMegabytes;
  }

  /** Resolves with a file. The process does nothing else meanwhile, which takes some seconds. */
  heapSnapshot(): Promise<string> {
    return heapSnapshot(this.folder, (signal) => this.signal(signal));
  }

  signal(signal: NodeJS.Signals): void {
    this.#running?.kill(signal);
  }

  /** Ends the process with a signal. It stays down until `release`. */
  async holdDown(signal: NodeJS.Signals): Promise<void> {
    this.#heldDown = true;
    await this.readPeak();
    const running = this.#running;
    running?.kill(signal);
    await running?.exited;
  }

  release(): void {
    this.#heldDown = false;
    this.#wake();
  }

  /** Ends the process by SIGTERM; the supervisor starts the next. Resolves with the exit code. */
  async restart(): Promise<number | null> {
    this.#isToEnd = true;
    return (await this.#running?.stop()) ?? null;
  }

  /**
   * Restarts the process as an older release, which does not know a type of events, or as this
   * release again.
   */
  async restartWithout(type: string | undefined): Promise<void> {
    this.#unknownType = type;
    const code = await this.restart();
    if (code !== 0) this.crashes.push(`${this.name} ended with ${code} after SIGTERM`);
    await this.isListening();
  }

  /** Resolves when the process that follows an end has started. */
  async isListening(): Promise<void> {
    await eventually(
      `${this.name} to start`,
      () => this.#running !== undefined && this.#running.process.exitCode === null,
      60_000,
    );
  }

  /** Stops for good. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#peakTimer);
    this.#wake();
    this.#running?.kill('SIGCONT');
    const running = this.#running;
    const kill = setTimeout(() => running?.kill('SIGKILL'), 20_000);
    await running?.stop();
    clearTimeout(kill);
    await this.#supervision;
  }

  /** Lines that all incarnations have written, and the seconds for which they ran. */
  output(): { readonly lines: number; readonly seconds: number; readonly last: string } {
    const current = this.#running?.output() ?? '';
    const upMs = this.#upMs + (this.#running ? performance.now() - this.#upSince : 0);
    const last = current === '' ? this.#lastOutput : current;
    return { lines: this.#finishedLines + linesOf(current), seconds: upMs / 1_000, last: last.slice(-8_000) };
  }

  async #launch(): Promise<void> {
    this.starts += 1;
    const flags = ['--enable-source-maps', ...heapSnapshotFlags(this.folder)];
    const env: Record<string, string> = { ...this.env, PORT: String(this.port) };
    if (this.#unknownType !== undefined) {
      flags.push('--import', olderRelease);
      env.ORDERS_TEST_UNKNOWN_EVENT = this.#unknownType;
    }
    this.#running = await startService(undefined, env, projectPath('.'), flags);
    this.#upSince = performance.now();
  }

  async #supervise(): Promise<void> {
    while (!this.#stopped) {
      const running = this.#running;
      if (running) {
        const code = await running.exited;
        if (!this.#heldDown && !this.#isToEnd && !this.#stopped)
          this.crashes.push(`${this.name} ended by itself with ${code}: ${running.output().slice(-3_000)}`);
        this.#isToEnd = false;
        this.#finishedLines += linesOf(running.output());
        this.#lastOutput = running.output();
        this.#upMs += performance.now() - this.#upSince;
        this.#running = undefined;
      }
      if (this.#stopped) return;
      if (this.#heldDown) await this.#released();
      else await new Promise((resolve) => setTimeout(resolve, restartDelayMs));
      if (this.#stopped || this.#heldDown) continue;
      await this.#launch().catch((error: Error) => {
        this.failedStarts += 1;
        this.#finishedLines += linesOf(error.message);
        this.#lastOutput = error.message;
      });
    }
    await this.#running?.stop();
  }

  #released(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => resolve();
      if (!this.#heldDown || this.#stopped) resolve();
    });
  }
}

function linesOf(text: string): number {
  return text.split('\n').length - 1;
}
