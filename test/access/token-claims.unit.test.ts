import { expect } from 'chai';
import type { JWTPayload } from 'jose';
import { actorOf, type ClaimRules, scopesOf } from '../../src/access/token-claims.js';
import { derivedOrderId } from '../../src/commands/order-ids.js';

const rules: ClaimRules = {
  audienceClaim: 'aud',
  subjectClaim: 'sub',
  scopeClaims: ['scope', 'scp'],
  scopePrefix: '',
  scopeMap: new Map(),
};
const scopes = (payload: JWTPayload, its: Partial<ClaimRules> = {}) => [...scopesOf(payload, { ...rules, ...its })];

describe('The claims of a token', () => {
  it('a subject that is the name of one of the service’s own actors is prefixed, so that it cannot act as one', () => {
    const all = ['import', 'anonymous', 'key:abc', 'operator:root', 'person:x', 'key:\n', 'token:import', '[erased]'];
    for (const own of all) {
      expect(actorOf(own)).to.equal(`token:${own}`);
    }
  });

  it('all other subjects keep their name, and with it the ids of the orders that they placed', () => {
    for (const subject of ['clerk-7', 'Import', 'imports', 'keys:abc', 'operator', 'auth0|5f7', 'a:b', 'Zoë', ' ']) {
      expect(actorOf(subject)).to.equal(subject);
    }
    // The id of the first version: another one would place a second order for a repeated request.
    expect(derivedOrderId(actorOf('clerk-7'), 'basket-4711')).to.equal('4ee64493-3c11-550b-bddc-b2b61fa6da88');
  });

  it('scopes are the words of a text or the items of a list, and unknown ones are ignored', () => {
    expect(scopes({ scope: 'openid orders:write', scp: ['orders:read', 7] })).to.deep.equal([
      'orders:write',
      'orders:read',
    ]);
    expect(scopes({ scope: { admin: true }, roles: ['admin'] })).to.deep.equal([]);
  });

  const issuers: [string, Partial<ClaimRules>, JWTPayload][] = [
    ['Amazon Cognito', { scopePrefix: 'orders-api/' }, { scope: 'orders-api/orders:read openid admin other/admin' }],
    ['Microsoft Entra ID', { scopeClaims: ['scp', 'roles'] }, { roles: ['orders:read'], scope: 'admin' }],
    ['Auth0', { scopeClaims: ['permissions'] }, { permissions: ['orders:read'], scope: 'openid admin' }],
    ['Okta', {}, { scp: ['orders:read', 'offline_access'] }],
    [
      'Keycloak',
      { scopeClaims: ['realm_access.roles'], scopeMap: new Map([['clerk', ['orders:read']]]) },
      { realm_access: { roles: ['clerk', 'uma_authorization'] }, scope: 'admin' },
    ],
    [
      'an issuer with claims named by URLs',
      { scopeClaims: ['https://shop.example/roles'] },
      { 'https://shop.example/roles': ['orders:read'] },
    ],
  ];
  for (const [issuer, its, payload] of issuers) {
    it(`the scopes of ${issuer} are read as docs/access.md describes`, () => {
      expect(scopes(payload, its)).to.deep.equal(['orders:read']);
    });
  }
});
