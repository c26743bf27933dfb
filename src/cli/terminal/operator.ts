import { userInfo } from 'node:os';

/** Who sits at the command line: the actor of what they do. */
export function operator(): string {
  return `operator:${userInfo().username}`;
}
