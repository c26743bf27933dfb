import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Role } from '../../config.js';
import { projectVersion } from '../../project-path.js';
import { addGauge } from './metric.js';

/** See `processMetrics`. Created when the first service of the process starts. */
let ofProcess: Registry | undefined;

/**
 * The metrics of this process: its memory, garbage collection and event loop. All services in the
 * process share them, because the observers behind them can be started but not stopped.
 */
export function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

/** Registers which release this process runs, and its roles. */
export function measureBuild(registry: Registry, roles: ReadonlySet<Role>): void {
  const version = projectVersion();
  addGauge(registry, {
    name: 'orders_build_info',
    help: 'Always 1. The labels name the release and the version of Node.',
    labels: ['version', 'node'],
    collect: (set) => set(1, { version, node: process.versions.node }),
  });
  addGauge(registry, {
    name: 'orders_process_role',
    help: '1 for each role of this process.',
    labels: ['role'],
    collect: (set) => {
      for (const role of roles) set(1, { role });
    },
  });
}
