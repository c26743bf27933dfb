import { itSurvivesFaults } from './describe-faults.js';

// `npm test` runs quick faults only; `npm run test:faults` runs all, for any time.
describe('Faults of all parts', function () {
  this.timeout(120_000);
  itSurvivesFaults(15, 1);
});
