import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import fc from 'fast-check';
import type { OrderCommand } from '../../src/orders/commands.js';
import { decide } from '../../src/orders/decisions/decide.js';
import { earlierEventDataSchemas } from '../../src/orders/earlier-event-data.js';
import { eventDataSchemas } from '../../src/orders/event-data.js';
import type { OrderEventType } from '../../src/orders/events.js';
import { evolve } from '../../src/orders/evolve.js';
import type { Order } from '../../src/orders/order.js';
import { currentSchema, orderEventTypes, upcast } from '../../src/orders/upcast.js';
import { projectPath } from '../../src/project-path.js';
import { anyCommand } from '../support/any-command.js';
import { orderId } from '../support/given.js';

const ajv = new Ajv2020({ strict: false, allErrors: true });
const validators = new Map<object, ReturnType<typeof ajv.compile>>();

function expectValid(schema: object, type: string, data: unknown): void {
  const validate = validators.get(schema) ?? ajv.compile(schema);
  validators.set(schema, validate);
  if (!validate(data)) expect.fail(`${type} ${JSON.stringify(data)}: ${ajv.errorsText(validate.errors)}`);
}

function versionOf(type: OrderEventType, version: number): object {
  return [...(earlierEventDataSchemas[type] ?? []), eventDataSchemas[type]][version - 1] ?? {};
}

const written = readFileSync(projectPath('test', 'fixtures', 'orders-of-schema-1.ndjson'), 'utf8')
  .trimEnd()
  .split('\n')
  .flatMap((line) => (JSON.parse(line) as { events: [OrderEventType, Record<string, unknown>][] }).events);

/** Leads to every type of event that commands produce: random commands may miss some. */
const wholeLife: OrderCommand[] = [
  { command: 'place', userId: 'u', currency: 'USD', items: [{ item_id: 'a', quantity: 3, unit_price: 2 }] },
  { command: 'amend', reference: 'R1' },
  { command: 'note', text: 'n' },
  { command: 'cancel', items: [{ item_id: 'a', quantity: 1 }], reason: 'r' },
  { command: 'credit', amount: 1, reason: 'r' },
  { command: 'hold', reason: 'r' },
  { command: 'release', reason: 'r' },
  { command: 'pay' },
  { command: 'process' },
  { command: 'ship' },
  { command: 'track', shipmentId: '1', carrier: 'DHL' },
  { command: 'deliver' },
  { command: 'return', reason: 'r' },
  { command: 'refund', amount: 1, reason: 'r' },
];

describe('the schemas of events', () => {
  it('describe every schema version of every type', () => {
    for (const type of orderEventTypes)
      expect((earlierEventDataSchemas[type]?.length ?? 0) + 1, type).to.equal(currentSchema(type));
  });

  it('hold for the data that commands produce', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 40 }), (commands) => {
        let order: Order | undefined;
        for (const command of commands) {
          const decision = decide(command, order);
          if ('rejected' in decision || 'repeats' in decision) continue;
          for (const event of decision) {
            seen.add(event.type);
            expectValid(eventDataSchemas[event.type], event.type, JSON.parse(JSON.stringify(event.data)));
            const at = new Date(Date.UTC(2026, 0, 1)).toISOString();
            const version = (order?.version ?? 0) + 1;
            order = evolve(order, { ...event, orderId, version, occurredAt: at, recordedAt: at });
          }
        }
      }),
      { numRuns: 500, examples: [[wholeLife]] },
    );
    // Only forgetting a person writes OrderPersonErased.
    expect(orderEventTypes.filter((type) => !seen.has(type))).to.deep.equal(['OrderPersonErased']);
  });

  it('hold for events of version 1, before and after they are converted', () => {
    for (const [type, data] of written) {
      expectValid(versionOf(type, 1), type, data);
      expectValid(eventDataSchemas[type], type, upcast(type, 1, data).data);
    }
    const seen = new Set(written.map(([type]) => type));
    for (const type of Object.keys(earlierEventDataSchemas)) expect(seen, type).to.include(type);
  });
});
