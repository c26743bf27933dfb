// Writes docs/limits.md from the limits in the source code. A test fails if that was forgotten.
import { writeFileSync } from 'node:fs';
import { limitsPage } from './limits/limits-page.mjs';

writeFileSync(new URL('../docs/limits.md', import.meta.url), limitsPage());
