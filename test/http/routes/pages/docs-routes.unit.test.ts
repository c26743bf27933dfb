import { expect } from 'chai';
import { docsRoutes } from '../../../../src/http/routes/pages/docs-routes.js';
import { startTestApp, type TestApp } from '../../../support/test-app.js';

describe('The OpenAPI document', () => {
  let app: TestApp;
  afterEach(() => app.stop());

  it('is built at the first request for it, and kept', async () => {
    let builds = 0;
    app = await startTestApp((route) =>
      docsRoutes(route, () => {
        builds += 1;
        return { openapi: '3.1.1' };
      }),
    );
    expect(builds).to.equal(0);
    for (let nth = 0; nth < 2; nth += 1)
      expect(await (await fetch(`${app.url}/openapi.json`)).json()).to.deep.equal({ openapi: '3.1.1' });
    expect(builds).to.equal(1);
  });
});
