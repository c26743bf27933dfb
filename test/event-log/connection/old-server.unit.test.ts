import { expect } from 'chai';
import { inspectDatabase } from '../../../src/event-log/connection/inspect-database.js';
import { migrate } from '../../../src/event-log/migrate.js';
import { pretendPostgres } from '../../support/pretended-postgres.js';

describe('A PostgreSQL that is too old', () => {
  it('ends a start and a migration with a sentence that names its version and the needed one', async () => {
    const { address, url, stop } = await serverOfVersion(130_023);
    const starts = [inspectDatabase({ url, role: 'orders_service' }), migrate(url, 4)];
    const failures = await Promise.all(starts.map((start) => start.catch((error: Error) => error.message)));
    stop();
    const sentence = `the database at ${address} runs on PostgreSQL 13.23, but the service needs PostgreSQL 14 or newer.`;
    expect(failures).to.deep.equal([sentence, sentence]);
  });
});

/** A server that accepts each login, and answers each statement with its version. */
function serverOfVersion(version: number) {
  return pretendPostgres((socket) => {
    socket.write(Buffer.concat([message('R', int32(0)), ready]));
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1', 0, 1) === 'Q') socket.write(rowWith(String(version)));
    });
  });
}

const integerType = 23;
const ready = message('Z', Buffer.from('I'));

/** A response of PostgreSQL's protocol: one row with one column, an integer. */
function rowWith(text: string): Buffer {
  const column = [Buffer.from('version\0'), int32(0), int16(0), int32(integerType), int16(4), int32(-1), int16(0)];
  return Buffer.concat([
    message('T', int16(1), ...column),
    message('D', int16(1), int32(text.length), Buffer.from(text)),
    message('C', Buffer.from('SELECT 1\0')),
    ready,
  ]);
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}
