import { describeFuzzing } from './describe-fuzzing.js';

describeFuzzing(20_000, 2);
