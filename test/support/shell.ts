import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Ended, runOrders } from './orders-command.js';
import type { TestLog } from './servers.js';

/** A program that commands of a document call, and that runs in the process of the tests. */
export type Program = (args: readonly string[], env: Readonly<Record<string, string>>) => Promise<Ended>;

/** The service that the commands call, at localhost:3000, and its log. */
interface Target {
  readonly url: string;
  readonly log: Pick<TestLog, 'databaseUrl' | 'redisUrl'>;
}

/** Sends the call of a program to the process of the tests. It starts faster than `orders`. */
const caller = (port: number) => `#!${process.execPath}
const { basename } = require('node:path');
const call = { program: basename(process.argv[1]), args: process.argv.slice(2), env: process.env };
const request = require('node:http').request({ port: ${port}, host: '127.0.0.1', method: 'POST' }, (response) => {
  let text = '';
  response.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => {
    const { code, stdout, stderr } = JSON.parse(text);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = code;
  });
});
request.end(JSON.stringify(call));
`;

/**
 * Runs the commands of a document in bash, in a folder of their own. `npx orders` runs in the
 * process of the tests, whose working folder is that folder meanwhile: one call at a time.
 */
export class Shell {
  /** The working folder of the commands. */
  readonly folder: string;
  readonly #url: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #server: Server;
  readonly #programs: string;

  private constructor(url: string, env: NodeJS.ProcessEnv, server: Server, programs: string, folder: string) {
    this.#url = url;
    this.#env = env;
    this.#server = server;
    this.#programs = programs;
    this.folder = folder;
  }

  /**
   * @param env variables of the commands, besides those that name the service and its servers
   * @param programs further programs, by name
   */
  static async open(
    { url, log }: Target,
    env: Readonly<Record<string, string>> = {},
    programs: Readonly<Record<string, Program>> = {},
  ): Promise<Shell> {
    const all: Readonly<Record<string, Program>> = {
      npx: ([name = '', ...args], given) =>
        name === 'orders' ? runOrders(log, args, given) : Promise.reject(new Error(`npx ${name} is not expected`)),
      ...programs,
    };
    const folder = await mkdtemp(join(tmpdir(), 'orders-page-'));
    const server = createServer(async (request, response) => {
      const { program, args, env: given } = JSON.parse(await textOf(request));
      const before = process.cwd();
      process.chdir(folder);
      const ended = await all[program]?.(args, given).catch((error: Error) => failed(error.message));
      process.chdir(before);
      response.end(JSON.stringify(ended));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bin = await mkdtemp(join(tmpdir(), 'orders-programs-'));
    for (const name of Object.keys(all)) {
      await writeFile(join(bin, name), caller((server.address() as AddressInfo).port));
      await chmod(join(bin, name), 0o755);
    }
    const servers = { DATABASE_URL: log.databaseUrl, REDIS_URL: log.redisUrl, ORDERS_URL: url };
    const { PATH, HOME, TMPDIR } = process.env;
    const basics = { HOME, TMPDIR, PATH: `${bin}:${PATH}` };
    return new Shell(url, { ...basics, ...servers, ...env }, server, bin, folder);
  }

  /** Resolves with standard output. Rejects if a command fails, in a pipe too. */
  async run(script: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, stdout, output } = await this.end(script, env);
    if (code !== 0) throw new Error(`$ ${script}\nends with ${code} and prints\n${output}`);
    return stdout;
  }

  /** Resolves with the exit code and the output. */
  async end(script: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const options = { cwd: this.folder, env: { ...this.#env, ...env } };
    const { code, stdout, stderr } = await promisify(execFile)('bash', this.#bash(script), options).then(
      (ended) => ({ code: 0, ...ended }),
      (ended: { code: number; stdout: string; stderr: string }) => ended,
    );
    return { code, stdout, stderr, output: stdout + stderr };
  }

  /**
   * Runs a command that does not end by itself until its output matches, and ends it then.
   * @param onOutput called once the command has printed anything
   */
  async until(script: string, pattern: RegExp, onOutput: () => unknown = () => undefined): Promise<RegExpExecArray> {
    const child = spawn('bash', this.#bash(script), { cwd: this.folder, env: this.#env, detached: true });
    let output = '';
    try {
      return await new Promise<RegExpExecArray>((resolve, reject) => {
        child.stdout.on('data', (chunk) => {
          if (output === '') void onOutput();
          output += chunk;
          const match = pattern.exec(output);
          if (match) resolve(match);
        });
        child.once('exit', () => reject(new Error(`$ ${script}\nended, and printed\n${output}`)));
      });
    } finally {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGKILL');
    }
  }

  #bash(script: string): string[] {
    const host = this.#url.replace('http://', '');
    return ['--norc', '-o', 'pipefail', '-c', script.replaceAll(/(?:localhost|127\.0\.0\.1):3000/g, host)];
  }

  async close(): Promise<void> {
    this.#server.close();
    await Promise.all([this.#programs, this.folder].map((path) => rm(path, { recursive: true, force: true })));
  }
}

function failed(message: string): Ended {
  return { code: 1, stdout: '', stderr: `${message}\n`, output: `${message}\n` };
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Whether a program is installed. */
export async function hasProgram(name: string): Promise<boolean> {
  return promisify(execFile)('sh', ['-c', `command -v ${name}`]).then(
    () => true,
    () => false,
  );
}
