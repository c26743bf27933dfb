import { expect } from 'chai';
import { blocksRunBy } from '../support/block-runs.js';
import { trialImport } from '../support/trial-import.js';

describe('docs/import.md', () => {
  it('the command of the page imports the two payments and the two lines of its example', async () => {
    const blocks = blocksRunBy('test/docs/import.unit.test.ts');
    expect(blocks.map(({ language }) => language)).to.deep.equal(['text', 'sh']);
    const [rows = '', command = ''] = blocks.map(({ code }) => code);
    const [npx, orders, name, file, ...args] = command.replaceAll('\\\n', ' ').trim().split(/\s+/);
    expect([npx, orders, name, file]).to.deep.equal(['npx', 'orders', 'import', 'joined.csv']);
    const { placed, commands, rejected, warnings } = await trialImport(rows, args);
    expect([rejected, warnings]).to.deep.equal([[], []]);
    expect(placed).to.deep.equal(['ada: 1 lamp at 20.00 + 1 plug at 5.50 = 25.5 EUR, 2026-03-01T10:00:00.000Z']);
    const paid = commands.flatMap(({ command: one, occurredAt }) =>
      one.command === 'pay' ? [`${one.amount} ${occurredAt}`] : [],
    );
    expect(paid).to.deep.equal(['15.50 2026-03-01T10:05:00.000Z', '10.00 2026-03-03T09:00:00.000Z']);
  });
});
