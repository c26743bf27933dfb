import { expect } from 'chai';
import { inspectDatabase } from '../../../src/event-log/connection/inspect-database.js';
import { migrate } from '../../../src/event-log/migrate.js';
import { pretendPostgres } from '../../support/pretended-postgres.js';

/** AuthenticationOk and ReadyForQuery of PostgreSQL's protocol. */
const loginAccepted = Buffer.from('520000000800000000' + '5a0000000549', 'hex');

describe('A server that is silent', () => {
  for (const [when, greets] of [
    ['from the beginning', false],
    ['after the login', true],
  ] as const) {
    it(`${when} ends a start with a sentence that names it`, async () => {
      const { address, url, stop } = await pretendPostgres((socket) => greets && socket.write(loginAccepted));
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
