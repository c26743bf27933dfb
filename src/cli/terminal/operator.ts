import { userInfo } from 'node:os';
import { actorNames } from '../../orders/values/own-actors.js';

/** The actor recorded for what is done on the command line: the user of the operating system. */
export function operator(): string {
  return `${actorNames.operatorPrefix}${userInfo().username}`;
}
