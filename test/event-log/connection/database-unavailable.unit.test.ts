import { expect } from 'chai';
import pg from 'pg';
import { couldNotConnect, databaseUnavailable } from '../../../src/event-log/connection/database-unavailable.js';
import { SessionRefused } from '../../../src/event-log/connection/session-refused.js';

describe('an error of PostgreSQL', () => {
  const temporary = [
    '08006',
    '25006',
    '25P03',
    '40001',
    '40P01',
    '53100',
    '53300',
    '55P03',
    '57014',
    '57P01',
    '57P03',
    '58030',
  ];
  for (const code of temporary) {
    it(`${code} is temporary, and has a reason of its own`, () => {
      const unavailable = databaseUnavailable(sqlError(code));
      expect(unavailable?.reason).to.match(/PostgreSQL|session/);
      expect(unavailable?.message).to.contain(`text of ${code}`);
    });
  }

  for (const code of ['23505', '22P02', '42P01', '42501', 'XX000', 'P0001']) {
    it(`${code} is a bug and stays an error`, () => {
      expect(databaseUnavailable(sqlError(code))).to.equal(undefined);
    });
  }

  it('leaves the outcome open only if a session ended without a response', () => {
    const open = (error: Error) => databaseUnavailable(error)?.mayHaveBeenDone;
    for (const code of ['40001', '25006', '25P03', '53100', '55P03', '57014'])
      expect(open(sqlError(code)), code).to.equal(false);
    for (const code of ['57P01', '57P02', '08006', '08007']) expect(open(sqlError(code)), code).to.equal(true);
    expect(open(networkError('ECONNRESET'))).to.equal(true);
    expect(open(new Error('Connection terminated unexpectedly'))).to.equal(true);
    expect(open(new Error('Query read timeout'))).to.equal(true);
    expect(open(new Error('Client has encountered a connection error and is not queryable'))).to.equal(false);
  });

  it('says that the server is read-only, that its disk is full, or that TLS failed', () => {
    expect(databaseUnavailable(sqlError('25006'))?.reason).to.match(/read-only/);
    expect(databaseUnavailable(sqlError('53100'))?.reason).to.match(/disk/);
    const certificate = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(couldNotConnect(certificate).reason).to.match(/TLS/);
    expect(couldNotConnect(new Error('The server does not support SSL connections')).reason).to.match(/TLS/);
  });

  it('of connecting never leaves the outcome open, whatever it is', () => {
    const errors = [
      ...['28P01', '3D000', '53300', '57P03', '08P01', '42501'].map(sqlError),
      ...['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ECONNRESET', 'ERR_TLS_CERT_ALTNAME_INVALID'].map(networkError),
      new Error('timeout exceeded when trying to connect'),
      new SessionRefused('The role orders_service does not exist.'),
      new AggregateError([networkError('ECONNREFUSED')]),
      'no error at all',
    ];
    for (const error of errors) {
      const { mayHaveBeenDone, reason } = couldNotConnect(error);
      expect(mayHaveBeenDone, String(error)).to.equal(false);
      expect(reason).to.match(/PostgreSQL/);
    }
  });
});

function sqlError(code: string): Error {
  return Object.assign(new pg.DatabaseError(`text of ${code}`, 0, 'error'), { code });
}

function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}
