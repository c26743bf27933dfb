import { expect } from 'chai';
import { entityTags } from '../../../src/http/request/etags.js';

describe('The tags in If-Match and If-None-Match', () => {
  const lists: [string, string[] | undefined][] = [
    ['"3"', ['3']],
    ['"3", "4","5"', ['3', '4', '5']],
    [' , "3",, ', ['3']],
    ['W/"3"', ['3']],
    ['"3-gzip"', ['3']],
    ['"3-br", W/"4-zstd"', ['3', '4']],
    ['"3-deflate"', ['3-deflate']],
    ['"3-gzip-gzip"', ['3-gzip']],
    ['"a,b"', ['a,b']],
    ['""', ['']],
    ['3', undefined],
    ['"3', undefined],
    ['"3" "4"', undefined],
    ['w/"3"', undefined],
    ['*, "3"', undefined],
    ['"3"-gzip', undefined],
  ];
  for (const [header, tags] of lists) {
    it(`${header} ${tags ? `are ${JSON.stringify(tags)}` : 'are not valid'}`, () => {
      expect(entityTags(header)).to.deep.equal(tags);
    });
  }
});
