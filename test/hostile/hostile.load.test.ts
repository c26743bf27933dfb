import { describeHostileClients } from './describe-hostile-clients.js';

describeHostileClients({
  orders: 201,
  events: 9_000,
  hugeOrders: 30,
  largestLines: 40,
  silentClients: 300,
  silentMs: 30_000,
  batches: 200,
  streams: 1_000,
  share: 1,
});
