import { expect } from 'chai';
import { changeDocument } from '../../src/orders/change-document.js';

describe('the document of a change', () => {
  it('has the fields of its event and its position, and no others', () => {
    const change = {
      order_id: '018f0000-0000-7000-8000-000000000001',
      version: 2,
      type: 'OrderNoteAdded',
      data: { text: 'n' },
      actor: 'clerk-7',
      occurred_at: '2026-01-01T00:00:00.000Z',
      recorded_at: '2026-01-01T00:00:01.000Z',
    };
    const internal = { ...change, hash: 'secret' };
    expect(changeDocument('5:120', internal)).to.deep.equal({ ...change, position: '5:120' });
  });
});
