import { expect } from 'chai';
import { openApiDocument } from '../../../src/http/contract/openapi.js';
import { problemsOf } from '../../../src/http/contract/openapi-responses.js';
import { operations } from '../../../src/http/contract/operations.js';
import { problemTypes } from '../../../src/http/contract/problem-types.js';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const document = JSON.parse(JSON.stringify(openApiDocument())) as Json;

/** All objects in the document under this keyword, with the pointers that lead to them. */
function* under(keyword: string, value: unknown = document, pointer = ''): Generator<[string, Json]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, one] of Object.entries(value)) {
    const path = `${pointer}/${name}`;
    if (name === 'example' || name === 'examples') continue;
    if (name === keyword && isObject(one) && !pointer.endsWith('/properties')) yield [path, one];
    yield* under(keyword, one, path);
  }
}

describe('The OpenAPI document is complete:', () => {
  it('every field of every schema has a description', () => {
    let fields = 0;
    const silent: string[] = [];
    for (const [pointer, properties] of under('properties')) {
      for (const [name, schema] of Object.entries(properties)) {
        fields += 1;
        if (isObject(schema) && !('$ref' in schema) && !schema.description) silent.push(`${pointer}/${name}`);
      }
    }
    expect(silent).to.deep.equal([]);
    expect(fields).to.be.greaterThan(500);
  });

  it('every parameter has a description', () => {
    const silent: string[] = [];
    for (const [pointer, methods] of Object.entries(document.paths as Record<string, Json>)) {
      for (const operation of Object.values(methods).filter(isObject)) {
        for (const parameter of (operation.parameters as Json[]).filter((one) => !('$ref' in one)))
          if (!parameter.description) silent.push(`${pointer} ${String(parameter.name)}`);
      }
    }
    expect(silent).to.deep.equal([]);
  });

  it('every request and every response of every operation has an example', () => {
    let types = 0;
    const silent: string[] = [];
    for (const [pointer, content] of under('content')) {
      for (const [type, media] of Object.entries(content).filter(([, one]) => isObject(one))) {
        types += 1;
        const { example, examples } = media as Json;
        if (example === undefined && (!isObject(examples) || Object.keys(examples).length === 0))
          silent.push(`${pointer} ${type}`);
      }
    }
    expect(silent).to.deep.equal([]);
    expect(types).to.be.greaterThan(100);
  });

  it('its introduction explains what holds for all operations', () => {
    const { description } = document.info as { readonly description: string };
    for (const heading of ['Access', 'Idempotency', 'Money', 'Paging', 'Errors', 'Consistency'])
      expect(description).to.match(new RegExp(`^## ${heading}$`, 'm'));
  });

  it('every problem is named by an operation', () => {
    const named = new Set(Object.values(operations).flatMap((operation) => [...problemsOf(operation)]));
    expect(Object.keys(problemTypes).filter((name) => !named.has(name as never))).to.deep.equal([]);
  });
});
