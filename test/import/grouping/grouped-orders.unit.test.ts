import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { groupedOrders } from '../../../src/import/grouping/grouped-orders.js';
import { type SpilledRow, spillRows } from '../../../src/import/grouping/spilled-rows.js';
import { readHeader } from '../../../src/import/input/csv-header.js';
import { Warnings } from '../../../src/import/mapping/warnings.js';
import { refusal, trialImport } from '../../support/trial-import.js';

const args = [
  '--group-by',
  'no',
  '--map',
  'user_id=user,total_amount=total,occurred_at=at,item_id=sku,quantity=n,unit_price=price',
  '--set',
  'currency=EUR',
];
const header = 'no,user,total,at,sku,n,price\n';
const at = '2026-03-15T13:00:00Z';

describe('Rows that are the lines of one order', () => {
  const right = [
    'u1: 1 M-1 at 39.99 = 39.99 EUR, 2026-03-15T13:00:00.000Z',
    'u2: 1 K-2 at 80.00 + 2 H-3 at 10.00 = 100.00 EUR, 2026-03-15T13:00:00.000Z',
  ];

  it('rows with the same value are one order, with its values on each row or on the first row only', async () => {
    const first = `1,u1,39.99,${at},M-1,1,39.99\n2,u2,100.00,${at},K-2,1,80.00\n`;
    expect((await trialImport(`${header}${first}2,u2,100.00,${at},H-3,2,10.00\n`, args)).placed).to.deep.equal(right);
    expect((await trialImport(`${header}${first}2,,,,H-3,2,10.00\n`, args)).placed).to.deep.equal(right);
  });

  it('rows of one order may be scattered over the file', async () => {
    const rows = `2,u2,100.00,${at},K-2,1,80.00\n1,u1,39.99,${at},M-1,1,39.99\n2,,,,H-3,2,10.00\n`;
    expect((await trialImport(header + rows, args)).placed).to.deep.equal(right.toReversed());
  });

  it('an order whose rows disagree is rejected with the lines, the column and both values', async () => {
    const rows = `1,u1,5,${at},a,1,5\n2,u2,10,${at},a,1,5\n2,u2,11,${at},b,1,5\n`;
    const { placed, rejected } = await trialImport(header + rows, args);
    expect(placed).to.have.length(1);
    expect(rejected).to.deep.equal([
      {
        line: 3,
        reason:
          'column "total" has "10" in line 3 and "11" in line 4: the rows of one order must agree, unless --first-row names the field',
        record: `2,u2,10,${at},a,1,5\n2,u2,11,${at},b,1,5`,
      },
    ]);
  });

  it('an order with one bad row is rejected as a whole', async () => {
    const rows = `1,u1,10,${at},a,1,5\n1,u1,10,${at},b,x,5\n2,u2,5,${at},a,1,5\n`;
    const { placed, rejected } = await trialImport(header + rows, args);
    expect(placed).to.have.length(1);
    expect(rejected.map(({ line, reason }) => [line, reason])).to.deep.equal([
      [2, 'column "n" (quantity): "x" is not a number: correct the cell'],
    ]);
  });

  it('a row that may belong to any order is refused before anything is placed', async () => {
    const good = `1,u1,5,${at},a,1,5\n`;
    expect(await refusal(`${header}${good}1,u1,5,${at},b,1,5,0\n`, args)).to.match(
      /nothing was placed: .*\nline 3: the row has 8 cells/,
    );
    expect(await refusal(`${header}${good},u1,5,${at},b,1,5\n`, args)).to.match(
      /line 3: column "no" \(--group-by\) is empty/,
    );
    expect((await trialImport(`${header}${good},,,,,,\n`, args)).placed).to.have.length(1);
  });

  it('grouping takes one item per row', async () => {
    expect(
      await refusal(header, [...args.slice(0, 2), '--map', 'user_id=user,total_amount=total,item_ids=sku']),
    ).to.match(/with --group-by each row is a line/);
  });

  it('any rows, in any order and with any number of buckets, come together by their key, from any position on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orders-rows-'));
    const file = join(folder, 'rows.csv');
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.constantFrom('a', 'b', 'ü,"', 'd', '#5', '6'), fc.nat(99)), { maxLength: 60 }),
          fc.constantFrom(50, 200, 100_000),
          fc.nat(6),
          async (rows, bucketBytes, skipped) => {
            const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
            await writeFile(file, `no,n\r\n${rows.map(([key, n]) => `${cell(key)},${n}\r\n`).join('')}`);
            const csv = await readHeader(file, ',');
            const spilled = await spillRows({
              file,
              header: csv,
              keyIndex: 0,
              kept: [0, 1],
              folder: join(folder, 'spilled'),
              bucketBytes,
            });
            const source = {
              file,
              rows: spilled,
              columns: ['no', 'n'],
              orderColumns: new Set(['no']),
              firstRowColumns: new Set<string>(),
              groupIndex: 0,
              timeIndex: -1,
              idsOf: new Map<string, string>(),
              warnings: new Warnings(),
              joined: {
                hasLine: () => true,
                linesOf: (some: readonly SpilledRow[]) => some.map(({ cells }) => cells),
                transactionsOf: () => ({ payment: [], refund: [] }),
                cellsOfOrder: (header: readonly string[]) => header,
              },
              reader: {
                readOrder: ([key = '']: readonly string[], lines: readonly (readonly string[])[]) => [
                  { key, numbers: lines.map(([, n]) => Number(n)).join(' ') },
                ],
                readReturns: () => [],
                isCharge: () => false,
                isReturn: () => false,
                transactions: [],
                lineId: undefined,
              },
            };
            const read = async (from: number) => {
              const found: [string, string][] = [];
              for await (const { units } of groupedOrders(source, { lines: from, bytes: 0 })) {
                for (const { commands } of units) {
                  const input = commands[0]?.input;
                  if (input && !(input instanceof Uint8Array)) found.push([String(input.key), String(input.numbers)]);
                }
              }
              return found;
            };
            const expected = new Map<string, number[]>();
            for (const [key, n] of rows) expected.set(key, [...(expected.get(key) ?? []), n]);
            const all = await read(0);
            expect(Object.fromEntries(all)).to.deep.equal(
              Object.fromEntries([...expected].map(([key, numbers]) => [key, numbers.join(' ')])),
            );
            expect(await read(skipped)).to.deep.equal(all.slice(skipped));
          },
        ),
        { numRuns: 60 },
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('rows that disagree about a field of --first-row take the value of the first row, with a warning', async () => {
    const rows = `1,u1,10,${at},a,1,5\n1,u1,10,2026-03-15T13:01:00Z,b,1,5\n`;
    const found = await trialImport(header + rows, [...args, '--first-row', 'occurred_at']);
    expect(found.placed).to.deep.equal(['u1: 1 a at 5 + 1 b at 5 = 10 EUR, 2026-03-15T13:00:00.000Z']);
    expect(found.warnings).to.have.length(1);
    expect(await refusal(header, [...args, '--first-row', 'quantity'])).to.match(/is not a field of the whole order/);
  });

  it('rows of --charges are adjustments and no units, unless the order has no other rows', async () => {
    const rows = `1,u1,13,${at},a,1,5\n1,,,,post,2,5\n1,,,,D,-1,2\n2,u2,5,${at},POST,1,5\n`;
    const { commands, rejected } = await trialImport(header + rows, [
      ...args,
      '--charges',
      'shipping=POST|DOT,discount=D',
    ]);
    expect(rejected).to.deep.equal([]);
    const placed = commands.flatMap(({ command }) => (command.command === 'place' ? [command] : []));
    expect(placed.map(({ items, adjustments }) => [items, adjustments])).to.deep.equal([
      [
        [{ item_id: 'a', quantity: 1, unit_price: '5' }],
        [
          { type: 'shipping', amount: '10' },
          { type: 'discount', amount: '-2' },
        ],
      ],
      [[{ item_id: 'POST', quantity: 1, unit_price: '5' }], undefined],
    ]);
    expect(await refusal(header, [...args, '--charges', 'postage=POST'])).to.match(/"postage" is not one of/);
  });
});
