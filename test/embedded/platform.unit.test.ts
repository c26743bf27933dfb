import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { type Platform, unsupportedPlatform } from '../../src/embedded/platform.js';
import { projectPath } from '../../src/project-path.js';

/** The first message of `npm start` on a platform. */
function setUpSays({ os, hasGlibc }: Platform, env: Record<string, string>): string {
  const module = pathToFileURL(projectPath('scripts', 'setup', 'platform.mjs')).href;
  const program = `import { checkPlatform } from ${JSON.stringify(module)};
    try { checkPlatform(${JSON.stringify(env)}, ${JSON.stringify(os)}, ${hasGlibc}); } catch (error) { console.log(error.message); }`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout.trim();
}

describe('the platforms of the embedded servers', () => {
  const unsupported: Platform[] = [
    { os: 'win32', hasGlibc: true },
    { os: 'linux', hasGlibc: false },
  ];

  it('Windows and Linux with musl get one sentence with the remedy, from the service and first of all from npm start', () => {
    for (const platform of unsupported) {
      const sentence = unsupportedPlatform(platform);
      expect(sentence)
        .to.match(/does? not run|do not run/)
        .and.match(/set DATABASE_URL and REDIS_URL/);
      expect(setUpSays(platform, {})).to.equal(`${sentence}.`);
    }
  });

  it('with servers of its own, a user may run the service on any platform', () => {
    const env = { DATABASE_URL: 'postgresql://db/orders', REDIS_URL: 'redis://cache' };
    for (const platform of unsupported) expect(setUpSays(platform, env)).to.equal('');
  });

  it('Linux with glibc and macOS are supported', () => {
    expect(unsupportedPlatform({ os: 'linux', hasGlibc: true })).to.equal(undefined);
    expect(unsupportedPlatform({ os: 'darwin', hasGlibc: true })).to.equal(undefined);
    expect(unsupportedPlatform()).to.equal(undefined);
  });
});
