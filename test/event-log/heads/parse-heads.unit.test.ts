import { expect } from 'chai';
import { headsChannel, parseHeads } from '../../../src/event-log/heads/notify-heads.js';

describe('the payload of a notification', () => {
  const parse = (payload: string) => parseHeads(payload, { partitions: 4 });

  it('names the heads of partitions', () => {
    expect(parse('[[0,7],[3,120]]')).to.deep.equal([
      [0, 7],
      [3, 120],
    ]);
  });

  it('is ignored as far as it is something else, because every role of the database may notify', () => {
    for (const text of ['', 'hello', 'null', '5', '{}', '"[[1,2]]"', '[null,[1],[1,"2"],[4,1],[-1,1],[1,1.5],[1,-1]]'])
      expect(parse(text), text).to.deep.equal([]);
    expect(parse('[[1,2],"x"]')).to.deep.equal([[1, 2]]);
  });

  it('is sent on a channel of the log, because a database may hold several logs', () => {
    expect(headsChannel({ logId: '0a1b2c3d-0000-4000-8000-000000000000' })).to.equal('orders_heads_0a1b2c3d');
  });
});
