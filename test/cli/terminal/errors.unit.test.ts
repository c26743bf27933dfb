import { expect } from 'chai';
import { errorMessage } from '../../../src/cli/terminal/errors.js';

describe('error messages in the terminal', () => {
  it('the message of a failed connection names every address that was tried', () => {
    const failed = new AggregateError([new Error('connect ::1:5432'), new Error('connect 127.0.0.1:5432')]);
    expect(errorMessage(failed)).to.equal('connect ::1:5432; connect 127.0.0.1:5432');
    expect(errorMessage('no Error at all')).to.equal('no Error at all');
  });
});
