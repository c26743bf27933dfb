import { describeHostileClients } from './describe-hostile-clients.js';

describeHostileClients({ orders: 201, events: 9_000, silentClients: 300, batches: 200, streams: 1_000 });
