// The operations page shows GET /projections as it changes. Data from the service is inserted as
// text, never as HTML.

const list = document.getElementById('projections');
const connection = document.getElementById('connection');
const template = document.getElementById('projection');
const sections = new Map();

const access = document.getElementById('access');
/** The storage key of the API key. A tab keeps the API key until it is closed. */
const storedKey = 'orders-api-key';

access.addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(storedKey, new FormData(access).get('key').trim());
  access.hidden = true;
  void follow();
});
void follow();
void followHealth();

/** Shows in red why the service is not ready or degraded, such as a log that went back. */
async function followHealth() {
  const element = document.getElementById('health');
  for (;;) {
    try {
      const { status, checks } = await (await fetch('/health/ready')).json();
      const reasons = Object.entries(checks).filter(([, state]) => state !== 'up' && state !== 'live');
      element.textContent = `${status}: ${reasons.map(([name, state]) => `${name}: ${state}`).join('; ')}`;
      element.hidden = status === 'ready';
    } catch {
      // An unreachable service is shown by the connection.
    }
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}

/**
 * Follows the projections without end. It reads the stream itself: EventSource cannot send a key.
 */
async function follow() {
  for (;;) {
    try {
      const response = await call('/projections', { headers: { accept: 'text/event-stream' } });
      if (response.status === 401 || response.status === 403) {
        connection.textContent = (await response.json()).detail;
        access.hidden = false;
        return;
      }
      if (response.ok) {
        connection.textContent = 'live';
        await read(response.body);
      }
    } catch {
      // An unreachable service is handled like a stream that ended.
    }
    connection.textContent = 'not connected; reconnecting…';
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

/** Shows each message of the stream until the stream ends. */
async function read(body) {
  let text = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    text += chunk.value;
    const messages = text.split('\n\n');
    text = messages.pop();
    for (const message of messages) {
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (!data) continue;
      // The event `problem` has a detail and no projections; the stream ends after it.
      const { projections = [], detail } = JSON.parse(data);
      if (detail) connection.textContent = detail;
      for (const projection of projections) show(projection);
    }
  }
}

/** Sends a request with the API key, if there is one. */
function call(path, { headers, ...options }) {
  const key = sessionStorage.getItem(storedKey);
  return fetch(path, { ...options, headers: { ...headers, ...(key ? { authorization: `Bearer ${key}` } : {}) } });
}

function show(projection) {
  const section = sections.get(projection.name) ?? create(projection.name);
  const { rebuild, partitions } = projection;
  const part = (selector) => section.querySelector(selector);
  part('h2').textContent = projection.name;
  part('.state').replaceChildren(
    stateMark(projection.state),
    ` version ${projection.version}, generation ${projection.generation}, ${formatted(projection.lag)} events behind`,
  );
  part('.marks').replaceChildren(...partitions.map(partitionMark));
  part('progress').hidden = !rebuild;
  part('.rebuild').textContent = rebuild ? progressText(rebuild) : '';
  if (rebuild) part('progress').value = rebuild.events_total ? rebuild.events_done / rebuild.events_total : 0;
  const stops = partitions.flatMap((one) => (one.stopped ? [{ partition: one.partition, ...one.stopped }] : []));
  part('.stops').replaceChildren(...[...stops, ...(rebuild?.stopped ?? [])].map(stopItem));
  const button = part('button');
  button.textContent = rebuild ? 'Cancel the rebuild' : 'Rebuild';
  button.dataset.method = rebuild ? 'DELETE' : 'POST';
}

function create(name) {
  const section = template.content.firstElementChild.cloneNode(true);
  section.querySelector('button').addEventListener('click', async ({ currentTarget }) => {
    currentTarget.disabled = true;
    const response = await call(`/projections/${encodeURIComponent(name)}/rebuild`, {
      method: currentTarget.dataset.method,
    });
    if (!response.ok) connection.textContent = (await response.json()).detail;
    currentTarget.disabled = false;
  });
  sections.set(name, section);
  list.append(section);
  return section;
}

function stateMark(state) {
  const element = document.createElement('strong');
  element.textContent = state;
  if (state === 'stopped') element.className = 'stopped-state';
  return element;
}

function partitionMark({ partition, lag, checkpoint, head, owner, stopped }) {
  const element = document.createElement('span');
  element.className = `mark${stopped ? ' stopped' : lag > 0 ? ' behind' : ''}`;
  const ownership = owner === null ? 'no owner' : `owner ${owner}`;
  element.title = `partition ${partition}: ${formatted(checkpoint)} of ${formatted(head)} events, ${ownership}`;
  return element;
}

function progressText({ generation, events_done, events_total, events_per_second, seconds_left }) {
  const rate = events_per_second === null ? '' : `, ${formatted(events_per_second)}/s`;
  const left = seconds_left === null ? '' : `, ${formatted(seconds_left)} s left`;
  return `generation ${generation}: ${formatted(events_done)} of ${formatted(events_total)} events${rate}${left}`;
}

function stopItem({ partition, position, type, order_id, error }) {
  const element = document.createElement('li');
  const event = type === null ? 'unknown event' : `${type} of order ${order_id}`;
  element.textContent = `stopped at ${partition}:${position}, ${event}: ${error}`;
  return element;
}

function formatted(value) {
  return Number(value).toLocaleString('en');
}
