import { expect } from 'chai';
import { GrowingBuffer } from '../../src/http/growing-buffer.js';

describe('GrowingBuffer', () => {
  it('pieces of any size are joined, and the growth of the memory adds up to what it takes', () => {
    const buffer = new GrowingBuffer(5_000);
    let grown = 0;
    for (let nth = 0; nth < 5_000; nth += 1) grown += buffer.append(Buffer.from([nth % 256]));
    expect([buffer.length, buffer.capacity, grown]).to.deep.equal([5_000, 5_000, 5_000]);
    expect(() => buffer.append(Buffer.from('x'))).to.throw(RangeError);
    expect([...buffer.take()]).to.deep.equal(Array.from({ length: 5_000 }, (_, nth) => nth % 256));
    expect([buffer.length, buffer.capacity]).to.deep.equal([0, 0]);
    expect(buffer.append(Buffer.from('abc'))).to.equal(buffer.capacity);
    expect(buffer.take().toString()).to.equal('abc');
  });
});
