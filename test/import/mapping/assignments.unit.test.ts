import { expect } from 'chai';
import { parseAssignments } from '../../../src/import/mapping/assignments.js';

const parse = (text: string) => Object.fromEntries(parseAssignments(text, '--map'));

describe('The assignments of --map, --set and --default', () => {
  it('a column name with a comma, an equals sign or a quote is quoted', () => {
    expect(parse('total_amount="Total, gross",user_id=User')).to.deep.equal({
      total_amount: 'Total, gross',
      user_id: 'User',
    });
    expect(parse('"total_amount=Total, gross"')).to.deep.equal({ total_amount: 'Total, gross' });
    expect(parse('user_id="The ""best"" user",item_id=a=b')).to.deep.equal({
      user_id: 'The "best" user',
      item_id: 'a=b',
    });
    expect(parse(' user_id = User name , metadata.note = 5" pipe ')).to.deep.equal({
      user_id: 'User name',
      'metadata.note': '5" pipe',
    });
  });

  for (const [text, reason] of [
    ['total_amount=Total, gross', /"gross" is not of the form field=value; quote/],
    ['user_id="User', /a quote is not closed/],
    ['customer=ID', /no field "customer"; the fields are user_id/],
    ['user_id=a,user_id=b', /user_id is there twice/],
    ['', /not of the form/],
  ] as const) {
    it(`the assignments "${text}" are refused with a reason`, () => expect(() => parse(text)).to.throw(reason));
  }
});
