import { expect } from 'chai';
import { repeatedValue } from '../../src/import/input/repeated-values.js';
import { refusal, trialImport } from '../support/trial-import.js';

const all = ['--map', 'user_id=user,total_amount=total,currency=currency,occurred_at=at', '--set', 'item_id=x'];
const short = ['--map', 'user_id=user,total_amount=total', '--set', 'item_id=x,currency=EUR,occurred_at=now'];

describe('An import never guesses', () => {
  it('an empty date or currency is refused with its line and column, unless --default names a value', async () => {
    const file = 'user,total,currency,at\na,5,,2026-01-01T00:00:00Z\nb,5,EUR,\nc,5,usd,2026-01-01T00:00:00Z\n';
    const { placed, rejected } = await trialImport(file, all);
    expect(placed).to.deep.equal(['c: 1 x = 5 USD, 2026-01-01T00:00:00.000Z']);
    expect(rejected.map(({ line, reason }) => [line, reason])).to.deep.equal([
      [2, 'column "currency" (currency) is empty: fill it in, or set --default currency=VALUE'],
      [3, 'column "at" (occurred_at) is empty: fill it in, or set --default occurred_at=VALUE'],
    ]);
    expect(rejected[0]?.record).to.equal('a,5,,2026-01-01T00:00:00Z');
    const filled = await trialImport(file, [...all, '--default', 'currency=EUR,occurred_at=now']);
    expect(filled.placed.slice(0, 2)).to.deep.equal([
      'a: 1 x = 5 EUR, 2026-01-01T00:00:00.000Z',
      'b: 1 x = 5 EUR, now',
    ]);
  });

  it('a file without a date or a currency column is refused, unless --set says what to take', async () => {
    const file = 'user,total\na,5\n';
    expect(
      await refusal(file, ['--map', 'user_id=user,total_amount=total', '--set', 'item_id=x,currency=EUR']),
    ).to.match(/occurred_at is not mapped.*--set occurred_at=now/);
    expect(
      await refusal(file, ['--map', 'user_id=user,total_amount=total', '--set', 'item_id=x,occurred_at=now']),
    ).to.match(/currency is not mapped.*--set currency=/);
    expect((await trialImport(file, short)).placed).to.deep.equal(['a: 1 x = 5 EUR, now']);
  });

  it('a row with more or fewer cells than the header is refused', async () => {
    const { placed, rejected } = await trialImport('user,total\na,12,50\nb\nc,"12.50"\n', short);
    expect(placed).to.deep.equal(['c: 1 x = 12.50 EUR, now']);
    expect(rejected.map(({ line, reason }) => [line, reason.slice(0, 56)])).to.deep.equal([
      [2, 'the row has 3 cells, but the header has 2 columns: quote'],
      [3, 'the row has 1 cell, but the header has 2 columns: quote '],
    ]);
  });

  it('a mapped column name that the header has twice is refused, and a number names one of them', async () => {
    const file = 'user,total,total\na,5,7\n';
    expect(await refusal(file, short)).to.match(/the columns 2 and 3 .* both named "total"; .*#2/);
    const numbered = ['--map', 'user_id=user,total_amount=#3', ...short.slice(2)];
    expect((await trialImport(file, numbered)).placed).to.deep.equal(['a: 1 x = 7 EUR, now']);
  });

  it('a charge below 0 is refused with its field, and what may be below 0 is named', async () => {
    const columns = 'no,user,total,at,sku,price,charge\n';
    const row = '1,u,5.00,2026-01-01T00:00:00Z,x,10.00,-5.00\n';
    const mapped = [
      ...['--key', 'no', '--set', 'currency=EUR'],
      ...['--map', 'user_id=user,total_amount=total,occurred_at=at,item_id=sku,unit_price=price'],
    ];
    for (const field of ['shipping', 'tax', 'fee', 'tip', 'line_shipping', 'line_tax', 'line_fee']) {
      const { placed, rejected } = await trialImport(columns + row, [...mapped, '--map', `${field}=charge`]);
      const type = field.replace('line_', '');
      expect([placed, rejected.map(({ reason }) => reason)]).to.deep.equal([
        [],
        [`${type} is -5, which is below 0: map other instead of ${type}, since it may be below 0, or correct the file`],
      ]);
    }
    const { rejected } = await trialImport(columns + row, [...mapped, '--map', 'other=charge']);
    expect(rejected).to.deep.equal([]);
  });

  it('blanks do not split item ids', async () => {
    const args = ['--map', 'user_id=user,total_amount=total,item_ids=items', '--set', 'currency=EUR,occurred_at=now'];
    const file = 'user,total,items\na,5,blue shirt|red hat; cap\n';
    expect((await trialImport(file, args)).placed).to.deep.equal(['a: blue shirt + red hat + cap = 5 EUR, now']);
    expect((await trialImport(file, [...args, '--item-separator', ' '])).placed).to.deep.equal([
      'a: blue + shirt|red + hat; + cap = 5 EUR, now',
    ]);
  });

  it('an order whose columns all have a default or a constant may still be refused, with the column’s name', async () => {
    const { rejected } = await trialImport('user,total\na,1.234\n', short);
    expect(rejected.map(({ reason }) => reason)).to.deep.equal([
      'total_amount "1.234" must have at most 2 decimals (column "total"): correct the file, since a part of a cent is not rounded',
    ]);
  });

  it('an order dated after the withdrawal of its currency is placed with a warning', async () => {
    const file = 'user,total,currency,at\na,5,HRK,2022-12-31T00:00:00Z\nb,5,HRK,2023-02-01T00:00:00Z\n';
    const { placed, warnings } = await trialImport(file, all);
    expect(placed).to.have.length(2);
    expect(warnings).to.deep.equal(['an order in HRK is dated after its withdrawal in 2023-01: line 3']);
  });

  describe('of the file', () => {
    const european = Buffer.from('order;customer;total\nE1;M\xfcller;12,50\n', 'latin1');
    const map = ['--map', 'user_id=customer,total_amount=total', ...short.slice(2)];

    it('a file in another encoding, with another delimiter and decimal comma is refused, and the message names the options', async () => {
      expect(await refusal(european, map)).to.match(
        /no column "customer"; its only column is "order;customer;total"\. .*--delimiter ';' --decimal , --encoding latin1/,
      );
      const given = [...map, '--delimiter', ';', '--decimal', ',', '--encoding', 'latin1'];
      expect((await trialImport(european, given)).placed).to.deep.equal(['Müller: 1 x = 12.50 EUR, now']);
    });

    it('each of the three options is named by the reason if only it is missing', async () => {
      const [delimiter, decimal, encoding] = [
        ['--delimiter', ';'],
        ['--decimal', ','],
        ['--encoding', 'windows-1252'],
      ];
      expect(await refusal(european, [...map, ...(decimal ?? []), ...(encoding ?? [])])).to.match(/--delimiter ';'/);
      const reasons = async (...options: (readonly string[] | undefined)[]) =>
        (await trialImport(european, [...map, ...options.flatMap((one) => one ?? [])])).rejected[0]?.reason;
      expect(await reasons(delimiter, encoding)).to.match(/--decimal ,/);
      expect(await reasons(delimiter, decimal)).to.match(/--encoding/);
    });

    it('windows-1252 has its own characters, and bytes that it lacks are refused', async () => {
      const file = (byte: number) =>
        Buffer.concat([Buffer.from('user,total\n'), Buffer.from([byte]), Buffer.from(',5\n')]);
      const args = [...short, '--encoding', 'windows-1252'];
      expect((await trialImport(file(0x80), args)).placed).to.deep.equal(['€: 1 x = 5 EUR, now']);
      expect((await trialImport(file(0x9f), args)).placed).to.deep.equal(['Ÿ: 1 x = 5 EUR, now']);
      expect(await refusal(file(0x81), args)).to.match(/not windows-1252 throughout: byte 11/);
    });

    it('bytes that are no UTF-16 are refused, with the encoding in the message', async () => {
      const halved = Buffer.from('\ufeffuser,total\nada,5\n\ud800\n', 'utf16le');
      const reason = await refusal(halved, [...short, '--encoding', 'utf-16']);
      expect(reason).to.match(/ is not utf-16 throughout: /);
    });

    for (const bigEndian of [false, true]) {
      it(`UTF-16, ${bigEndian ? 'big' : 'little'} endian, is read with --encoding utf-16 and refused without`, async () => {
        const bytes = Buffer.from('\ufeffuser,total\r\nMüller 😀,5\r\n', 'utf16le');
        const file = bigEndian ? bytes.swap16() : bytes;
        expect(await refusal(file, short)).to.match(/is UTF-16: set --encoding utf-16/);
        expect((await trialImport(file, [...short, '--encoding', 'utf-16'])).placed).to.deep.equal([
          'Müller 😀: 1 x = 5 EUR, now',
        ]);
      });
    }

    it('a byte order mark of UTF-8 is not part of the first column, nor of the first JSON line', async () => {
      expect((await trialImport('\ufeffuser,total\na,5\n', short)).placed).to.have.length(1);
      const line = '\ufeff{"command":"place","user_id":"a","item_ids":["x"],"total_amount":1}\n';
      expect((await trialImport(line, [], 'orders.ndjson')).placed).to.have.length(1);
    });

    it('lines may end with a carriage return alone', async () => {
      const { placed, rejected } = await trialImport('user,total\ra,5\r"b\rc",6\rd\r', short);
      expect(placed).to.deep.equal(['a: 1 x = 5 EUR, now', 'b\nc: 1 x = 6 EUR, now'].slice(0, 1));
      expect(rejected.map(({ line, record }) => [line, record])).to.deep.equal([
        [3, '"b\nc",6'],
        [5, 'd'],
      ]);
    });

    it('a first line such as sep=; declares the delimiter, and another --delimiter is refused', async () => {
      for (const start of ['sep=;\n', '\ufeffsep=;\r\n', '"sep=;"\r\n']) {
        const { placed } = await trialImport(`${start}user;total\na;5\n`, short);
        expect(placed).to.deep.equal(['a: 1 x = 5 EUR, now']);
      }
      const declared = 'sep=;\nuser;total\na;5\nb;\n';
      expect(
        (await trialImport(declared, [...short, '--delimiter', ';'])).rejected.map(({ line }) => line),
      ).to.deep.equal([4]);
      expect(await refusal(declared, [...short, '--delimiter', ','])).to.match(
        /--delimiter ',': .* begins with the line sep=;: remove the option or the line/,
      );
      expect((await trialImport(declared, [...short, '--group-by', 'user'])).placed).to.have.length(1);
      expect((await trialImport('sep=\t\nuser\ttotal\na\t5\n', short)).placed).to.have.length(1);
      const wrong = await refusal('sep=,\nuser;total\na;5\n', short);
      expect(wrong, 'the line after it shows the delimiter').to.match(/seems to need --delimiter ';'/);
    });

    it('a column whose name begins with sep= declares no delimiter', async () => {
      expect(await refusal('sep=x\na\n', short)).to.not.match(/--delimiter/);
    });

    it('a tab is written \\t', async () => {
      expect((await trialImport('user\ttotal\na\t5\n', [...short, '--delimiter', '\\t'])).placed).to.have.length(1);
      expect(await refusal('user\ttotal\na\t5\n', short)).to.match(/--delimiter '\\t'/);
    });

    it('messages and rejected records stay short whatever the file holds', async () => {
      const columns = Array.from({ length: 5_000 }, (_, nth) => `column ${nth}`).join(',');
      expect((await refusal(`${columns}\n`, short)).length).to.be.lessThan(4_000);
      const { rejected } = await trialImport(`user,total\n${'u'.repeat(400_000)},5\n`, short);
      expect(rejected).to.have.length(1);
      expect(JSON.stringify(rejected[0]).length).to.be.lessThan(20_000);
    });
  });

  describe('of rows that belong together', () => {
    const keyed = ['--map', 'user_id=user,total_amount=total', '--set', 'item_id=x,currency=EUR,occurred_at=now'];
    const file = 'id,user,total\n1,a,5\n2,b,6\n1,a,7\n';

    it('a key or an order id that repeats is refused before anything is placed, and the message names --group-by', async () => {
      expect(await refusal(file, [...keyed, '--key', 'id'])).to.match(
        /^--key id: "1" is in lines 2 and 4, so nothing was placed.*--group-by/,
      );
      expect(await refusal(file, ['--map', 'user_id=user,total_amount=total,order_id=id', ...keyed.slice(2)])).to.match(
        /^--map order_id=id: "1" is in lines 2 and 4.*--group-by/,
      );
    });

    it('the search for repeated values is exact with a table that is too small for all of them', async () => {
      const rows = Array.from({ length: 5_000 }, (_, nth) => `${nth},a,5`);
      const search = async (text: string) => {
        const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
        const folder = await mkdtemp('/tmp/orders-repeated-');
        await writeFile(`${folder}/f.csv`, text);
        const header = { columns: ['id', 'user', 'total'], delimiter: ',', end: { lines: 1, bytes: 14 } };
        const found = await repeatedValue(`${folder}/f.csv`, header, 0, () => undefined, 2_048);
        await rm(folder, { recursive: true });
        return found;
      };
      expect(await search(`id,user,total\n${rows.join('\n')}\n`)).to.equal(undefined);
      expect(await search(`id,user,total\n${[...rows, '4321,a,5'].join('\n')}\n`)).to.deep.equal({
        value: '4321',
        lines: [4_323, 5_002],
      });
    });

    it('an empty key is refused', async () => {
      const { rejected } = await trialImport('id,user,total\n,a,5\n', [...keyed, '--key', 'id']);
      expect(rejected[0]?.reason).to.match(/"id" \(--key\) is empty/);
    });
  });

  it('NDJSON takes no options of CSV', async () => {
    expect(await refusal('{}', ['--key', 'id'], 'orders.ndjson')).to.match(/--key is for CSV files/);
  });

  it('a step at a time that the clocks showed twice leads to a warning, once per order', async () => {
    const options = ['--key', 'no', '--set', 'user_id=u,currency=EUR,item_id=x', '--time-zone', 'Europe/Berlin'];
    const map = ['--map', 'total_amount=total,occurred_at=at,paid_at=paid,shipped_at=sent'];
    const rows = '1,5,2025-10-20 10:00,2025-10-26 02:10,2025-10-26 02:30\n2,5,2025-10-20 10:00,2025-10-27 02:10,\n';
    const { commands, warnings } = await trialImport(`no,total,at,paid,sent\n${rows}`, [
      ...[...options, ...map],
      ...['--date-format', 'YYYY-MM-DD HH:mm'],
    ]);
    expect(commands.map(({ occurredAt }) => occurredAt)).to.include('2025-10-26T00:10:00.000Z');
    expect(warnings).to.deep.equal(['a local time that occurred twice is taken as the first: line 2']);
  });

  it('a return at a time that the clocks showed twice leads to a warning, also without its order', async () => {
    const options = [
      '--group-by',
      'no',
      '--returns',
      'negative',
      '--total',
      'computed',
      '--set',
      'user_id=u,currency=EUR',
    ];
    const map = ['--map', 'occurred_at=at,item_id=sku,quantity=n,unit_price=price,return_of=of'];
    const { warnings } = await trialImport('no,at,sku,n,price,of\nR1,2025-10-26 02:10,x,-1,5,9\n', [
      ...[...options, ...map],
      ...['--date-format', 'YYYY-MM-DD HH:mm', '--time-zone', 'Europe/Berlin'],
    ]);
    expect(warnings).to.deep.equal(['a local time that occurred twice is taken as the first: line 2']);
  });
});
