import { itSurvivesFaults } from './describe-faults.js';

describe('Faults of all parts, two minutes', function () {
  this.timeout(420_000);
  itSurvivesFaults(120, 2);
});
