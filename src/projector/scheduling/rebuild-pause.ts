import { projectorLimits as limits } from '../limits.js';

/**
 * Gives the commands of this process priority over its rebuilds. While the process appends, each
 * step of a rebuild is followed by a pause of several times the step's duration.
 */
export class RebuildPause {
  /** When this process last appended events, by performance.now(). */
  #appendedAtMs = Number.NEGATIVE_INFINITY;

  noteAppend(): void {
    this.#appendedAtMs = performance.now();
  }

  /** The pause after a step that took this long; 0 if this process appends nothing at present. */
  durationMs(stepMs: number): number {
    const appends = performance.now() - this.#appendedAtMs < limits.commandsQuietMs;
    return appends ? Math.min(stepMs * limits.rebuildPauseFactor, limits.maxRebuildPauseMs) : 0;
  }
}
