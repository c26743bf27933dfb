import { expect } from 'chai';
import type { CommandRequest } from '../../../src/commands/command-request.js';
import { createLineHandler } from '../../../src/http/batch/handle-lines.js';

describe('The lines of a batch', () => {
  it('are not handled after the caller has lost the authority, also if they wait for a line before them', async () => {
    let isAuthorized = true;
    const handled: string[] = [];
    const handle = createLineHandler({
      actor: 'test',
      mayImport: false,
      defaultCurrency: 'USD',
      isAuthorized: () => isAuthorized,
      handleCommand: async ({ command }: CommandRequest) => {
        handled.push(command.command);
        isAuthorized = false;
        throw new Error('the outcome is unknown');
      },
      placeOrders: async (requests) => requests.map(() => ({ outcome: 'contended' })),
    });
    const order_id = '0197f3a0-0000-7000-8000-000000000001';
    const lines = [
      { command: 'process', order_id },
      { command: 'ship', order_id },
    ];
    const group = lines.map((line, index) => ({ number: index + 1, input: line }));
    expect((await handle(group)).map(({ status }) => status)).to.deep.equal([500, 401]);
    const place = { command: 'place', user_id: 'u', item_ids: ['a'], total_amount: 1 };
    expect((await handle([{ number: 3, input: place }])).map(({ status }) => status)).to.deep.equal([401]);
    expect(handled).to.deep.equal(['process']);
  });
});
