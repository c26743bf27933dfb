import { expect } from 'chai';
import { problemTypes } from '../../../src/http/contract/problem-types.js';
import { call, useService } from '../../support/service.js';

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('The pages of problems', () => {
  const service = useService();

  it('the list is a page for a browser and JSON for programs', async () => {
    const page = await call(service, 'GET', '/problems', undefined, html);
    expect(page.headers.get('content-type')).to.match(/^text\/html/);
    for (const name of Object.keys(problemTypes)) expect(page.text).to.include(`href="/problems/${name}"`);
    for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }]) {
      const list = await call(service, 'GET', '/problems', undefined, headers);
      expect(list.headers.get('content-type')).to.match(/^application\/json/);
      expect(list.headers.get('vary')).to.match(/accept/i);
      expect(list.body.map(({ type }) => type)).to.deep.equal(
        Object.keys(problemTypes).map((name) => `/problems/${name}`),
      );
    }
  });

  it('a page shows an example, and exactly the calls that return the problem', async () => {
    const { text } = await call(service, 'GET', '/problems/exceeds-amount-due');
    expect(text).to.include('"type": "/problems/exceeds-amount-due"');
    expect([...text.matchAll(/docs#\/operations\/(\w+)/g)].map(([, id]) => id)).to.deep.equal(['payOrder']);
    expect((await call(service, 'GET', '/problems/internal-error')).text).to.include('Every call can return it.');
  });

  it('a page runs no script and loads nothing', async () => {
    const { headers } = await call(service, 'GET', '/problems', undefined, html);
    expect(headers.get('content-security-policy')).to.match(/^default-src 'none'; style-src 'sha256-[^']+'; frame-/);
  });
});
