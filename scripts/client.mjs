// Writes client/schema.d.ts, the types of the API, from the OpenAPI document. A test fails if that
// was forgotten.
import { writeFileSync } from 'node:fs';
import { clientTypes } from '../dist/test/support/client-types.js';

writeFileSync(new URL('../client/schema.d.ts', import.meta.url), await clientTypes());
