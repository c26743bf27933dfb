import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { EventStreams } from '../../../src/http/response/event-streams.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';

describe('A stream of events', () => {
  let app: TestApp;
  afterEach(() => app.stop());

  it('responds to HEAD with its headers, and the connection serves further requests', async () => {
    const streams = new EventStreams();
    app = await startTestApp((route) => {
      route('streamOrders', (ctx) => void streams.open(ctx));
      route('isLive', (ctx) => {
        ctx.body = { status: 'live' };
      });
    });
    const socket = connect(app.port, '127.0.0.1');
    socket.write('HEAD /orders/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [head] = await once(socket, 'data');
    expect(String(head)).to.match(/^HTTP\/1.1 200 OK\r\n.*Content-Type: text\/event-stream.*\r\n\r\n$/s);
    socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(await text(socket)).to.match(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\n{"status":"live"}$/s);
    expect(streams.size).to.equal(0);
  });
});
