import { expect } from 'chai';
import { parseLine } from '../../../src/http/batch/parse-line.js';

const order = { command: 'place', user_id: 'u-1', item_ids: ['a'], total_amount: '10' };

describe('A line of a batch or an import', () => {
  const parse = (input: Uint8Array | Record<string, unknown>) =>
    parseLine(
      { number: 1, input },
      { actor: 'test', mayImport: true, defaultCurrency: 'USD', requestId: undefined, correlationId: undefined },
    );
  const errorsOf = (line: Record<string, unknown>) =>
    // A batch sends JSON text; an import passes the fields of a record.
    [line, Buffer.from(JSON.stringify(line))].map((input) => {
      const parsed = parse(input);
      return 'problem' in parsed ? [parsed.problem.status, parsed.problem.errors?.[0]?.pointer] : parsed;
    });

  it('with ill-formed text is a 422 that names the field', () => {
    for (const [field, value, pointer] of [
      ['user_id', 'a\ud800', '/user_id'],
      ['item_ids', ['a', 'b\0'], '/item_ids/1'],
      ['metadata', { note: '\udfff' }, '/metadata/note'],
      ['idempotency_key', '\ud800', '/idempotency_key'],
    ] as const) {
      expect(errorsOf({ ...order, [field]: value }), field).to.deep.equal([
        [422, pointer],
        [422, pointer],
      ]);
    }
  });

  it('may have any well-formed text', () => {
    expect('request' in parse({ ...order, user_id: 'Zoë \u{1f600} \ufffd' })).to.equal(true);
  });
});
