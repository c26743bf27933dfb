import { expect } from 'chai';
import { confirm, confirmAtTerminal } from '../../../src/cli/terminal/confirm.js';
import { UsageError } from '../../../src/cli/terminal/errors.js';
import { recordingTerminal } from '../../support/orders-command.js';

describe('The confirmation of an action that cannot be undone', () => {
  const answered = (answer?: string) => recordingTerminal('', {}, answer);
  const outcome = (asked: Promise<void>) =>
    asked.then(
      () => 'done',
      (error: unknown) => error,
    );

  it('is asked for unless --yes is given, and only the answer yes continues', async () => {
    expect(await outcome(confirm(answered('yes'), 'It cannot be undone.', undefined))).to.equal('done');
    expect(await outcome(confirm(answered(), 'It cannot be undone.', true))).to.equal('done');
    for (const answer of ['', 'no', 'y', undefined])
      expect(await outcome(confirm(answered(answer), 'It cannot be undone.', false))).to.be.instanceOf(UsageError);
  });

  it('of the end of a restore is not asked for in a script', async () => {
    expect(await outcome(confirmAtTerminal(answered(), 'It cannot be undone.', undefined))).to.equal('done');
    expect(await outcome(confirmAtTerminal(answered('no'), 'It cannot be undone.', undefined))).to.be.instanceOf(
      UsageError,
    );
  });
});
