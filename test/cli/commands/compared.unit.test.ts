import { expect } from 'chai';
import { ComparisonView } from '../../../src/cli/commands/replay/compared.js';
import { recordingTerminal } from '../../support/orders-command.js';

describe('the result of comparing read models with the log', () => {
  it('says "at least" and leads to exit code 3 if not all entries that differ were compared', () => {
    const result = { compared: 7, generation: 2, isComplete: false };
    const terminal = recordingTerminal();
    new ComparisonView(terminal, false).end('metrics', result);
    expect(terminal.ended()).to.include({
      code: 3,
      stdout: 'metrics: compared 7 keys with generation 2, at least 0 differences\n',
    });
    const view = new ComparisonView(terminal, true);
    view.end('metrics', result);
    expect(view.documents()[0]).to.include({ differences_total: 0, is_complete: false });
  });
});
