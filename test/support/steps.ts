import type { Step } from '../../src/projector/steps/apply-steps.js';
import type { RedisCommand } from '../../src/read-models/redis/redis-command.js';

/** A step of a projection's first generation, in a log whose hashes are h1, h2, … */
export function step(name: string, from: number, to: number, ...writes: RedisCommand[]): Step {
  const at = (position: number) => ({ position, hash: position === 0 ? '' : `h${position}` });
  return { generation: { name, generation: 1 }, from: at(from), to: at(to), writes };
}
