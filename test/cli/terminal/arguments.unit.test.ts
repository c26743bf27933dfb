import { expect } from 'chai';
import { readArguments } from '../../../src/cli/terminal/arguments.js';

describe('the arguments of a command', () => {
  const specs = {
    'dry-run': { type: 'boolean' },
    'no-wait': { type: 'boolean' },
    map: { type: 'string', multiple: true },
  } as const;
  const valuesOf = (...args: string[]) => readArguments(args, 'usage', specs, 1).values;

  it('have a value for each option that was given, and for no other', () => {
    expect(valuesOf()).to.deep.equal({});
    expect(valuesOf('file')).to.deep.equal({});
    expect(valuesOf('--dry-run', '--map', 'a=b', '--map', 'c=d')).to.deep.equal({
      'dry-run': true,
      map: ['a=b', 'c=d'],
    });
  });

  it('may have options whose name begins with no', () => {
    expect(valuesOf('--no-wait')).to.deep.equal({ 'no-wait': true });
  });
});
