import { expect } from 'chai';
import { limitScreen, maxScreenLength, TooLongForScreen } from '../../../src/cli/terminal/screen-limit.js';

describe('The results of a command', () => {
  it('end on a screen after a million characters, with a sentence that names the remedy', () => {
    const { count } = limitScreen(true);
    count('x'.repeat(maxScreenLength));
    expect(() => count('x')).to.throw(TooLongForScreen, /> FILE/);
  });

  it('may be as long again once the screen is cleared', () => {
    const { count, reset } = limitScreen(true);
    for (let nth = 0; nth < 3; nth += 1) {
      count('x'.repeat(maxScreenLength));
      reset();
    }
    count('x'.repeat(maxScreenLength));
    expect(() => count('x')).to.throw(TooLongForScreen);
  });

  it('have no limit in a file or a pipe', () => {
    const { count } = limitScreen(false);
    for (let nth = 0; nth < 50; nth += 1) count('x'.repeat(maxScreenLength));
  });
});
