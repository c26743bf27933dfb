import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectPath } from '../../src/project-path.js';
import type { TestLog } from './servers.js';

/** A command of a document, and the output that the document shows. */
export interface Step {
  readonly command: string;
  readonly output: string;
}

/**
 * The steps of a document's console blocks: a line that begins with `$ `, the lines that continue
 * its quotes, then the output.
 */
export async function consoleSteps(page: string): Promise<Step[]> {
  const text = await readFile(projectPath(page), 'utf8');
  const blocks = [...text.matchAll(/```console\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) => {
    const [, ...parts] = `\n${block}`.split('\n$ ');
    return parts.map((part) => {
      const lines = part.split('\n');
      let command = lines.shift() ?? '';
      while ((command.split("'").length - 1) % 2 === 1) command += `\n${lines.shift() ?? ''}`;
      return { command, output: lines.join('\n').trim() };
    });
  });
}

/** Runs the commands of a document, with `npx orders` and localhost:3000 as those of a test. */
export class Shell {
  readonly #url: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #bin: string;

  private constructor(url: string, env: NodeJS.ProcessEnv, bin: string) {
    this.#url = url;
    this.#env = env;
    this.#bin = bin;
  }

  static async open(url: string, log: Pick<TestLog, 'databaseUrl' | 'redisUrl'>): Promise<Shell> {
    const bin = await mkdtemp(join(tmpdir(), 'orders-shell-'));
    const npx = join(bin, 'npx');
    await writeFile(npx, `#!/bin/sh\nshift\nexec ${process.execPath} ${projectPath('scripts/orders.mjs')} "$@"\n`);
    await chmod(npx, 0o755);
    const env = { ...process.env, DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl };
    return new Shell(url, { ...env, PATH: `${bin}:${process.env.PATH}` }, bin);
  }

  /** Resolves with standard output. Rejects if the command fails. */
  async run(script: string): Promise<string> {
    const here = script.replaceAll('localhost:3000', this.#url.replace('http://', ''));
    const { stdout } = await promisify(execFile)('bash', ['-c', here], { env: this.#env });
    return stdout;
  }

  close(): Promise<void> {
    return rm(this.#bin, { recursive: true, force: true });
  }
}

/** Whether an output is the one that a document shows, in which `…` stands for any text. */
export function isShown(shown: string, output: string): boolean {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${shown.split('…').map(literal).join('[\\s\\S]*?')}$`).test(output.replaceAll('\r', '').trim());
}
