import { expect } from 'chai';
import fc from 'fast-check';
import { ProblemError } from '../../src/http/contract/problems.js';
import { namesIn } from '../../src/http/repeated-names.js';
import { parseJson } from '../../src/http/request/json-body.js';

/** The detail of the problem with a JSON text, or an empty text if it is accepted. */
function problemOf(text: string): string {
  try {
    parseJson(Buffer.from(text));
    return '';
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.detail;
    throw error;
  }
}

describe('An object that has a name twice', () => {
  const repeating: readonly (readonly [text: string, name: string])[] = [
    ['{"total_amount":10,"total_amount":20}', 'total_amount'],
    ['{"a":1,"a":1}', 'a'],
    ['{"a" :1,"b":2, "a"\n:3}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['[{"items":[{"price":1,"quantity":2,"price":3}]}]', 'price'],
    ['{"":1,"":2}', ''],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"a":{"b":1},"c":["a"],"a":{}}', 'a'],
  ];
  for (const [text, name] of repeating) {
    it(`is rejected: ${text.replaceAll('\n', ' ')}`, () =>
      expect(problemOf(text)).to.equal(`The body has the name "${name}" twice in one object.`));
  }

  it('is named by at most 100 characters', () => {
    const name = 'n'.repeat(300);
    expect(problemOf(`{"${name}":1,"${name}":2}`)).to.equal(
      `The body has the name "${'n'.repeat(100)}" twice in one object.`,
    );
  });

  it('is told from names in several objects, and from texts that look like names', () => {
    for (const text of [
      '{"a":{"a":[{"a":1},{"a":2}]}}',
      '{"a":"\\"a\\":","b":"{\\"a\\":1}"}',
      '{"a":":","b":"a\\\\","c":"\\\\\\":"}',
      '["a","a",":",{}]',
      '":"',
      '{"a": "b:c", "time":"10:00:00"}',
    ])
      expect(problemOf(text), text).to.equal('');
  });

  it('is searched for only if there is one, however much a text looks like it', () => {
    for (const [text, names] of [
      ['{"a":":","b":"\\":"}', 2],
      ['{"a":"{\\"a\\":1,\\"a\\" : 2}"}', 1],
      ['{"a\\\\" : "\\\\","b\\\\\\"":[":",":"]}', 2],
      ['[":"," : ","\\\\\\":"]', 0],
      ['{"a":1,"a":{"a":[]}}', 3],
    ] as const)
      expect(namesIn(text), text).to.equal(names);
  });

  it('is rejected wherever it is, and no other JSON is', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(problemOf(text)).to.equal('');
        expect(problemOf(`[${text},{"x":1,"y":${text},"x":2}]`)).to.match(/the name "x" twice/);
      }),
    );
  });
});
