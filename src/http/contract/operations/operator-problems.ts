/** Problems of the operations for operators. They are part of problem-types.ts. */
export const operatorProblems = {
  'foreign-request': {
    status: 403,
    title: 'The request comes from another web site',
    explanation:
      'Without access control, any web site could make a browser on this machine send requests to the service. The service therefore rejects a Host that may be the name of a web site, and changes from pages of other origins. Use `localhost`, an address or a name without dots as the Host, name the origin of the page in ORDERS_CORS_ORIGINS, or set ORDERS_AUTH=required.',
  },
  'projection-not-found': {
    status: 404,
    title: 'Projection not found',
    explanation: 'GET /projections lists the projections by name.',
  },
  'rebuild-not-found': {
    status: 404,
    title: 'No rebuild is in progress',
    explanation:
      'There is no rebuild to cancel: it has finished, or none was requested. POST /projections/{name}/rebuild requests one.',
  },
  'run-not-found': {
    status: 404,
    title: 'The run is not in progress',
    explanation:
      'There is no such run to cancel: it has ended, or was never started. The list of runs shows its state.',
  },
  'not-stopped': {
    status: 409,
    title: 'The projection has not stopped there',
    explanation:
      'Only the event on which a projection has stopped can be skipped. GET /projections shows it as `stopped`, with its partition and position.',
  },
  'key-not-found': {
    status: 404,
    title: 'API key not found',
    explanation: 'There is no such key, or it was revoked already. GET /keys lists the keys.',
  },
} as const;
