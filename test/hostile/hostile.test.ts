import { describeHostileClients } from './describe-hostile-clients.js';

// The short form of hostile.load.test.ts.
describeHostileClients({
  orders: 20,
  events: 600,
  hugeOrders: 4,
  largestLines: 4,
  silentClients: 30,
  silentMs: 3_000,
  batches: 10,
  streams: 40,
  share: 0.1,
});
