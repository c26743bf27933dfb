import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/**
 * Preloaded into a process to profile (node --import). SIGUSR2 starts a CPU profile; a second one
 * writes it to ORDERS_BENCH_PROFILE and prints a line. The profile therefore covers the load and
 * not the start.
 */
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: 250 });
let running = false;
let written = 0;

process.on('SIGUSR2', () => {
  void (async () => {
    running = !running;
    if (running) return session.post('Profiler.start');
    const { profile } = await session.post('Profiler.stop');
    writeFileSync(process.env.ORDERS_BENCH_PROFILE ?? 'profile.cpuprofile', JSON.stringify(profile));
    written += 1;
    return process.stdout.write(`profile ${written} written\n`);
  })();
});
