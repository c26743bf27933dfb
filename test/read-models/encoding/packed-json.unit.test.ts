import { expect } from 'chai';
import fc from 'fast-check';
import { packJson, unpackJson } from '../../../src/read-models/encoding/packed-json.js';

describe('packed JSON', () => {
  it('packed JSON text unpacks to exactly the same text', () => {
    const known = {
      user_id: 'u',
      currency: 'USD',
      total_minor: 1,
      items: [{ item_id: 'a', quantity: 1 }],
      metadata: {},
    };
    expect(unpackJson(packJson(JSON.stringify(known)))).to.equal(JSON.stringify(known));
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(unpackJson(packJson(json))).to.equal(json);
      }),
    );
  });
});
