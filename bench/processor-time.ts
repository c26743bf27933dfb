import { readdirSync, readFileSync } from 'node:fs';

/**
 * The processor time of all processes that a measurement keeps busy, in microseconds, by kind of
 * process. Linux only; empty elsewhere.
 */
export function processorTimes(): Map<string, number> {
  const times = new Map<string, number>();
  for (const pid of processIds()) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const kind = kindOf(Number(pid), readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // User and system time, and those of ended children: PostgreSQL's backends come and go.
      const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
      const ticks = user + system + (kind === 'PostgreSQL' ? childrenUser + childrenSystem : 0);
      // In ticks of a hundredth of a second.
      if (kind) times.set(kind, (times.get(kind) ?? 0) + ticks * 10_000);
    } catch {
      // The process has ended meanwhile.
    }
  }
  return times;
}

function processIds(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function kindOf(pid: number, commandLine: string): string | undefined {
  if (pid === process.pid) return 'the load';
  if (/^postgres|\/postgres\0/.test(commandLine)) return 'PostgreSQL';
  if (/redis-server|valkey-server/.test(commandLine)) return 'Redis';
  return undefined;
}
