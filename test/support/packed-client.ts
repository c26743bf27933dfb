import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { projectPath } from '../../src/project-path.js';

const run = promisify(execFile);

export interface PackedClient {
  /** The folder with everything that npm would publish. */
  readonly folder: string;
  /** A folder node_modules with the packages of the project, but not with the client. */
  readonly modules: string;
}

/** Packs the client as npm publishes it, and unpacks it, in an empty folder. */
export async function packClient(into: string): Promise<PackedClient> {
  // A copy: packing writes into the folder.
  const source = join(into, 'client');
  await cp(projectPath('client'), source, { recursive: true, filter: (path) => !path.endsWith('/dist') });
  await cp(projectPath('tsconfig.json'), join(into, 'tsconfig.json'));
  const modules = join(into, 'node_modules');
  await mkdir(modules);
  for (const name of await readdir(projectPath('node_modules')))
    if (name !== 'order-service-client') await symlink(projectPath('node_modules', name), join(modules, name));
  await run('npm', ['pack', '--foreground-scripts=false'], {
    cwd: source,
    env: { ...process.env, PATH: `${join(modules, '.bin')}:${process.env.PATH}`, npm_config_ignore_scripts: 'false' },
  });
  const [archive = ''] = (await readdir(source)).filter((file) => file.endsWith('.tgz'));
  expect(archive).to.match(/^order-service-client-\d/);
  await run('tar', ['xzf', archive], { cwd: source });
  return { folder: join(source, 'package'), modules };
}

/**
 * Installs the packed client and its dependencies into a project of its own: the packages as npm
 * would lay them, and no others.
 */
export async function installPacked(client: PackedClient, project: string): Promise<void> {
  const modules = join(project, 'node_modules');
  await mkdir(modules, { recursive: true });
  await cp(client.folder, join(modules, 'order-service-client'), { recursive: true });
  const wanted = await dependenciesOf(client.folder);
  for (const name of wanted) {
    const folder = projectPath('node_modules', ...name.split('/'));
    await cp(folder, join(modules, ...name.split('/')), { recursive: true });
    for (const one of await dependenciesOf(folder)) wanted.add(one);
  }
}

async function dependenciesOf(folder: string): Promise<Set<string>> {
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  return new Set(Object.keys(dependencies));
}
