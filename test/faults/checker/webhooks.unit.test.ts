import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import type { LossRecord, WebhookRecord } from '../history.js';
import type { Change } from './changes.js';
import { Losses } from './losses.js';
import { groupByOrder, shownEvents } from './orders.js';
import { changeOf, logOf, paid, placed } from './planted.js';
import { checkWebhooks } from './webhooks.js';

const log = logOf([placed(), paid('k-2', 1000), paid('k-3', 2000)]);
const shown = shownEvents(groupByOrder(log, [], () => 2));
const [first, second, third] = log.events.map((event) => changeOf(event)) as [Change, Change, Change];
const secret = `whsec_${Buffer.from('a secret of the checker').toString('base64')}`;
const receivedAt = 1_800_000_000;

/** A delivery as the library of Standard Webhooks signs it. */
function delivery(data: Change, changes: Partial<WebhookRecord> = {}, signedAt = receivedAt): WebhookRecord {
  const [place = '', epoch] = data.position.split('@');
  const id = `evt_51c1d80e_${epoch === undefined ? '' : `${epoch}_`}${place.replace(':', '_')}`;
  const body = JSON.stringify({ type: data.type, timestamp: data.occurred_at, data });
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(signedAt),
    'webhook-signature': new Webhook(secret).sign(id, new Date(signedAt * 1_000), body),
  };
  return { kind: 'webhook', at: 0, receivedAt, headers, body, answered: 204, ...changes };
}

const delivered = (...changes: Change[]) => changes.map((change) => delivery(change));
const webhooks = (records: WebhookRecord[], losses: LossRecord[] = []) => {
  const context = { shown, logId: log.id, losses: new Losses(losses), secret };
  return checkWebhooks(records, context, () => undefined);
};

describe('the checker of webhooks', () => {
  it('finds nothing if every event was accepted in order, also with repetitions', () => {
    expect(webhooks(delivered(first, second, first, third, second))).to.deep.equal([]);
  });

  it('finds an event that was never accepted', () => {
    const records = [...delivered(first, second), delivery(third, { answered: 500 })];
    expect(webhooks(records)).to.deep.equal([`the webhook never delivered 2:3 (order ${third.order_id}, version 3).`]);
  });

  it('finds an event that was sent before the one in front of it was accepted', () => {
    expect(webhooks(delivered(first, third, second, third)).join())
      .to.contain('version 3')
      .and.contain('before version 2');
    const refused = [delivery(first), delivery(second, { answered: 503 }), ...delivered(third, second, third)];
    expect(webhooks(refused).join()).to.contain('before version 2 was accepted');
  });

  it('finds an id that means two events', () => {
    const [one, two, three] = delivered(first, second, third);
    const headers = { ...three!.headers, 'webhook-id': 'evt_51c1d80e_2_2' };
    expect(webhooks([one!, two!, { ...three!, headers }]).join()).to.contain('has the id of order');
  });

  it('finds a delivery with other data than the event', () => {
    const wrong = delivery({ ...second, data: { ...second.data, amount_minor: 1001 } });
    expect(webhooks([delivery(first), wrong, ...delivered(second, third)]).join()).to.contain('log does not have');
  });

  it('finds a delivery of an event that the log lacks, unless a restore has lost it', () => {
    const lost = delivery({ ...third, version: 4, position: '2:4' });
    const records = [...delivered(first, second, third), lost];
    expect(webhooks(records)).to.have.length(1);
    expect(webhooks(records, [{ kind: 'loss', at: 10, lostFrom: { 2: 4 } }])).to.deep.equal([]);
    expect(webhooks(records, [{ kind: 'loss', at: -60_000, lostFrom: { 2: 4 } }])).to.have.length(1);
    const later = delivery({ ...third, version: 4, position: '2:4@2-9f3a01bc' });
    expect(
      webhooks([...delivered(first, second, third), later], [{ kind: 'loss', at: 10, lostFrom: { 2: 4 } }]),
    ).to.have.length(1);
  });

  it('finds a delivery without a signature that holds', () => {
    const good = delivery(second);
    const signedByOther = new Webhook(`whsec_${Buffer.from('another secret').toString('base64')}`);
    const forged: WebhookRecord[] = [
      { ...good, headers: { ...good.headers, 'webhook-signature': '' } },
      {
        ...good,
        headers: {
          ...good.headers,
          'webhook-signature': signedByOther.sign(
            good.headers['webhook-id'] ?? '',
            new Date(receivedAt * 1_000),
            good.body,
          ),
        },
      },
      { ...good, body: `${good.body} ` },
      { ...good, headers: { ...good.headers, 'webhook-timestamp': String(receivedAt + 1) } },
    ];
    for (const one of forged)
      expect(webhooks([delivery(first), one, delivery(third)])).to.deep.equal([
        'delivery evt_51c1d80e_2_2 has a signature that does not hold.',
      ]);
  });

  it('finds a delivery that is signed for another time', () => {
    const old = delivery(second, {}, receivedAt - 301);
    expect(webhooks([delivery(first), old, delivery(third)]).join()).to.contain('is signed for the time');
  });

  it('finds a delivery that is no JSON', () => {
    const [one, two, three] = delivered(first, second, third);
    const found = webhooks([one!, { ...two!, body: '{"type"' }, two!, three!]);
    expect(found.join()).to.contain('is no event: {"type"');
  });
});
