import { expect } from 'chai';
import { refusal, trialImport } from '../../support/trial-import.js';

const header = 'no,user,total,at\n';
const args = ['--map', 'user_id=user,total_amount=total,occurred_at=at', '--set', 'item_id=x,currency=EUR'];
const monthFirst = [...args, '--date-format', 'M/D/YYYY'];
const modes = [[], ['--key', 'no'], ['--group-by', 'no']];

/** One order per date. */
function file(...dates: readonly string[]): string {
  return header + dates.map((date, nth) => `${nth + 1},u,5,${date}\n`).join('');
}

describe('The order of day and month in a file', () => {
  it('a file with the other order than its format is refused as a whole, with the format that it needs', async () => {
    for (const mode of modes) {
      expect(await refusal(file('01/12/2025', '02/12/2025', '13/12/2025'), [...monthFirst, ...mode])).to.match(
        /column "at" \(occurred_at\) has "13\/12\/2025" in line 4, .* nothing was placed\. Set --date-format 'D\/M\/YYYY'/,
      );
    }
    const dayFirst = [...args, '--date-format', '[on] DD.MM.YYYY HH:mm'];
    expect(await refusal(file('on 01.13.2025 10:00'), dayFirst)).to.match(
      /Set --date-format '\[on\] MM\.DD\.YYYY HH:mm'/,
    );
  });

  it('the dates of steps count too', async () => {
    const steps = ['--date-format', 'M/D/YYYY', '--map', 'paid_at=paid'];
    const rows = 'user,total,at,paid\nu,5,1/2/2025,1/2/2025\nu,5,1/2/2025,13/2/2025\n';
    expect(await refusal(rows, [...args, ...steps])).to.match(/column "paid" \(paid_at\) has "13\/2\/2025" in line 3/);
  });

  it('a wrong cell in a file that shows its order is rejected alone, with a warning', async () => {
    for (const mode of modes) {
      const { placed, rejected, warnings } = await trialImport(file('1/31/2025', '13/2/2025'), [
        ...monthFirst,
        ...mode,
      ]);
      expect(placed).to.have.length(1);
      expect(rejected.map(({ line }) => line)).to.deep.equal([3]);
      expect(warnings).to.deep.equal(['column "at" has dates in both orders of day and month: line 3']);
    }
  });

  it('two formats of the user that read every date leave nothing to refuse', async () => {
    const both = [...monthFirst, '--date-format', 'D/M/YYYY'];
    expect((await trialImport(file('1/2/2025', '13/2/2025'), both)).placed).to.deep.equal([
      'u: 1 x = 5 EUR, 2025-01-02T00:00:00.000Z',
      'u: 1 x = 5 EUR, 2025-02-13T00:00:00.000Z',
    ]);
  });

  it('dates with the year first, or with a name of the month, are not looked at', async () => {
    const named = [...args, '--date-format', 'YYYY-MM-DD', '--date-format', 'D MMM YYYY'];
    expect((await trialImport(file('2025-13-01', '2 Jan 2025'), named)).rejected.map(({ line }) => line)).to.deep.equal(
      [2],
    );
  });

  it('the format of a preset is presumed with a warning if no date shows the order', async () => {
    const columns = 'InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n';
    const row = (date: string) => `536365,85123A,6,${date} 8:26,2.55,17850\n`;
    const preset = ['--preset', 'uci-online-retail'];
    expect(await refusal(columns + row('13/12/2010'), preset)).to.match(/Set --date-format 'D\/M\/YYYY H:mm'/);
    expect((await trialImport(columns + row('12/1/2010'), preset)).warnings).to.deep.equal([
      'no date of column "InvoiceDate" shows whether the day or the month comes first: line 2',
    ]);
    for (const shown of [columns + row('12/13/2010'), columns + row('2010-12-01')])
      expect((await trialImport(shown, preset)).warnings).to.deep.equal([]);
    const given = [...preset, '--date-format', 'D/M/YYYY H:mm'];
    expect((await trialImport(columns + row('1/12/2010'), given)).warnings).to.deep.equal([]);
  });
});
