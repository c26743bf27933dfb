import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { projectPath } from '../../src/project-path.js';
import { runOrders } from './orders-command.js';
import type { TestLog } from './servers.js';
import type { Program } from './shell.js';

const done = { code: 0, stdout: '', stderr: '', output: '' };
const read = (...path: string[]) => readFileSync(projectPath(...path), 'utf8');

interface Compose {
  readonly services: Readonly<Record<string, object>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/**
 * Stand-ins for Docker and kubectl. They check what a command names against docker-compose.yaml and
 * ops/kubernetes, and run `orders` of a container on the log of the test.
 */
export function deploymentPrograms(log: Pick<TestLog, 'databaseUrl' | 'redisUrl'>): Readonly<Record<string, Program>> {
  const inContainer = ([node, script, ...args]: readonly string[], env: Readonly<Record<string, string>>) => {
    expect([node, script]).to.deep.equal(['node', 'scripts/orders.mjs']);
    return runOrders(log, args, env);
  };

  const docker: Program = async ([compose, action, ...args], env) => {
    expect(compose).to.equal('compose');
    const text = read('docker-compose.yaml');
    const { services } = parse(text, { merge: true }) as Compose;
    if (action === 'exec') {
      const [service = '', ...call] = args;
      expect(services).to.have.property(service);
      return inContainer(call, env);
    }
    expect(action).to.equal('up');
    expect(['--build', '--detach']).to.include.members(args);
    return done;
  };

  const kubectl: Program = async (given, env) => {
    const args = given[0] === '-n' ? given.slice(2) : given;
    if (given[0] === '-n') expect(given[1]).to.equal('orders');
    const [action, kind, ...rest] = args;
    if (action === 'exec') {
      const [target, separator, ...call] = [kind, ...rest];
      expect(namesOf('Deployment')).to.include(target?.replace('deploy/', ''));
      expect(separator).to.equal('--');
      return inContainer(call, env);
    }
    if (action === 'apply') {
      const [path = ''] = rest;
      expect([kind, existsSync(projectPath(path, 'kustomization.yaml'))]).to.deep.equal(['-k', true]);
    } else if (kind === 'namespace') expect(namesOf('Namespace')).to.include(rest[0]);
    else {
      expect([action, kind, rest[0]]).to.deep.equal(['create', 'secret', 'generic']);
      const [, name = '', ...values] = rest;
      expect(resources.join('\n')).to.match(new RegExp(`(secretName|name): ${name}$`, 'm'));
      for (const value of values) checkValue(value);
    }
    return done;
  };
  return { docker, kubectl };
}

const resources = readdirSync(projectPath('ops', 'kubernetes')).map((file) => read('ops', 'kubernetes', file));

/** The names of the resources of a kind. */
function namesOf(kind: string): string[] {
  return resources.flatMap((text) =>
    [...text.matchAll(new RegExp(`^kind: ${kind}\\nmetadata:\\n  name: (\\S+)`, 'gm'))].map(([, name = '']) => name),
  );
}

/** The file of a secret exists and has the name that pods read; a literal is a known variable. */
function checkValue(value: string): void {
  const [, from, name = ''] = /^--from-(file|literal)=([^=]+)/.exec(value) ?? [];
  if (from === 'literal') expect(read('.env.example')).to.match(new RegExp(`^#? ?${name}=`, 'm'));
  else {
    expect(existsSync(name), name).to.equal(true);
    expect(read('ops', 'kubernetes', 'kustomization.yaml')).to.include(`/${basename(name)}`);
  }
}

/** The files of secrets and the variables that docker-compose.yaml cannot do without. */
export function composeNeeds(): { readonly files: readonly string[]; readonly variables: readonly string[] } {
  const text = read('docker-compose.yaml');
  const { secrets } = parse(text, { merge: true }) as Compose;
  const variables = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name = '']) => name));
  return { files: Object.values(secrets).map(({ file }) => file), variables: [...variables].toSorted() };
}
