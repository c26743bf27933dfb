import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readConfig } from '../src/config.js';
import { knownVariables, unknownVariables } from '../src/known-variables.js';
import { projectPath } from '../src/project-path.js';

describe('The names of environment variables', () => {
  for (const name of ['ORDERS_AUHT', 'ORDER_AUTH', 'ORDERS_AUT', 'ODERS_AUTHS', 'orders_auth', 'ORDERS-AUTH']) {
    it(`${name} is an error that names it and the variable that was meant`, () => {
      expect(() => readConfig({ [name]: 'required' })).to.throw(new RegExp(`^${name} .*correct it to ORDERS_AUTH`));
    });
  }

  it('a misspelt name is an error also beside the correct one', () => {
    expect(() => readConfig({ ORDERS_ROLES: 'api', ORDERS_ROLE: 'projector' })).to.throw(/^ORDERS_ROLE /);
  });

  it('other unknown names that begin with ORDERS_ are warnings', () => {
    const env = { ORDERS_AUTH: 'required', ORDERS_COLOUR: 'blue', ORDERS_PORT: '8080', ORDERS_AUTHORITY: 'x' };
    readConfig(env);
    expect(unknownVariables(env)).to.deep.equal([
      'ORDERS_COLOUR has no effect: this service has no such variable',
      'ORDERS_PORT has no effect: this service has no such variable: the variable is PORT',
      'ORDERS_AUTHORITY has no effect: this service has no such variable',
    ]);
  });

  for (const name of ['ORDERS_AUTHENTICATION', 'ORDERS_AUTH_REQUIRED', 'ORDERS_JWT_JWKS_URL', 'orders_oidc_issuer']) {
    it(`${name} is an error while access control is off: its author meant to turn it on`, () => {
      expect(() => readConfig({ [name]: 'x' })).to.throw(new RegExp(`^${name} .*set ORDERS_AUTH=required`));
      readConfig({ [name]: '' });
      readConfig({ [name]: 'x', ORDERS_AUTH: 'required' });
    });
  }

  it('a misspelt name of a variable without the prefix is a warning, unless the correct one is set', () => {
    expect(unknownVariables({ DATABSE_URL: 'x' })).to.deep.equal([
      'DATABSE_URL has no effect: the variable is DATABASE_URL',
    ]);
    expect(unknownVariables({ REDIS_URI: 'x', REDIS_URL: 'y', POST: 'z', HOME: '/' })).to.deep.equal([]);
  });

  it('the service links of Kubernetes are ignored', () => {
    const env = {
      ORDERS_SERVICE_HOST: '10.0.0.1',
      ORDERS_SERVICE_PORT: '3000',
      ORDERS_SERVICE_PORT_HTTP: '3000',
      ORDERS_PORT: 'tcp://10.0.0.1:3000',
      ORDERS_PORT_3000_TCP: 'tcp://10.0.0.1:3000',
      ORDERS_PORT_3000_TCP_PROTO: 'tcp',
      ORDERS_PORT_3000_TCP_PORT: '3000',
      ORDERS_PORT_3000_TCP_ADDR: '10.0.0.1',
      ORDERS_API_V2_SERVICE_HOST: '10.0.0.2',
      ORDERS_API_V2_PORT: 'tcp://10.0.0.2:80',
      ORDERS_AUTH_PORT_53_UDP_ADDR: '10.0.0.3',
    };
    readConfig(env);
    expect(unknownVariables(env)).to.deep.equal([]);
  });

  it('are all known', () => {
    const example = readFileSync(projectPath('.env.example'), 'utf8');
    const listed = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(listed.toSorted()).to.deep.equal(knownVariables.toSorted());
  });
});
