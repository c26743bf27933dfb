import { expect } from 'chai';
import type { CallRecord, FaultRecord, LossRecord } from '../history.js';
import { Losses } from './losses.js';
import { callsOf } from './operations.js';
import { call } from './planted.js';
import { checkStatuses } from './statuses.js';

const fault = { kind: 'fault' as const, at: 100, name: 'kill', detail: '', healedAt: 150, readyAt: 200 };
const during = { startedAt: 120, at: 130 };
const after = { startedAt: 300, at: 310 };

function anomaliesOf(calls: CallRecord[], faults: FaultRecord[] = [fault], losses: LossRecord[] = []): string[] {
  return checkStatuses(callsOf(calls), new Losses(losses), faults);
}

const failed = (status: number, name: string, changes: Partial<CallRecord> = {}) =>
  call({ status, response: { type: `/problems/${name}` }, ...changes });

describe('the checker of statuses', () => {
  it('finds a 500, also during a fault', () => {
    expect(anomaliesOf([failed(500, 'internal-error', during)])).to.have.length(1);
  });

  it('finds a 410 for a position that no restore has lost', () => {
    const gone = failed(410, 'position-lost', { method: 'GET', minPosition: '2:2' });
    expect(anomaliesOf([gone])).to.have.length(1);
    const loss: LossRecord = { kind: 'loss', at: 0, lostFrom: { 2: 2 } };
    expect(anomaliesOf([gone], [], [loss])).to.deep.equal([]);
    const ofLaterEpoch = failed(410, 'position-lost', { method: 'GET', minPosition: '2:2@2-9f3a01bc' });
    expect(anomaliesOf([ofLaterEpoch], [], [loss]), 'a position after the restore').to.have.length(1);
  });

  it('finds a 503, a 408 and a missing response that no fault explains', () => {
    const calls = (times: { startedAt: number; at: number }) => [
      failed(503, 'event-log-unavailable', times),
      failed(408, 'request-timeout', times),
      call({ status: 0, ...times }),
    ];
    expect(anomaliesOf(calls(during))).to.deep.equal([]);
    expect(anomaliesOf(calls({ startedAt: 190, at: 250 }))).to.deep.equal([]);
    expect(anomaliesOf(calls(after))).to.have.length(3);
    expect(anomaliesOf(calls(after), [{ ...fault, readyAt: null }])).to.deep.equal([]);
  });

  it('finds a 503 during a fault that takes nothing away from the API', () => {
    const busy = [failed(503, 'event-log-unavailable', during)];
    for (const name of ['rebuild', 'refuse receiver', 'rebuild + cut receiver'])
      expect(anomaliesOf(busy, [{ ...fault, name }]), name).to.have.length(1);
    expect(anomaliesOf(busy, [{ ...fault, name: 'rebuild + kill' }])).to.deep.equal([]);
  });

  it('finds a query that lost its read model while only projectors were away', () => {
    const suspended = {
      ...fault,
      name: 'rebuild + suspend',
      detail: 'a rebuild of metrics; SIGSTOP and SIGCONT of projector-1',
    };
    const lost = [failed(503, 'read-models-unavailable', during)];
    expect(anomaliesOf(lost, [suspended])).to.have.length(1);
    expect(anomaliesOf([failed(503, 'position-not-reached', during)], [suspended])).to.deep.equal([]);
    const withApi = suspended.detail.replace('projector-1', 'api-1 and projector-1');
    expect(anomaliesOf(lost, [{ ...suspended, detail: withApi }])).to.deep.equal([]);
  });

  it('accepts that commands on one order contend, without any fault', () => {
    expect(anomaliesOf([failed(503, 'contended', after)])).to.deep.equal([]);
    const many = Array.from({ length: 20 }, () => failed(503, 'contended', after));
    expect(anomaliesOf(many).join()).to.contain('20 of 20 commands');
  });

  it('finds a 4xx for a call that was right', () => {
    const wrong = [
      failed(400, 'malformed-json', during),
      failed(401, 'unauthenticated', during),
      failed(404, 'not-found', during),
      failed(409, 'too-many-webhooks', during),
      failed(422, 'validation', during),
      failed(429, 'rate-limited', during),
    ];
    expect(anomaliesOf(wrong)).to.have.length(6);
    const right = [failed(404, 'order-not-found'), failed(409, 'invalid-transition')];
    expect(anomaliesOf(right)).to.deep.equal([]);
  });

  it('finds a refused key that was used for one command only', () => {
    const refused = (key: string, body: object) => failed(422, 'idempotency-key-reused', { key, body, ...during });
    const first = call({ key: 'k-1', body: { text: 'a' } });
    expect(anomaliesOf([first, refused('k-1', { text: 'b' })])).to.deep.equal([]);
    expect(anomaliesOf([first, refused('k-1', { text: 'a' })])).to.have.length(1);
    expect(anomaliesOf([first, refused('k-2', { text: 'b' })])).to.have.length(1);
  });

  it('finds a wrong status in a line of a batch, and a line without a result', () => {
    const lines = [{ command: 'note' }, { command: 'note' }, { command: 'note' }];
    const results = [{ status: 200 }, { status: 500, problem: { type: '/problems/internal-error' } }];
    const found = anomaliesOf([call({ path: '/orders/batch', body: lines, response: results, ...after })]);
    expect(found).to.have.length(2);
    expect(found.join()).to.contain('line 2 got a 500').and.contain('line 3 got no response');
  });

  it('finds a response that is whole and no JSON, also during a fault', () => {
    const found = anomaliesOf([call({ unreadable: '{"order_id"', ...during })]);
    expect(found).to.deep.equal(['call 1 (POST /) got 200 with a body that is no JSON: {"order_id".']);
  });
});
