// The operations page: what GET /projections tells, as it changes. Everything that comes from the service is set as text.

const list = document.getElementById('projections');
const connection = document.getElementById('connection');
const template = document.getElementById('projection');
const sections = new Map();

const access = document.getElementById('access');
/** The API key, where the service asks for one: kept by this tab until it is closed. */
const storedKey = 'orders-api-key';

access.addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(storedKey, new FormData(access).get('key').trim());
  access.hidden = true;
  void follow();
});
void follow();

/** Follows the projections for ever. EventSource can't send a key, so this reads the stream by itself. */
async function follow() {
  for (;;) {
    try {
      const answer = await call('/projections', { headers: { accept: 'text/event-stream' } });
      if (answer.status === 401 || answer.status === 403) {
        connection.textContent = (await answer.json()).detail;
        access.hidden = false;
        return;
      }
      if (answer.ok) {
        connection.textContent = 'live';
        await read(answer.body);
      }
    } catch {
      // Not there at the moment: as good as a stream that ended.
    }
    connection.textContent = 'not connected; trying again…';
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

async function read(body) {
  let text = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    const messages = text.split('\n\n');
    text = messages.pop();
    for (const message of messages) {
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (data) for (const projection of JSON.parse(data).projections) show(projection);
    }
  }
}

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
    ` version ${projection.version}, generation ${projection.generation}, ${number(projection.lag)} events behind`,
  );
  part('.marks').replaceChildren(...partitions.map(mark));
  part('progress').hidden = !rebuild;
  part('.rebuild').textContent = rebuild ? inWords(rebuild) : '';
  if (rebuild) part('progress').value = rebuild.events_total ? rebuild.events_done / rebuild.events_total : 0;
  const live = partitions.flatMap((one) => (one.stopped ? [{ partition: one.partition, ...one.stopped }] : []));
  part('.stops').replaceChildren(...[...live, ...(rebuild?.stopped ?? [])].map(stop));
  const button = part('button');
  button.textContent = rebuild ? 'Cancel the rebuild' : 'Rebuild';
  button.dataset.method = rebuild ? 'DELETE' : 'POST';
}

function create(name) {
  const section = template.content.firstElementChild.cloneNode(true);
  section.querySelector('button').addEventListener('click', async ({ currentTarget }) => {
    currentTarget.disabled = true;
    const answer = await call(`/projections/${encodeURIComponent(name)}/rebuild`, {
      method: currentTarget.dataset.method,
    });
    if (!answer.ok) connection.textContent = (await answer.json()).detail;
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

function mark({ partition, lag, checkpoint, head, owner, stopped }) {
  const element = document.createElement('span');
  element.className = `mark${stopped ? ' stopped' : lag > 0 ? ' behind' : ''}`;
  element.title = `partition ${partition}: ${number(checkpoint)} of ${number(head)}, ${owner ?? 'nobody'}`;
  return element;
}

function inWords({ generation, events_done, events_total, events_per_second, seconds_left }) {
  const rate = events_per_second === null ? '' : `, ${number(events_per_second)}/s`;
  const left = seconds_left === null ? '' : `, ${number(seconds_left)} s left`;
  return `generation ${generation}: ${number(events_done)} of ${number(events_total)} events${rate}${left}`;
}

function stop({ partition, position, type, order_id, error }) {
  const element = document.createElement('li');
  element.textContent = `${partition}:${position}, ${type ?? 'no event'} of order ${order_id ?? 'unknown'}: ${error}`;
  return element;
}

function number(value) {
  return Number(value).toLocaleString('en');
}
