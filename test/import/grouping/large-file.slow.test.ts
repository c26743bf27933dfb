import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import { spawnOrders } from '../../support/orders-command.js';
import { serverUrls } from '../../support/servers.js';

const orders = 300_000;
const rows = 1_000_000;
/** Megabytes of V8's heap. The rows of the file take ten times as much. */
const heapMb = 128;

describe('A large file of scattered rows', function () {
  this.timeout(600_000);

  it(`${rows} rows of ${orders} orders are grouped with a heap of ${heapMb} MB`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orders-large-'));
    try {
      const file = join(folder, 'large.csv');
      await pipeline(Readable.from(lines()), createWriteStream(file));
      const args = ['import', file, '--group-by', 'no', '--total', 'computed', '--set', 'currency=EUR', '--dry-run'];
      const map = ['--map', 'user_id=user,occurred_at=at,item_id=sku,quantity=n,unit_price=price'];
      const env = { NODE_OPTIONS: `--max-old-space-size=${heapMb}` };
      const { code, output } = await spawnOrders(serverUrls(), [...args, ...map], { env });
      expect(output).to.match(/300,000 orders: 300,000 accepted, 0 already there, 0 rejected/);
      expect(code).to.equal(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it(`${rows} rows that join two lines with two payments each are told apart with a heap of ${heapMb} MB`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orders-large-'));
    try {
      const file = join(folder, 'joined.csv');
      await pipeline(Readable.from(joinedLines()), createWriteStream(file));
      const args = ['import', file, '--group-by', 'no', '--total', 'computed', '--set', 'currency=EUR', '--dry-run'];
      const map = ['--map', 'user_id=user,occurred_at=at,line_id=line,item_id=sku,unit_price=price'];
      const payments = ['--map', 'payment_id=payment,paid_at=at,paid_amount=amount'];
      const env = { NODE_OPTIONS: `--max-old-space-size=${heapMb}` };
      const { code, output } = await spawnOrders(serverUrls(), [...args, ...map, ...payments], { env });
      expect(output).to.match(/250,000 orders: 250,000 accepted, 0 already there, 0 rejected/);
      expect(output).not.to.match(/more than its total/);
      expect(code).to.equal(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** Each pass over the orders has another line or another payment, so their rows are scattered. */
function* joinedLines(): Generator<string> {
  yield 'no,user,at,line,sku,price,payment,amount\n';
  const joinedOrders = rows / 4;
  for (let nth = 0; nth < rows; nth += 1) {
    const no = nth % joinedOrders;
    const pass = Math.floor(nth / joinedOrders);
    const [line, payment] = [1 + (pass % 2), 1 + Math.floor(pass / 2)];
    yield `N-${no},u-${no % 9_973},2026-01-10T10:00:00Z,${line},sku-${line},${line}.25,${payment},1.75\n`;
  }
}

function* lines(): Generator<string> {
  yield 'no,user,at,sku,n,price\n';
  for (let nth = 0; nth < rows; nth += 1) {
    const no = nth % orders;
    const day = String(1 + (no % 28)).padStart(2, '0');
    yield `N-${no},u-${no % 9_973},2026-01-${day}T10:00:00Z,sku-${nth},${1 + (nth % 3)},${(nth % 90) + 1}.25\n`;
  }
}
