// Writes the pages of docs/ that follow from the code: the table of statuses and commands with the
// state diagram, the data of events with its JSON Schema, and the configuration. A test fails if
// that was forgotten.
import { writeFileSync } from 'node:fs';
import { configurationPage, freshConfigurationPage } from '../dist/test/support/configuration-page.js';
import { eventsPage, eventsSchema, freshEventsPage, freshEventsSchema } from '../dist/test/support/events-page.js';
import { freshOrdersPage, ordersPage } from '../dist/test/support/orders-page.js';

writeFileSync(ordersPage, freshOrdersPage());
writeFileSync(eventsPage, freshEventsPage());
writeFileSync(eventsSchema, freshEventsSchema());
writeFileSync(configurationPage, freshConfigurationPage());
