import { expect } from 'chai';
import { confirm, confirmAtTerminal } from '../../../src/cli/terminal/confirm.js';
import { UsageError } from '../../../src/cli/terminal/errors.js';
import { recordingTerminal } from '../../support/orders-command.js';

describe('A question before something that cannot be undone', () => {
  const answered = (answer?: string) => recordingTerminal('', {}, answer);
  const outcome = (asked: Promise<void>) =>
    asked.then(
      () => 'done',
      (error: unknown) => error,
    );

  it('is asked unless --yes is given, and only yes goes on', async () => {
    expect(await outcome(confirm(answered('yes'), 'It is gone.', undefined))).to.equal('done');
    expect(await outcome(confirm(answered(), 'It is gone.', true))).to.equal('done');
    for (const answer of ['', 'no', 'y', undefined])
      expect(await outcome(confirm(answered(answer), 'It is gone.', false))).to.be.instanceOf(UsageError);
  });

  it('about the end of a restore is not put to a script', async () => {
    expect(await outcome(confirmAtTerminal(answered(), 'It is for good.', undefined))).to.equal('done');
    expect(await outcome(confirmAtTerminal(answered('no'), 'It is for good.', undefined))).to.be.instanceOf(UsageError);
  });
});
