import { ConfigError } from '../../environment.js';
import { UsageError } from './errors.js';

/** The meanings of the exit codes of all commands. The usage of `orders` shows this table. */
export const exitCodes: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'success; every check passed'],
  [1, 'failure, or a problem was found (status, doctor)'],
  [2, 'wrong arguments or settings: nothing was done'],
  [
    3,
    'a check found a difference (verify, verify-proof, replay --dry-run, recover --dry-run,\n' +
      '       checkpoint --since), or only a part was done (import, forget, rotate-master-key)',
  ],
];

/** The exit code of a command that has failed. */
export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
}
