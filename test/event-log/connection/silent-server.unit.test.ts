import { createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { inspectDatabase } from '../../../src/event-log/connection/inspect-database.js';
import { migrate } from '../../../src/event-log/migrate.js';

/** AuthenticationOk and ReadyForQuery of PostgreSQL's protocol. */
const loginAccepted = Buffer.from('520000000800000000' + '5a0000000549', 'hex');

describe('A server that is silent', () => {
  const sockets = new Set<Socket>();
  const listen = async (greets: boolean) => {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => greets && socket.write(loginAccepted));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const stop = () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
    return { address: `127.0.0.1:${port}/orders`, url: `postgres://ada:secret@127.0.0.1:${port}/orders`, stop };
  };

  for (const [when, greets] of [
    ['from the beginning', false],
    ['after the login', true],
  ] as const) {
    it(`${when} ends a start with a sentence that names it`, async () => {
      const { address, url, stop } = await listen(greets);
      const failures = await Promise.all(
        [inspectDatabase({ url, role: 'orders_service' }), migrate(url, 4)].map((started) =>
          started.then(
            () => 'started',
            (error: Error) => error.message,
          ),
        ),
      );
      stop();
      for (const failure of failures) {
        expect(failure)
          .to.match(/PostgreSQL (cannot be reached|does not respond)/)
          .and.to.include(address);
        expect(failure).not.to.include('secret');
      }
    });
  }
});
