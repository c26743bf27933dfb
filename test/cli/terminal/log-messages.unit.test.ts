import { expect } from 'chai';
import { logMessages } from '../../../src/cli/terminal/log-messages.js';
import { createJsonLogger } from '../../../src/service/logger.js';

describe('the log of a command', () => {
  it('has one message per line, with the reason and without the stack', () => {
    const shown: string[] = [];
    const log = createJsonLogger(
      'warn',
      logMessages((message) => shown.push(message)),
    );
    log.warn({ err: new Error('connect ECONNREFUSED') }, 'the connection failed');
    log.warn({ error: 'no answer' }, 'it could not be asked');
    log.warn('it is late');
    expect(shown).to.deep.equal([
      'the connection failed (connect ECONNREFUSED)',
      'it could not be asked (no answer)',
      'it is late',
    ]);
  });
});
