import type { RefundOrder } from '../../../src/orders/commands.js';
import { orderLimits } from '../../../src/orders/limits.js';
import {
  cancelled,
  credited,
  delivered,
  given,
  paid,
  placed,
  processing,
  refunded,
  shipped,
} from '../../support/given.js';

describe('paying an order', () => {
  it('a payment without an amount pays the amount due', () =>
    given(placed(), paid(500)).when({ command: 'pay' }).thenEvents(paid(1500)));
  it('a payment above the amount due is rejected', () =>
    given(placed())
      .when({ command: 'pay', amount: 20.01 })
      .thenRejected('exceeds-amount-due', /20\.00 USD.*send already_received: true/));
  it('a payment of an order with nothing due is rejected', () =>
    given(placed(), paid(2000)).when({ command: 'pay' }).thenRejected('exceeds-amount-due'));
  it('a payment of 0 is rejected', () =>
    given(placed())
      .when({ command: 'pay', amount: '0.00' })
      .thenInvalid('/amount', /greater than 0/));
  it('an amount that is none is rejected with the reason, in every command that moves money', () => {
    for (const amount of ['x', '1.999', -1]) {
      const why = /decimal number|2 decimals|negative/;
      const order = given(placed(), paid(500));
      order.when({ command: 'pay', amount }).thenInvalid('/amount', why);
      order.when({ command: 'refund', amount, reason: 'r' }).thenInvalid('/amount', why);
      order.when({ command: 'credit', amount, reason: 'r' }).thenInvalid('/amount', why);
      order.when({ command: 'cancel', amount, reason: 'r' }).thenInvalid('/amount', why);
    }
  });
  it('a payment of a cancelled order is rejected, and the reason says what to do with money that has arrived', () =>
    given(placed(), cancelled())
      .when({ command: 'pay', amount: 5 })
      .thenRejected('invalid-transition', /already_received/));
  it('a payment after delivery is accepted', () =>
    given(placed(), processing, shipped(2), delivered).when({ command: 'pay' }).thenEvents(paid(2000)));

  it('money that has arrived is recorded although less is due, and is to be given back', () =>
    given(placed(), paid(1500))
      .when({ command: 'pay', amount: 7, alreadyReceived: true })
      .thenOrder({ paidMinor: 2200, paymentStatus: 'paid', balance: -200 }));
  it('money that has arrived for a cancelled order is recorded', () =>
    given(placed(), cancelled())
      .when({ command: 'pay', amount: 20, alreadyReceived: true })
      .thenOrder({ status: 'cancelled', paidMinor: 2000, paymentStatus: 'paid', balance: -2000 }));
  it('money that has arrived needs an amount if nothing is due', () =>
    given(placed(), paid(2000))
      .when({ command: 'pay', alreadyReceived: true })
      .thenInvalid('/amount', /nothing is due/));
  it('payments whose sum no JSON number holds exactly are rejected', () =>
    given(placed(), paid(orderLimits.maxAmountMinor))
      .when({ command: 'pay', amount: '0.01', alreadyReceived: true })
      .thenRejected('exceeds-amount-due', /together/));
  it('payments up to the largest amount are accepted', () =>
    given(placed(), paid(orderLimits.maxAmountMinor - 1))
      .when({ command: 'pay', amount: '0.01', alreadyReceived: true })
      .thenOrder({ paidMinor: orderLimits.maxAmountMinor }));

  const byCard = { command: 'pay', amount: 5, paymentReference: 'card-1' } as const;
  it('the same reference and amount again is a repetition, also when nothing is due any more', () => {
    given(placed(), paid(500, 'card-1'), paid(100)).when(byCard).thenRepeats(2);
    given(placed(), paid(500, 'card-1'), paid(1500)).when(byCard).thenRepeats(2);
    given(placed(), paid(2000, 'card-1')).when({ command: 'pay', paymentReference: 'card-1' }).thenRepeats(2);
    given(placed(), paid(500, 'card-1'), cancelled()).when(byCard).thenRepeats(2);
  });
  it('another reference with the same amount is a further payment, and so is one without a reference', () => {
    given(placed(), paid(500, 'card-1'))
      .when({ ...byCard, paymentReference: 'card-2' })
      .thenEvents(paid(500, 'card-2'));
    given(placed(), paid(500, 'card-1')).when({ command: 'pay', amount: 5 }).thenEvents(paid(500));
    given(placed(), paid(500)).when({ command: 'pay', amount: 5 }).thenEvents(paid(500));
  });
  it('a repetition is found among all payments since the last refund, the newest of them first', () => {
    const payments = [paid(500, 'card-1'), paid(500, 'card-2'), paid(100, 'card-1'), paid(200, 'card-2')];
    given(placed(), ...payments)
      .when(byCard)
      .thenRepeats(2);
    given(placed(), ...payments, paid(500, 'card-1'))
      .when(byCard)
      .thenRepeats(6);
    given(placed(), ...payments)
      .when({ ...byCard, paymentReference: 'card-2' })
      .thenRepeats(3);
  });
  it('the same reference with another amount is a further payment', () =>
    given(placed(), paid(600, 'card-1')).when(byCard).thenEvents(paid(500, 'card-1')));
  it('a further payment of the same reference and amount says so', () =>
    given(placed(), paid(500, 'card-1'))
      .when({ ...byCard, another: true })
      .thenEvents(paid(500, 'card-1')));
  it('the same reference and amount after a refund is a further payment', () =>
    given(placed(), paid(500, 'card-1'), refunded(500, 0)).when(byCard).thenEvents(paid(500, 'card-1')));
});

describe('refunding an order', () => {
  const refund = { command: 'refund', reason: 'broken' } as const satisfies RefundOrder;
  it('a refund without an amount refunds all that was paid and not yet refunded', () =>
    given(placed(), paid(2000), refunded(500)).when(refund).thenEvents(refunded(1500)));
  it('a refund above the paid amount is rejected', () =>
    given(placed(), paid(500))
      .when({ ...refund, amount: 5.01 })
      .thenRejected('exceeds-refundable-amount', /5\.00 USD/));
  it('a refund of an unpaid order is rejected', () =>
    given(placed()).when(refund).thenRejected('exceeds-refundable-amount'));
  it('a refund of a cancelled order settles its balance and lowers nothing', () =>
    given(placed(), paid(2000), cancelled())
      .when(refund)
      .thenEvents(refunded(2000, 0))
      .thenOrder({ balance: 0, creditedMinor: 0, paymentStatus: 'refunded' }));
  it('a refund lowers what the order is worth', () =>
    given(placed(), paid(2000))
      .when({ ...refund, amount: 5 })
      .thenOrder({ creditedMinor: 500, balance: 0, paymentStatus: 'partially_refunded' }));
  it('a refund without an amount gives back a surplus and no more', () =>
    given(placed(), paid(2500)).when(refund).thenEvents(refunded(500, 0)).thenOrder({ paymentStatus: 'paid' }));
  it('a refund above the surplus lowers the worth by the rest', () =>
    given(placed(), paid(2500))
      .when({ ...refund, amount: 8 })
      .thenEvents(refunded(800, 300))
      .thenOrder({ balance: 0 }));
  it('a refund that is payable again makes its amount due again', () =>
    given(placed(), paid(2000))
      .when({ ...refund, amount: 5, payableAgain: true })
      .thenOrder({ creditedMinor: 0, balance: 500, paymentStatus: 'partially_refunded' }));
  it('a payment after a refund that was payable again settles the order', () =>
    given(placed(), paid(2000), refunded(2000, 0))
      .when({ command: 'pay' })
      .thenOrder({ balance: 0, paymentStatus: 'paid', paidMinor: 4000 }));

  const priced = placed({ items: 2, price: 1000 });
  it('a refund of items takes their price as its amount, but not more than is left', () => {
    const items = [{ item_id: 'a', quantity: 1 }];
    given(priced, paid(2000))
      .when({ ...refund, items })
      .thenEvents(refunded(1000));
    given(priced, paid(700))
      .when({ ...refund, items })
      .thenEvents(refunded(700));
    given(priced, paid(2000))
      .when({ ...refund, items, amount: 3 })
      .thenEvents(refunded(300));
  });
  it('a refund of items without a price needs an amount', () =>
    given(placed(), paid(2000))
      .when({ ...refund, items: [{ item_id: 'a', quantity: 1 }] })
      .thenInvalid('/amount', /the price of the items is not known/));
  it('a refund of items that cost nothing needs an amount, and says that their price is 0', () =>
    given(placed({ total: 2000, price: 0 }), paid(2000))
      .when({ ...refund, items: [{ item_id: 'a', quantity: 1 }] })
      .thenInvalid('/amount', /the price of the items is 0/));
  it('a refund of more units than were ordered is rejected', () =>
    given(priced, paid(2000))
      .when({ ...refund, items: [{ item_id: 'a', quantity: 3 }] })
      .thenRejected('exceeds-ordered-quantity', /^Item "a" has 2 units left to refund\.$/));
});

describe('crediting an order', () => {
  const credit = { command: 'credit', reason: 'bad debt' } as const;
  it('a credit without an amount lowers the worth by all that is due', () =>
    given(placed(), paid(500))
      .when(credit)
      .thenEvents(credited(1500))
      .thenOrder({ balance: 0, paymentStatus: 'paid' }));
  it('a credit of part of the amount due leaves the rest due', () =>
    given(placed())
      .when({ ...credit, amount: 5 })
      .thenOrder({ balance: 1500, creditedMinor: 500, paymentStatus: 'unpaid' }));
  it('a credit above the amount due is rejected', () =>
    given(placed(), paid(500))
      .when({ ...credit, amount: 15.01 })
      .thenRejected('exceeds-creditable-amount', /15\.00 USD/));
  it('a credit with nothing due is rejected', () =>
    given(placed(), paid(2000)).when(credit).thenRejected('exceeds-creditable-amount'));
});

describe('cancelling an order', () => {
  const cancel = { command: 'cancel', reason: 'no stock' } as const;
  const one = [{ item_id: 'a', quantity: 1 }];
  it('an order without shipments can be cancelled: it is worth nothing, whatever was credited', () =>
    given(placed(), processing, credited(500))
      .when(cancel)
      .thenEvents(cancelled(1500))
      .thenOrder({ status: 'cancelled', cancelledMinor: 2000, creditedMinor: 0, balance: 0 }));
  it('cancelling a cancelled order is rejected', () =>
    given(placed(), cancelled())
      .when(cancel)
      .thenRejected('invalid-transition', /nothing left to cancel/));
  it('cancelling all units may name what the order is worth as the amount', () =>
    given(placed(), credited(500))
      .when({ ...cancel, amount: '15.00' })
      .thenEvents(cancelled(1500)));
  it('cancelling the rest of a partly shipped order may name another amount than its price', () =>
    given(placed({ items: 2, price: 1000 }), processing, shipped(1))
      .when({ ...cancel, amount: 20 })
      .thenEvents(cancelled(2000))
      .thenOrder({ balance: 0 }));
  it('cancelling an order on hold ends the hold', () =>
    given(placed(), { type: 'OrderHeld', data: { reason: 'r' } })
      .when(cancel)
      .thenOrder({ onHold: false }));
  it('cancelling the rest of a partly shipped order takes the price of the rest off its total', () =>
    given(placed({ items: 2, price: 1000 }), processing, shipped(1))
      .when(cancel)
      .thenEvents(cancelled(1000))
      .thenOrder({ status: 'shipped', cancelledMinor: 1000, balance: 1000 }));
  it('cancelling some units leaves the others', () =>
    given(placed({ items: 2, price: 1000 }))
      .when({ ...cancel, items: one })
      .thenOrder({ status: 'pending', cancelledMinor: 1000, balance: 1000 }));
  it('cancelling the last units one by one cancels the order', () =>
    given(placed({ items: 2, price: 1000 }), {
      type: 'OrderCancelled',
      data: { items: [{ line_id: '1', item_id: 'a', quantity: 1 }], amount_minor: 300, reason: 'r' },
    })
      .when({ ...cancel, items: one })
      .thenOrder({ status: 'cancelled', cancelledMinor: 2000, balance: 0 }));
  it('cancelling some units without a price needs an amount, which may be 0', () => {
    given(placed())
      .when({ ...cancel, items: one })
      .thenInvalid('/amount', /required: the price of the units is not known/);
    given(placed())
      .when({ ...cancel, items: one, amount: 0 })
      .thenOrder({ cancelledMinor: 0, balance: 2000 });
  });
  it('a cancellation takes at most what the order is worth off its total', () => {
    given(placed({ items: 2, price: 1000 }), credited(1500))
      .when({ ...cancel, items: one })
      .thenOrder({ cancelledMinor: 500, balance: 0 });
    given(placed({ items: 2, price: 1000 }), credited(1500))
      .when({ ...cancel, items: one, amount: 6 })
      .thenRejected('wrong-cancelled-amount', /5\.00 USD/);
  });
  it('cancelling all units with another amount than the worth is rejected', () =>
    given(placed())
      .when({ ...cancel, amount: 19 })
      .thenRejected('wrong-cancelled-amount', /all units.*20\.00 USD.*left out/));
  it('cancelling units that were shipped is rejected', () => {
    given(placed(), processing, shipped(2)).when(cancel).thenRejected('invalid-transition');
    given(placed({ price: 1000 }), processing, shipped(1))
      .when({ ...cancel, items: [{ item_id: 'a', quantity: 2 }] })
      .thenRejected('exceeds-ordered-quantity', /1 unit left/);
  });
});
