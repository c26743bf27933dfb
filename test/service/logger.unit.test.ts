import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
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
});
