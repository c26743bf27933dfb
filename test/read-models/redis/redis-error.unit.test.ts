import { expect } from 'chai';
import { ReadModelUnavailable } from '../../../src/read-models/read-model-unavailable.js';
import { isFromReplica, redisRefusal } from '../../../src/read-models/redis/redis-error.js';

describe('error replies of Redis', () => {
  it('a reply of a replica is recognised from commands and from scripts, in Redis 6.2 and newer', () => {
    expect(isFromReplica("READONLY You can't write against a read only replica.")).to.equal(true);
    expect(isFromReplica('MASTERDOWN Link with MASTER is down')).to.equal(true);
    expect(
      isFromReplica(
        "ERR Error running script (call to f_1): @user_script:42: @user_script: 42: -READONLY You can't write against a read only replica.",
      ),
    ).to.equal(true);
    expect(isFromReplica("OOM command not allowed when used memory > 'maxmemory'.")).to.equal(false);
    expect(isFromReplica('ERR unknown command READONLY')).to.equal(false);
  });

  it('callers learn what is wrong with Redis, without the text of the error', () => {
    const reason = (message: string) => new ReadModelUnavailable(new Error(message)).reason;
    expect(reason("OOM command not allowed when used memory > 'maxmemory'.")).to.equal(
      'Redis has reached its maxmemory and refuses writes',
    );
    expect(reason('MISCONF Redis is configured to save RDB snapshots')).to.match(/cannot save to its disk/);
    expect(reason('LOADING Redis is loading the dataset in memory')).to.match(/still loading/);
    expect(reason('CLUSTERDOWN The cluster is down')).to.match(/a part is down/);
    expect(reason('connect ECONNREFUSED 10.0.0.7:6379')).to.equal('Redis did not respond');
    expect(redisRefusal('ERR syntax error')).to.equal(undefined);
  });
});
