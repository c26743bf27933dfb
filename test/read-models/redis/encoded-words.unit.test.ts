import { expect } from 'chai';
import { Command } from 'ioredis';
import { encodeWords } from '../../../src/read-models/redis/encoded-words.js';

describe('encoding words for Redis', () => {
  it('words are encoded as the client encodes them, whatever their length and characters', () => {
    const texts = ['', 'a', 'é', '€uro', '\0\n\r', '😀', 'x\ud800y', `${'a'.repeat(47)}é`];
    const lengths = [9, 10, 47, 48, 49, 99, 100, 999, 70_000];
    const words = [
      ...texts,
      ...lengths.map((length) => 'w'.repeat(length)),
      ...lengths.map((length) => 'ü'.repeat(length)),
    ];
    for (const some of [words, words.slice(0, 1), words.toReversed(), []]) {
      const { count, bytes } = encodeWords(some);
      const [, expected = ''] = String(new Command('get', some).toWritable({})).split(/get\r\n(.*)/s);
      expect(count).to.equal(some.length);
      expect(bytes.equals(Buffer.from(expected))).to.equal(true);
    }
    expect(String(encodeWords([0, 120, -1]).bytes)).to.equal('$1\r\n0\r\n$3\r\n120\r\n$2\r\n-1\r\n');
  });

  it('words that were encoded stay as they are when others are encoded', () => {
    const { bytes } = encodeWords(['first']);
    encodeWords(['other']);
    expect(String(bytes)).to.equal('$5\r\nfirst\r\n');
  });
});
