import { expect } from 'chai';
import { openApiDocument } from '../../../src/http/contract/openapi.js';
import { problemsOf } from '../../../src/http/contract/openapi-responses.js';
import type { Operation } from '../../../src/http/contract/operation.js';
import { operations } from '../../../src/http/contract/operations.js';
import { problemTypes } from '../../../src/http/contract/problem-types.js';
import { parseCursor } from '../../../src/queries/changes/stream-cursor.js';

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

  it('a field that may be null according to its description can be null', () => {
    const wrong: string[] = [];
    for (const [pointer, properties] of under('properties')) {
      for (const [name, schema] of Object.entries(properties).filter((entry): entry is [string, Json] =>
        isObject(entry[1]),
      )) {
        const isNullable = JSON.stringify([schema.type, schema.anyOf]).includes('"null"');
        const saysNull = /(^|; )null\b(?! with)/i.test(String(schema.description));
        if (saysNull && !isNullable) wrong.push(`${pointer}/${name}: ${String(schema.description)}`);
      }
    }
    expect(wrong).to.deep.equal([]);
  });

  it('the type and the version of an event are described so in events alone', () => {
    const wrong: string[] = [];
    for (const [pointer, properties] of under('properties')) {
      const { type, version } = properties;
      if (isObject(type) && type.enum !== undefined && String(type.description).includes('event'))
        wrong.push(`${pointer}/type`);
      if (isObject(version) && String(version.description).includes('number of the event in the') && !type)
        wrong.push(`${pointer}/version`);
    }
    expect(wrong).to.deep.equal([]);
  });
});

describe('The examples of the OpenAPI document', () => {
  const all = Object.entries<Operation>(operations);
  /** The problems among the responses of an operation. */
  function* problemsIn(id: string, { path, method }: Operation): Generator<[string, Json]> {
    const methods = (document.paths as Record<string, Record<string, Json>>)[path];
    for (const [status, response] of Object.entries(methods?.[method]?.responses as Json)) {
      const { $ref } = response as { $ref?: string };
      const shared = (document.components as { responses: Json }).responses;
      const resolved = $ref === undefined ? response : shared[$ref.split('/').at(-1) ?? ''];
      const content = (resolved as Json).content as Record<string, Json> | undefined;
      const found = content?.['application/problem+json']?.examples as Record<string, { value: Json }> | undefined;
      for (const [name, { value }] of Object.entries(found ?? {})) yield [`${id} ${status} ${name}`, value];
    }
  }

  it('say of commands alone whether they may have been done', () => {
    const wrong = all.flatMap(([id, operation]) =>
      [...problemsIn(id, operation)].filter(
        ([, value]) => 'may_have_been_done' in value !== (operation.method !== 'get' && isUncertain(value)),
      ),
    );
    expect(wrong.map(([name]) => name)).to.deep.equal([]);
  });
  const isUncertain = ({ type, status }: Json) =>
    type === '/problems/unreadable-event' ||
    (status === 503 && type !== '/problems/read-models-unavailable' && type !== '/problems/position-not-reached');

  it('name the path of a request that gets the problem as its instance', () => {
    const paths = all.map(([, { path }]) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`));
    const byProblem = new Map<string, Set<string>>();
    for (const [id, operation] of all) {
      for (const [name, value] of problemsIn(id, operation)) {
        const instance = String(value.instance);
        if (value.type === '/problems/not-found') expect(instance).to.equal('/order');
        else
          expect(
            paths.some((path) => path.test(instance)),
            `${name}: ${instance}`,
          ).to.equal(true);
        const named = byProblem.get(String(value.type)) ?? new Set();
        byProblem.set(String(value.type), named.add(instance));
      }
    }
    expect(
      [...(byProblem.get('/problems/webhook-not-found') ?? [])].every((path) => path.startsWith('/webhooks/')),
    ).to.equal(true);
    expect(
      [...(byProblem.get('/problems/order-on-hold') ?? [])].every((path) => /^\/orders\/[^/]+\/\w+$/.test(path)),
    ).to.equal(true);
  });

  it('of streams have ids that the service accepts, and the names of their events', () => {
    const textOf = (path: string) => {
      const { get = {} } = (document.paths as Record<string, Record<string, Json>>)[path] ?? {};
      const content = ((get.responses as Json)['200'] as Json).content as Record<string, Json>;
      return String(content['text/event-stream']?.example);
    };
    const [, id = '', change = ''] = /^id: (.*)\ndata: (.*)\n\n/.exec(textOf('/orders/stream')) ?? [];
    const partitions = Array.from({ length: 8 }, (_, partition) => partition);
    expect(parseCursor(id, id.slice(0, 8), partitions)?.positions.get(5)).to.equal(120);
    expect(JSON.parse(change).position).to.equal('5:120');
    const [, projections = ''] = /^event: projections\ndata: (.*)\n\n/.exec(textOf('/projections')) ?? [];
    expect(JSON.parse(projections).projections[0].name).to.equal('order-status');
  });
});
