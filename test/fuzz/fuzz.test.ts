import { describeFuzzing } from './describe-fuzzing.js';

// `npm test` sends a few requests, `npm run fuzz` any number.
describeFuzzing(Number(process.env.FUZZ_REQUESTS ?? 500), Number(process.env.FUZZ_SEED ?? 1));
