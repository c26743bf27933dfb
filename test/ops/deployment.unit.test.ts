import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { DCLinter } from 'dclint';
import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../src/config.js';
import { knownVariables } from '../../src/known-variables.js';
import { projectPath } from '../../src/project-path.js';
import { blocksRunBy } from '../support/block-runs.js';

const read = (path: string) => readFileSync(projectPath(path), 'utf8');

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Pod;
}

interface Pod {
  readonly template: { readonly spec: { readonly containers: readonly Container[] }; readonly metadata: Labelled };
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
}

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

interface Container {
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Overlay {
  readonly resources: readonly string[];
  readonly images: readonly { readonly name: string }[];
  readonly replicas: readonly { readonly name: string }[];
}

interface Probe {
  readonly httpGet: { readonly path: string };
}

describe('ops/kubernetes', () => {
  const files = readdirSync(projectPath('ops/kubernetes')).filter((name) => name !== 'kustomization.yaml');
  const resources = files.flatMap((name) =>
    parseAllDocuments(read(join('ops/kubernetes', name))).map((document) => document.toJS() as Resource),
  );
  const models: Readonly<Record<string, object>> = {
    v1: core,
    'apps/v1': apps,
    'batch/v1': batch,
    'networking.k8s.io/v1': networking,
    'policy/v1': policy,
  };

  it('has resources that the schemas of Kubernetes accept', () => {
    expect(resources).to.have.length(13);
    for (const resource of resources) {
      const Model = (models[resource.apiVersion] as Record<string, new (data: object) => { validate(): void }>)[
        resource.kind
      ];
      if (!Model) throw new Error(`there is no ${resource.kind} in ${resource.apiVersion}`);
      expect(() => new Model(resource).validate(), `${resource.kind} ${resource.metadata.name}`).not.to.throw();
    }
  });

  it('lists every file in its kustomization', () => {
    const { resources: listed } = parse(read('ops/kubernetes/kustomization.yaml')) as { resources: string[] };
    expect(listed.toSorted()).to.deep.equal(files.toSorted());
  });

  it('probes the process, not the service, and a budget, a spread and a selector fit the pods', () => {
    const deployments = resources.filter(({ kind }) => kind === 'Deployment');
    expect(deployments.map(({ metadata }) => metadata.name)).to.deep.equal(['orders-api', 'orders-projector']);
    for (const { metadata, spec } of deployments) {
      const [container] = spec.template.spec.containers;
      expect(container?.livenessProbe.httpGet.path).to.equal('/health/live');
      expect(container?.readinessProbe.httpGet.path).to.equal('/health/ready');
      expect(spec.template.metadata.labels).to.include(spec.selector.matchLabels);
      const budget = resources.find((one) => one.kind === 'PodDisruptionBudget' && one.metadata.name === metadata.name);
      expect(budget?.spec.selector).to.deep.equal(spec.selector);
    }
  });

  it('sets only variables that the service has', () => {
    const { configMapGenerator } = parse(read('ops/kubernetes/kustomization.yaml')) as {
      configMapGenerator: { literals: string[] }[];
    };
    const names = configMapGenerator.flatMap(({ literals }) => literals.map((literal) => literal.split('=')[0]));
    expect(knownVariables).to.include.members(names);
  });
});

describe('the overlay in docs/deployment.md', () => {
  it('changes an image and a deployment that the base has', () => {
    const [overlay] = blocksRunBy('test/ops/deployment.unit.test.ts');
    const { resources, images, replicas } = parse(overlay?.code ?? '') as Overlay;
    expect(resources).to.deep.equal(['github.com/you/orders//ops/kubernetes']);
    const base = read('ops/kubernetes/api.yaml');
    for (const { name } of images) expect(base).to.include(` image: ${name}\n`);
    const found = parseAllDocuments(base).map((one) => one.toJS() as Resource);
    const deployments = found.flatMap(({ kind, metadata }) => (kind === 'Deployment' ? [metadata.name] : []));
    expect(deployments).to.include.members(replicas.map(({ name }) => name));
  });
});

describe('docker-compose.yaml', () => {
  const compose = parse(read('docker-compose.yaml'), { merge: true }) as {
    services: Record<string, { environment?: Record<string, string>; restart?: string; profiles?: string[] }>;
  };

  it('is accepted by dclint', () => {
    // The order of keys is a matter of taste; the images have tags by variables.
    const styleRules = [
      ...['service-keys-order', 'services-alphabetical-order', 'top-level-properties-order'],
      ...['service-dependencies-alphabetical-order', 'service-ports-alphabetical-order'],
      ...['no-build-and-image', 'require-project-name-field', 'no-quotes-in-volumes'],
    ];
    const linter = new DCLinter({
      rules: {
        ...Object.fromEntries(styleRules.map((name) => [name, 0] as const)),
        'require-quotes-in-ports': [2, { quoteType: 'double' }],
      },
      quiet: false,
      debug: false,
      exclude: [],
    });
    const [result] = linter.lintFiles([projectPath('docker-compose.yaml')], false);
    expect(
      result?.messages.map(({ message, line }: { message: string; line: number }) => `${line}: ${message}`),
    ).to.deep.equal([]);
  });

  it('runs the API and the projectors apart, restarts everything, and starts monitoring only on request', () => {
    const { services } = compose;
    expect(services.api?.environment?.ORDERS_ROLES).to.equal('api');
    expect(services.projector?.environment?.ORDERS_ROLES).to.equal('projector');
    for (const [name, { restart }] of Object.entries(services)) {
      expect(restart, name).to.equal(name === 'migrate' ? 'no' : 'unless-stopped');
    }
    const onRequest = Object.entries(services).flatMap(([name, { profiles }]) => (profiles ? [name] : []));
    expect(onRequest).to.deep.equal(['prometheus', 'grafana']);
  });

  it('configures the service with values that it accepts', () => {
    for (const name of ['api', 'projector']) {
      const { environment = {} } = compose.services[name] ?? {};
      expect(knownVariables).to.include.members(Object.keys(environment));
      const env = Object.entries(environment).map(([key, value]) => [key, value.replaceAll(/\$\{[^}]*\}/g, 'x')]);
      expect([...readConfig(Object.fromEntries(env)).roles]).to.deep.equal([name]);
    }
  });
});

describe('ops/systemd (checked by systemd-analyze where it is installed)', () => {
  const unit = read('ops/systemd/orders@.service');

  it('gives the process the keys, its roles, and the flags of npm start', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const flags = /node (--enable-source-maps[^/]*)dist/.exec(scripts.start ?? '')?.[1] ?? 'none';
    expect(unit).to.include(`ExecStart=/usr/bin/node ${flags}/opt/orders/dist/src/cli/main.js serve --roles %I`);
    // %i would keep the escape of the comma in api,projector.
    expect(unit).not.to.include('%i');
  });

  it('is a valid unit that may do little', function () {
    if (!hasSystemdAnalyze()) this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'orders-unit-'));
    const file = join(folder, 'orders@api.service');
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath));
    const output = execFileSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8', stdio: 'pipe' });
    expect(output).to.equal('');
    // The exposure is 0 to 100. A unit without restrictions has 96.
    execFileSync('systemd-analyze', ['security', '--offline=yes', '--threshold=25', file], { stdio: 'pipe' });
  });
});

function hasSystemdAnalyze(): boolean {
  try {
    return /systemd 25[2-9]|systemd 2[6-9]/.test(execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}
