// Writes the parts of docs/orders.md that follow from the code: the table of statuses and commands,
// and the state diagram. A test fails if that was forgotten.
import { writeFileSync } from 'node:fs';
import { freshOrdersPage, ordersPage } from '../dist/test/support/orders-page.js';

writeFileSync(ordersPage, freshOrdersPage());
