import { itSurvivesFaults } from './describe-faults.js';

// `npm test` runs quick faults only; `npm run test:faults` runs all, for any time.
describe('Faults of all parts', () => {
  itSurvivesFaults(15, 1);
});
