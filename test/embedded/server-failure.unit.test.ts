import { expect } from 'chai';
import { causeIn } from '../../src/embedded/server-failure.js';

describe('the cause of a failure in the output of an embedded server', () => {
  it('the cause of PostgreSQL is its first fatal message with the hint, not the messages around it', () => {
    const output = `2026-11-29 17:00:00.000 UTC [7] LOG:  starting PostgreSQL 18
2026-11-29 17:00:00.001 UTC [7] FATAL:  lock file "postmaster.pid" already exists
2026-11-29 17:00:00.001 UTC [7] HINT:  Is another postmaster (PID 12) running?
2026-11-29 17:00:00.002 UTC [7] LOG:  database system is shut down
`;
    expect(causeIn(output)).to.equal(
      'lock file "postmaster.pid" already exists Is another postmaster (PID 12) running?',
    );
  });

  it('the cause of initdb is its error', () => {
    const output = `The files belonging to this database system will be owned by user "postgres".
creating configuration files ... ok
initdb: error: could not create directory "/data/pg_wal": No space left on device
initdb: removing contents of data directory "/data"
`;
    expect(causeIn(output)).to.equal(
      'initdb: error: could not create directory "/data/pg_wal": No space left on device',
    );
  });

  it('the cause of initdb is its error, without the step that it ends', () => {
    const output = `selecting default time zone ... Etc/UTC
creating configuration files ... initdb: error: could not close file "/data/pg_ident.conf": No space left on device
initdb: removing contents of data directory "/data"
`;
    expect(causeIn(output)).to.equal(
      'initdb: error: could not close file "/data/pg_ident.conf": No space left on device',
    );
  });

  it('the cause of Redis is its last warnings, but not what it prints at each start', () => {
    const output = `7:C 29 Nov 2026 17:00:00.000 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
7:C 29 Nov 2026 17:00:00.000 # WARNING Memory overcommit must be enabled!
7:M 29 Nov 2026 17:00:00.001 * Reading RDB base file on AOF loading...
7:M 29 Nov 2026 17:00:00.002 # Can't handle RDB format version 99
7:M 29 Nov 2026 17:00:00.003 # Fatal error loading the DB, check server logs. Exiting.
`;
    expect(causeIn(output)).to.equal(
      "Can't handle RDB format version 99 Fatal error loading the DB, check server logs. Exiting.",
    );
  });

  it('the cause of a wrong setting of Redis is the setting', () => {
    const output = `*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
Reading the configuration file, at line 3
>>> 'appendfsync never'
argument must be one of the following: "everysec"
`;
    expect(causeIn(output)).to.match(/line 3 >>> 'appendfsync never' argument must be/);
  });

  it('the cause of anything else is the last line', () => {
    expect(causeIn('spawn /nowhere/postgres ENOENT\n\n')).to.equal('spawn /nowhere/postgres ENOENT');
    expect(causeIn('')).to.equal('');
  });
});
