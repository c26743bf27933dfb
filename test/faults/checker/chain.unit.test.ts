import { expect } from 'chai';
import { checkChain, hashOf, partitionOf } from './chain.js';
import { logOf, orderId, paid, placed } from './planted.js';

describe('the checker of the chain', () => {
  it('finds nothing in a log that is in order', () => {
    expect(checkChain(logOf([placed(), paid()]))).to.deep.equal([]);
  });

  it('computes the hash and the partition of the example in docs/audit.md', () => {
    const hash = hashOf({
      partition: 3,
      position: 1,
      orderId,
      version: 1,
      type: 'OrderNoteAdded',
      occurredAt: '2026-01-01T00:00:00.000Z',
      recordedAt: '2026-01-01T00:00:00.001Z',
      data: '{"text":"Grüße"}',
      metadata: '{"schema":1,"actor":"anonymous"}',
    });
    expect(hash.toString('hex')).to.equal('92018bdd8da348cbca2d30201f516b75125a2e30d2a38b3772a82759ea8ad1ab');
    expect(partitionOf(orderId, 1)).to.equal(0);
  });

  it('finds an event that was changed', () => {
    const log = logOf([placed(), paid()]);
    log.events[0]!.data = log.events[0]!.data.replace('lamp', 'limp');
    expect(checkChain(log)).to.have.length(1);
    expect(checkChain(log)[0]).to.match(/hash of \d:1 .*version 1/);
  });

  it('finds a gap in the positions and in the versions', () => {
    const log = logOf([placed(), paid('k-2', 1000), paid('k-3', 2000)]);
    log.events.splice(1, 1);
    const text = checkChain(log).join('\n');
    expect(text).to.match(/position \d:3 .* follows position 1/);
    expect(text).to.contain('should be version 2');
  });

  it('finds a head that is not the last event', () => {
    const log = logOf([placed(), paid()]);
    log.events.pop();
    expect(checkChain(log).join()).to.match(/the head of partition \d is 2, but its last event 1/);
  });

  it('finds an event that was recorded before the one in front of it', () => {
    const log = logOf([placed(), paid()]);
    log.events[1]!.recordedAt = '2025-12-31T00:00:00.000Z';
    expect(checkChain(log).join()).to.contain('was recorded at 2025-12-31');
  });
});
