import type { Logger } from 'pino';
import { eventLogLimits as limits } from '../limits.js';
import type { PartitionState } from './read-log-state.js';

/**
 * Watches the clock of the database. An event is never recorded at an earlier time than the event
 * before it: while the clock is behind the last event, all events get that event's time. Warns from
 * `clockWarnMs` on. The append functions refuse from `maxClockBehindMs` on.
 */
export class ClockWatch {
  readonly #log: Logger;
  /** Milliseconds by which the clock is behind the newest event; 0 if it is not. */
  behindMs = 0;
  /**
   * Milliseconds by which the clock of the database is ahead of this process's; negative if behind.
   */
  #aheadOfProcessMs = 0;
  #warned: 'behind' | 'apart' | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A sentence for the person who operates the service; undefined if the clock is right. */
  get warning(): string | undefined {
    if (this.behindMs >= limits.clockWarnMs)
      return `the clock of the database is ${seconds(this.behindMs)} behind the last event`;
    const apartMs = Math.abs(this.#aheadOfProcessMs);
    if (apartMs < limits.clockWarnMs) return undefined;
    return `the clocks of the database and of this process are ${seconds(apartMs)} apart`;
  }

  /** @param sentMs, receivedMs the clock of this process before and after the reading. */
  observe(states: readonly PartitionState[], sentMs: number, receivedMs: number): void {
    this.behindMs = Math.max(0, ...states.map(({ clock_behind_ms }) => clock_behind_ms ?? 0));
    const [first] = states;
    const clockMs = first?.clock_ms ?? sentMs;
    // The database read its clock somewhere between sending and receiving.
    this.#aheadOfProcessMs = clockMs > receivedMs ? clockMs - receivedMs : Math.min(0, clockMs - sentMs);
    const { warning } = this;
    const kind = warning === undefined ? undefined : this.behindMs >= limits.clockWarnMs ? 'behind' : 'apart';
    if (kind === this.#warned) return;
    this.#warned = kind;
    if (warning === undefined) this.#log.info('the clock of the database is right again');
    else if (kind === 'behind')
      this.#log.error(`${warning}: correct the clock, or run \`orders recover --reset-clock\``);
    else this.#log.error(`${warning}: an event that is recorded under a wrong clock keeps its time for ever`);
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
