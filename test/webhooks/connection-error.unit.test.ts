import { expect } from 'chai';
import { describeConnectionError } from '../../src/webhooks/connection-error.js';

const refused = (address: string) =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}:443`), { code: 'ECONNREFUSED', address, port: 443 });

describe('describeConnectionError', () => {
  it('the errors of all addresses of a name are described, each in words', () => {
    const error = new AggregateError([
      refused('192.0.2.1'),
      Object.assign(new Error('connect ENETUNREACH'), { code: 'ENETUNREACH', address: '2001:db8::1', port: 443 }),
    ]);
    expect(describeConnectionError(error)).to.equal(
      '192.0.2.1:443: the connection was refused; [2001:db8::1]:443: the network cannot be reached',
    );
  });

  it('the cause of an error that says only "fetch failed" is described', () => {
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND id.example'), {
      code: 'ENOTFOUND',
      hostname: 'id.example',
    });
    expect(describeConnectionError(new TypeError('fetch failed', { cause }))).to.equal(
      'id.example: the name does not exist',
    );
  });

  it('an error that needs no explanation keeps its message', () => {
    expect(describeConnectionError(new Error('no response within 15 s'))).to.equal('no response within 15 s');
    expect(describeConnectionError('odd')).to.equal('odd');
  });
});
