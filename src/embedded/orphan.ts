import { findProcess, findRecorded, type RunningProcess } from './running-process.js';

const stopTimeoutMs = 20_000;
const killTimeoutMs = 5_000;
const checkIntervalMs = 25;

/** A process that is alive has started the server, and so it is no orphan. */
export class ServerInUse extends Error {
  constructor(name: string, folder: string, { pid, command }: Pick<RunningProcess, 'pid' | 'command'>) {
    super(
      `process ${pid} (${command}) uses the ${name} in ${folder}: stop it, or set ORDERS_DATA_DIR to another folder`,
    );
    this.name = 'ServerInUse';
  }
}

/**
 * Stops a server that has outlived the process that started it, and waits for its end. Kills it if
 * it does not end in time.
 * @param server the name of the server and its folder, for error messages
 * @param onStop called when it is sure that the server is an orphan
 */
export async function stopOrphan(
  orphan: RunningProcess,
  signal: NodeJS.Signals,
  { name, folder }: { readonly name: string; readonly folder: string },
  onStop: () => void,
): Promise<void> {
  const parent = await findProcess(orphan.parentPid);
  if (parent && isNode(parent)) throw new ServerInUse(name, folder, parent);
  onStop();
  sendSignal(orphan.pid, signal);
  const deadline = performance.now() + stopTimeoutMs;
  while (await findRecorded(orphan)) {
    if (performance.now() > deadline + killTimeoutMs) {
      throw new Error(`process ${orphan.pid}, a ${name} of an earlier run, cannot be stopped: kill it by hand`);
    }
    if (performance.now() > deadline) sendSignal(orphan.pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, checkIntervalMs));
  }
}

/**
 * Whether a parent is a Node process other than this one. An orphan's parent is the system's first
 * process, which is this one in a container.
 */
function isNode({ pid, command }: RunningProcess): boolean {
  return pid !== process.pid && pid !== 1 && /^(\S*\/)?node( |$)/.test(command);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // The process may have ended by itself.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
