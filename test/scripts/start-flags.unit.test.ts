import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

describe('Node’s flags', () => {
  it('are the same for npm start and for the image', () => {
    const { scripts } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8'));
    const ofStart = scripts.start.split(' ').filter((word: string) => word.startsWith('--'));
    const command = /^CMD (\[.*\])$/m.exec(readFileSync(projectPath('Dockerfile'), 'utf8'))?.[1] ?? '[]';
    const ofImage = JSON.parse(command).filter((word: string) => word.startsWith('--'));
    expect(ofStart).to.have.length.greaterThan(1);
    expect(ofImage).to.deep.equal(ofStart);
  });
});
