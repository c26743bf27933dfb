// The operations page: what GET /projections tells, as it changes. Everything that comes from the service is set as text.

const list = document.getElementById('projections');
const connection = document.getElementById('connection');
const template = document.getElementById('projection');
const sections = new Map();

const source = new EventSource('/projections');
source.addEventListener('open', () => {
  connection.textContent = 'live';
});
source.addEventListener('error', () => {
  connection.textContent = 'not connected; trying again…';
});
source.addEventListener('projections', ({ data }) => {
  for (const projection of JSON.parse(data).projections) show(projection);
});

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
    const answer = await fetch(`/projections/${encodeURIComponent(name)}/rebuild`, {
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
