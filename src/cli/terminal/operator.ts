import { userInfo } from 'node:os';

/** The actor recorded for what is done on the command line: the user of the operating system. */
export function operator(): string {
  return `operator:${userInfo().username}`;
}
