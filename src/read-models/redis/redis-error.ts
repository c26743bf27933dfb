/** An error reply by which a server says that it cannot do its work. */
export interface RedisRefusal {
  /** Such as "Redis has reached its maxmemory and refuses writes". */
  readonly state: string;
  /** The remedy, for an operator. Empty if the state ends by itself. */
  readonly remedy: string;
  /** Whether it concerns one command for which the user lacks the right, and no others. */
  readonly isOfOneCommand: boolean;
}

/** By the first word of the reply. */
const refusals: ReadonlyMap<string, RedisRefusal> = new Map(
  (
    [
      ['READONLY', 'is a replica and refuses writes', 'the address has to lead to the primary'],
      ['MASTERDOWN', 'is a replica without its primary', 'the address has to lead to the primary'],
      ['LOADING', 'is still loading its data', ''],
      ['CLUSTERDOWN', 'is a cluster of which a part is down', ''],
      ['TRYAGAIN', 'is moving a part of its data to another server', ''],
      ['MISCONF', 'cannot save to its disk and refuses writes', 'repair the disk, or free some of it'],
      ['OOM', 'has reached its maxmemory and refuses writes', 'give it more memory'],
      ['NOREPLICAS', 'has too few replicas and refuses writes', 'connect more replicas'],
      ['MOVED', 'is one server of a cluster', 'set REDIS_URL to redis-cluster://…'],
      ['NOAUTH', 'asks for a password', 'add it to REDIS_URL'],
      ['WRONGPASS', 'refuses the user or the password', 'correct them in REDIS_URL'],
      ['NOPERM', 'does not permit a command that the service needs', 'give the user of REDIS_URL more rights'],
      ['BUSY', 'is busy with a script', ''],
    ] as const
  ).map(([word, state, remedy]) => [word, { state: `Redis ${state}`, remedy, isOfOneCommand: word === 'NOPERM' }]),
);

/** Explains an error reply of Redis. Undefined for any other error. */
export function redisRefusal(message: string): RedisRefusal | undefined {
  const word = firstWord(message);
  return word === undefined ? undefined : refusals.get(word);
}

/** Such as "Redis has reached its maxmemory and refuses writes: give it more memory". */
export function describeRefusal({ state, remedy }: RedisRefusal): string {
  return remedy === '' ? state : `${state}: ${remedy}`;
}

/**
 * Whether an error reply says that this server is not the one to work with: it is a replica after a
 * failover. The connection then has to be opened again.
 */
export function isFromReplica(message: string): boolean {
  const word = firstWord(message);
  return word === 'READONLY' || word === 'MASTERDOWN';
}

/**
 * Whether an error reply of a node says that another node of the cluster has the keys, or will have
 * them. Nothing was done.
 */
export function isRedirect(message: string): boolean {
  return ['MOVED', 'ASK', 'TRYAGAIN', 'CLUSTERDOWN'].includes(firstWord(message) ?? '');
}

/** Whether an error reply of a node says that another node is the primary of the keys now. */
export function isMoved(message: string): boolean {
  return firstWord(message) === 'MOVED';
}

/** Redis 6.2 puts the place in the script before the first word of the reply. */
function firstWord(message: string): string | undefined {
  const [, word] = /@user_script: ?\d+: -([A-Z]+) /.exec(message) ?? /^([A-Z]+) /.exec(message) ?? [];
  return word;
}
