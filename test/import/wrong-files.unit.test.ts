import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { readImportArguments } from '../../src/cli/commands/import/import-options.js';
import { problem } from '../../src/http/contract/problems.js';
import { rejectionReason } from '../../src/import/mapping/rejection-reason.js';
import { refusal, trialImport } from '../support/trial-import.js';

const args = ['--map', 'user_id=user,total_amount=total', '--set', 'item_id=x,currency=EUR,occurred_at=now'];
const rows = 'user,total\na,5\n';

describe('A file that an import cannot read', () => {
  const binary: [what: string, bytes: Buffer, message: RegExp][] = [
    ['a gzip file', gzipSync(rows), /is compressed with gzip: unpack it/],
    ['a ZIP archive', Buffer.from('PK\x03\x04\x14\0orders.csv', 'latin1'), /is a ZIP archive: unpack it/],
    ['an Excel workbook', Buffer.from('PK\x03\x04\x14\0[Content_Types].xml', 'latin1'), /is an Excel workbook: .*save/],
    [
      'an old Excel workbook',
      Buffer.from('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'latin1'),
      /is an Excel workbook: .*save/,
    ],
    ['a PDF document', Buffer.from('%PDF-1.7\n'), /is a PDF document: export/],
    ['UTF-32', Buffer.from('\xff\xfe\0\0u\0\0\0', 'latin1'), /is UTF-32: save it as UTF-8/],
  ];
  for (const [what, bytes, message] of binary) {
    it(`says that it is ${what}, and what to do, whatever the format`, async () => {
      expect(await refusal(bytes, args))
        .to.match(message)
        .and.not.match(/--encoding/);
      expect(await refusal(bytes, [], 'orders.ndjson')).to.match(message);
    });
  }

  it('says that it is JSON, or a page of the web', async () => {
    expect(await refusal('[{"user":"a"}]\n', args)).to.match(/is JSON, not CSV: .*jq -c '\.\[\]'.* --format ndjson/);
    expect(await refusal('{"user":"a"}\n', args)).to.match(/is JSON, not CSV: import it with --format ndjson/);
    expect(await refusal('<!DOCTYPE html>\n<html>', args)).to.match(/is a page of HTML or XML/);
  });

  it('says that it is no NDJSON, with the option for CSV', async () => {
    expect(await refusal(rows, [], 'orders.txt')).to.match(/is not NDJSON, .*--format csv/);
    expect(await refusal('[{"command":"place"}]', [], 'orders.json')).to.match(/is not NDJSON, .*jq -c/);
  });

  it('a column whose name begins as an archive does is a column', async () => {
    for (const name of ['PK', 'BZh', 'PAR1'])
      expect((await trialImport(`${name},user,total\n1,a,5\n`, args)).placed, name).to.have.length(1);
  });

  it('names a column that differs only in case, blanks or punctuation', async () => {
    expect(await refusal('User ,TOTAL\na,5\n', args)).to.match(/no column "user"; .*\. Did you mean "User"\?/);
    expect(await refusal('customer,total\na,5\n', args)).to.not.match(/Did you mean/);
  });

  it('says that whole rows are quoted', async () => {
    expect(await refusal('"user,total"\n"a,5"\n', args)).to.match(/Each row is one quoted cell: remove the quotes/);
  });

  it('rows without any text are left out, whatever the number of their cells', async () => {
    const file = `${rows}\n   \n,\n,,,,\n" ",\n`;
    for (const more of [[], ['--key', 'user'], ['--group-by', 'user']]) {
      const { placed, rejected } = await trialImport(file, [...args, ...more]);
      expect(placed, more.join(' ')).to.have.length(1);
      expect(rejected).to.deep.equal([]);
    }
  });

  it('lists a few of the rows that cannot be read, and not all of them', async () => {
    const message = await refusal(`${rows}${'a\n'.repeat(100)}`, [...args, '--group-by', 'user']);
    expect(message.split('\n')).to.have.length(6);
  });
});

describe('The reason for a rejected record', () => {
  it('names a charge by its kind, its amount and its columns', async () => {
    const { rejected } = await trialImport('no,user,sku,price\n1,a,x,5\n1,a,M,0.001\n', [
      ...['--group-by', 'no', '--total', 'computed', '--charges', 'other=M', '--set', 'currency=EUR,occurred_at=now'],
      ...['--map', 'user_id=user,item_id=sku,unit_price=price'],
    ]);
    expect(rejected.map(({ reason }) => reason)).to.deep.equal([
      'the other of 0.001 must have at most 2 decimals (columns "sku", "price"): correct the file, since a part of a cent is not rounded',
    ]);
  });

  it('has the value that the order does not accept, but no more than 100 characters of it', async () => {
    const header = 'no,total,currency\n';
    const options = [
      '--key',
      'no',
      '--set',
      'user_id=u,item_id=x,occurred_at=now',
      '--map',
      'total_amount=total,currency=currency',
    ];
    const { rejected } = await trialImport(`${header}1,5,EURO\n2,-5,EUR\n3,${'9'.repeat(300)},EUR\n`, options);
    expect(rejected.map(({ reason }) => reason.replace(/ must .*/, ''))).to.deep.equal([
      'currency "EURO"',
      'total_amount "-5"',
      `total_amount "${'9'.repeat(100)}…"`,
    ]);
  });

  it('names a price by its article', async () => {
    const { rejected } = await trialImport('no,user,sku,price\n1,a,x,5\n1,a,pads,0.001\n', [
      ...['--group-by', 'no', '--total', 'computed', '--set', 'currency=EUR,occurred_at=now'],
      ...['--map', 'user_id=user,item_id=sku,unit_price=price'],
    ]);
    expect(rejected[0]?.reason).to.match(
      /^unit_price 0\.001 of "pads" must have .* \(column "price"\): correct the file/,
    );
  });

  it('has the date of a step that comes too early, also if the step has no column', async () => {
    const { rejected } = await trialImport('user,total,at,sent\na,5,2026-01-02T00:00:00Z,2026-01-01T00:00:00Z\n', [
      ...['--map', 'user_id=user,total_amount=total,occurred_at=at,shipped_at=sent'],
      ...['--set', 'item_id=x,currency=EUR'],
    ]);
    expect(rejected[0]?.reason).to.match(
      /process was refused: occurred_at 2026-01-01T00:00:00\.000Z must not be before the order was placed, 2026-01-02/,
    );
  });

  it('asks for the time zone if the clocks skipped a time, and for dates if the cell has a day number', async () => {
    const dated = ['--map', 'user_id=user,total_amount=total,occurred_at=at', '--set', 'item_id=x,currency=EUR'];
    const format = ['--date-format', 'YYYY-MM-DD HH:mm', '--time-zone', 'Europe/Berlin'];
    const reasons = async (at: string, more: readonly string[]) =>
      (await trialImport(`user,total,at\na,5,${at}\n`, [...dated, ...more])).rejected[0]?.reason;
    expect(await reasons('2026-03-29 02:30', format)).to.match(/went forward: check --time-zone, or correct the cell$/);
    for (const more of [[], format])
      expect(await reasons('46028.4167', more)).to.match(/seems to be a day number of Excel/);
  });

  it('of a line of NDJSON in another encoding names the option, with which it is read', async () => {
    const place = { command: 'place', user_id: 'Zoë', item_ids: ['x'], total_amount: 5, currency: 'EUR' };
    const bytes = Buffer.from(`${JSON.stringify(place)}\n`, 'latin1');
    const { commands, rejected } = await trialImport(bytes, [], 'orders.ndjson');
    expect(commands).to.deep.equal([]);
    expect(rejected.map(({ reason }) => reason)).to.deep.equal([
      'The line is not UTF-8: set --encoding, such as latin1.',
    ]);
    const { placed } = await trialImport(bytes, ['--encoding', 'latin1'], 'orders.ndjson');
    expect(placed.join()).to.match(/^Zoë: /);
  });

  const reused = { line: 2, status: 422, problem: problem('idempotency-key-reused', '') };

  it('of an order that was imported before says what may differ: its rows, unless they have ids, or a step', () => {
    const fields = 'user_id=user,total_amount=total,item_id=sku,unit_price=price';
    let sent: Readonly<Record<string, unknown>> = { command: 'place' };
    const reasonWith = (...more: readonly string[]) => {
      const csv = readImportArguments([
        'f.csv',
        '--map',
        fields,
        '--set',
        'currency=EUR,occurred_at=now',
        ...more,
      ])?.csv;
      const mapping = csv?.mappingOf([]);
      return mapping && rejectionReason(reused, mapping, sent);
    };
    expect(reasonWith('--group-by', 'no')).to.match(
      /other content, or with its rows in another order; .* sort them as before, or map line_id from the first/,
    );
    expect(reasonWith('--group-by', 'no', '--map', 'line_id=line')).to.match(/with other content; /);
    expect(reasonWith('--key', 'no')).to.match(/with other content; /);
    // The rows of an order say nothing about its steps.
    sent = { command: 'ship' };
    expect(reasonWith('--group-by', 'no')).to.match(/has this ship with other content, such as another date; /);
    sent = { command: 'refund', amount: '5', idempotency_key: 'shop#1/refunded' };
    expect(reasonWith('--group-by', 'no')).to.match(/has this refund with .* amount: send the difference by the API /);
  });
});
