import { connect } from 'node:net';
import { expect } from 'chai';
import { defaultTimeouts } from '../../src/http/server.js';
import { eventually } from '../support/servers.js';
import { startTestApp } from '../support/test-app.js';

describe('The time limit of headers', () => {
  it('a client whose headers are late is told the limit that is configured', async () => {
    const app = await startTestApp(() => undefined, {}, { timeouts: { ...defaultTimeouts, headersMs: 1_500 } });
    const socket = connect(app.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n'));
    let response = '';
    socket
      .on('error', () => undefined)
      .on('data', (text: Buffer) => {
        response += text.toString();
      });
    await eventually('the connection to be closed', () => socket.destroyed);
    expect(response).to.match(/^HTTP\/1.1 408 [\s\S]*did not arrive within 1.5 s/);
    await app.stop();
  });
});
