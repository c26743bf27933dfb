import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';
import { openLogOutput } from '../../src/service/log-output.js';
import { createJsonLogger, errorForLog } from '../../src/service/logger.js';
import { eventually } from '../support/servers.js';

describe('the log', () => {
  it('the log shows the message, code, stack and cause of an error, but no other properties, which may hold secrets', () => {
    const cause = Object.assign(new Error('terminated'), { code: '57P01', client: { secretKey: 4711 } });
    const logged = JSON.stringify(errorForLog(new Error('no answer', { cause })));
    expect(logged).to.match(/no answer.*terminated|terminated.*no answer/);
    expect(logged).to.include('57P01').and.not.to.include('4711');
  });

  it('the log does not show the text that JSON.parse could not parse', () => {
    for (const text of ['ada@shop.example', `{"name":"ada@shop.example", "and": "more ${'x'.repeat(100)}" nonsense`]) {
      const error = (() => {
        try {
          return JSON.parse(text);
        } catch (failure) {
          return failure;
        }
      })();
      const logged = JSON.stringify(errorForLog(new Error('the entry is damaged', { cause: error })));
      expect(logged)
        .to.match(/SyntaxError/)
        .and.not.match(/shop|ada@|xxx/);
    }
  });

  it('the log says why the connections to all addresses of a name failed', () => {
    const failures = ['::1', '127.0.0.1'].map((address) => new Error(`connect ECONNREFUSED ${address}:5432`));
    const logged = errorForLog(new Error('no connection', { cause: new AggregateError(failures) }));
    expect(logged.cause?.message).to.equal('connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432');
  });

  it('lines about requests are gathered for a moment; a warning is written at once, with those before it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orders-log-'));
    const file = join(folder, 'log');
    const fd = openSync(file, 'w');
    const output = openLogOutput(fd);
    const log = createJsonLogger('info', output);
    const messages = () =>
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).msg);
    log.info('first');
    expect(messages()).to.deep.equal([]);
    log.warn('second');
    expect(messages()).to.deep.equal(['first', 'second']);
    log.info('third');
    await eventually('the line to be written', () => messages().length === 3);
    log.info('fourth');
    log.flush();
    expect(messages()).to.have.length(4);
    for (let nth = 0; nth < 400; nth += 1) log.info('many');
    expect(messages().length, 'many lines are written before the moment is over').to.be.greaterThan(100);
    log.flush();
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });

  describe('without a reader', () => {
    let child: ChildProcess | undefined;
    afterEach(() => child?.kill('SIGKILL'));

    /**
     * Starts a process with a log.
     * @param program its code, which calls `log` with a level and a line
     */
    function startProcess(program: string) {
      const module = pathToFileURL(projectPath('dist', 'src', 'service', 'log-output.js')).href;
      const withLog = `import { openLogOutput } from ${JSON.stringify(module)};
        const output = openLogOutput();
        function log(lastLevel, line) {
          output.lastLevel = lastLevel;
          output.write(line + '\\n');
        }
        ${program}`;
      const started = spawn(process.execPath, ['--input-type=module', '-e', withLog], {
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      child = started;
      const { stdout } = started;
      if (!stdout) throw new Error('the process has no output');
      return { started, stdout };
    }

    it('a reader of the log that goes away does not stop the process', async () => {
      const { started, stdout } = startProcess(`log(40, 'first');
        process.on('message', () => {
          log(30, 'a request');
          output.flush();
          log(40, 'a warning');
          // The end of the process writes these.
          for (let nth = 0; nth < 400; nth += 1) log(30, 'many requests, more than one write takes');
          process.send('works');
        });`);
      await once(stdout, 'data');
      stdout.destroy();
      await once(stdout, 'close');
      for (let nth = 0; nth < 2; nth += 1) {
        started.send('log');
        expect((await once(started, 'message'))[0]).to.equal('works');
      }
      started.disconnect();
      expect(await once(started, 'exit'), 'the exit code and the signal').to.deep.equal([0, null]);
    });

    it('a reader of the log that stops reading does not block the process, and learns how many lines it lacks', async () => {
      const { started, stdout } = startProcess(`let nth = 0;
        process.on('message', (lines) => {
          for (const end = nth + lines; nth < end; nth += 1)
            log(40, JSON.stringify({ nth, text: 'x'.repeat(1_000) }));
          process.send('works');
        });`);
      // More than a pipe and the process hold.
      started.send(3_000);
      expect((await once(started, 'message'))[0]).to.equal('works');
      let text = '';
      stdout.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      await eventually('the number of lines that it lacks', () => / could not be written"}\n$/.test(text));
      started.send(1);
      await eventually('the newest line', () => text.includes('"nth":3000,'));
      started.disconnect();
      await once(started, 'exit');
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { nth?: number; msg?: string });
      const written = lines.flatMap(({ nth }) => nth ?? []);
      const dropped = Number(/^\d+/.exec(lines.at(-2)?.msg ?? '')?.[0]);
      expect(dropped).to.be.above(1_000);
      expect(written).to.deep.equal([...Array(3_000 - dropped).keys(), 3_000]);
    });

    it('a full disk costs lines of the log, and does not stop the process', function () {
      if (process.platform !== 'linux') this.skip();
      const fd = openSync('/dev/full', 'w');
      const output = openLogOutput(fd);
      const log = createJsonLogger('info', output);
      log.info('gathered');
      for (let nth = 0; nth < 3; nth += 1) expect(() => log.warn('written at once')).not.to.throw();
      closeSync(fd);
    });
  });
});
