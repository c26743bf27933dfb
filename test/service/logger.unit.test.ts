import { expect } from 'chai';
import { errorForLog } from '../../src/service/logger.js';

describe('the log', () => {
  it('the log shows the message, code, stack and cause of an error, but no other properties, which may hold secrets', () => {
    const cause = Object.assign(new Error('terminated'), { code: '57P01', client: { secretKey: 4711 } });
    const logged = JSON.stringify(errorForLog(new Error('no answer', { cause })));
    expect(logged).to.match(/no answer.*terminated|terminated.*no answer/);
    expect(logged).to.include('57P01').and.not.to.include('4711');
  });
});
