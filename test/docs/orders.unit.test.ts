import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { blocksRunBy } from '../support/block-runs.js';
import { freshOrdersPage, ordersPage } from '../support/orders-page.js';

describe('the page about orders', () => {
  it('has the table of statuses and commands, and the state diagram, that follow from the code', () => {
    expect(readFileSync(ordersPage, 'utf8'), 'npm run docs').to.equal(freshOrdersPage());
    expect(blocksRunBy('test/docs/orders.unit.test.ts'), 'diagrams').to.have.length(1);
  });
});
