/** One Redis command: its name, then its arguments. */
export type RedisCommand = readonly [name: string, key: string, ...args: (string | number)[]];
