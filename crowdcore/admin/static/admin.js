// The page of runs: asks every 2 s and redraws only what changed.

const EVERY = 2000;
const LOST_AFTER = 3;
const STATUSES = [
  ['accepted', 'accepted'],
  ['soft_rejected', 'accepted, not used'],
  ['completed', 'to be reviewed'],
  ['assigned', 'worked on'],
  ['launched', 'free'],
  ['created', 'not yet launched'],
  ['rejected', 'rejected'],
  ['expired', 'expired'],
];
const LIVE = new Set(['launching', 'running', 'paused', 'draining']);

const list = document.getElementById('runs');
const freshness = document.getElementById('freshness');
const cards = new Map();
let failures = 0;

// Names and reasons are people's words, and read from their own side.
const TEXT = new Set(['a', 'b', 'code', 'dd', 'dt', 'h2', 'li', 'p', 'span']);

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  if (TEXT.has(name)) element.dir = 'auto';
  for (const [key, value] of Object.entries(attributes)) if (value != null) element.setAttribute(key, value);
  element.append(...children.filter((child) => child != null));
  return element;
}

const number = (n) => Number(n).toLocaleString();
const when = (at) => new Date(at * 1000).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });

function span(seconds) {
  const parts = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const [unit, size] = parts.find(([, s]) => seconds >= s) ?? parts.at(-1);
  return `${Math.floor(seconds / size)} ${unit}`;
}

function draw(run, now) {
  const total = Object.values(run.units).reduce((a, b) => a + b, 0);
  const shown = STATUSES.filter(([status]) => run.units[status]);
  const said = shown.map(([status, text]) => `${number(run.units[status])} ${text}`).join(', ') || 'no units yet';
  const progress = make('div', { class: 'progress', role: 'img', 'aria-label': `Units: ${said}` });
  for (const [status] of shown) {
    const part = make('span', { class: status });
    part.style.flexGrow = run.units[status];
    progress.append(part);
  }
  const legend = make('ul', { class: 'legend' });
  for (const [status, text] of shown) {
    const dot = make('i', { class: status, 'aria-hidden': 'true' });
    legend.append(make('li', {}, dot, make('b', {}, number(run.units[status])), ` ${text}`));
  }
  const done = ['completed', 'accepted', 'soft_rejected', 'rejected'].reduce((n, s) => n + (run.units[s] ?? 0), 0);
  const atWork = (run.agents.in_task ?? 0) + (run.agents.waiting ?? 0);
  const card = make(
    'article',
    { class: 'card', 'aria-labelledby': `run-${run.name}` },
    make('div', { class: 'head' }, make('h2', { id: `run-${run.name}` }, run.name), state(run)),
    make('p', { class: 'sub' }, `${run.task} · ${run.provider} · ${times(run, now)}`),
    progress,
    legend,
    make(
      'dl',
      {},
      fact('Done', `${number(done)} of ${number(total)}`),
      fact('Submissions', number(run.submissions)),
      fact('People at work', number(atWork)),
      fact('Money promised', `${run.promised} ${run.currency}`),
      fact('Earned so far', `${run.earned} ${run.currency}`),
      run.page_errors ? fact('Page errors', number(run.page_errors), 'bad') : null,
    ),
  );
  if (LIVE.has(run.status) && !run.served) card.append(dead(run));
  else if (run.status === 'stopped') card.append(make('p', { class: 'link' }, 'Go on with ', make('code', {}, `crowd resume ${run.name}`)));
  else if (run.url && LIVE.has(run.status)) {
    card.append(make('p', { class: 'link' }, 'Workers go to ', make('a', { href: run.url, rel: 'noreferrer' }, run.url)));
  }
  return card;
}

function state(run) {
  const lost = LIVE.has(run.status) && !run.served;
  return make('span', { class: `chip ${lost ? 'lost' : run.status}` }, lost ? 'not served' : run.status);
}

const dead = (run) =>
  make('p', { class: 'alert' }, 'No process serves this run. Go on with ', make('code', {}, `crowd resume ${run.name}`));

function times(run, now) {
  const started = run.launched_at ?? run.created_at;
  if (run.ended_at) return `${when(started)}, took ${span(run.ended_at - started)}${run.reason ? ` (${run.reason})` : ''}`;
  return `${when(started)}, for ${span(now - started)}`;
}

const fact = (name, value, kind) => make('div', { class: kind }, make('dt', {}, name), make('dd', {}, value));

function show({ runs, now }) {
  if (!runs.length) {
    list.replaceChildren(make('p', { class: 'empty' }, 'There are no runs yet. Start one with ', make('code', {}, 'crowd run task.yaml')));
    return;
  }
  for (const run of runs) {
    const { heartbeat_at: _, ...lasting } = run;
    const key = JSON.stringify([lasting, LIVE.has(run.status) ? Math.floor(now / 10) : 0]);
    const known = cards.get(run.name);
    if (known?.key === key) continue;
    const card = draw(run, now);
    if (known) known.card.replaceWith(card);
    cards.set(run.name, { key, card });
  }
  const wanted = runs.map((run) => cards.get(run.name).card);
  if (wanted.length !== list.children.length || wanted.some((card, i) => list.children[i] !== card)) list.replaceChildren(...wanted);
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch('/api/v1/runs', { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
      if (answer.status === 401) {
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error(answer.statusText);
      show(await answer.json());
      failures = 0;
      say('Live');
    } catch {
      failures += 1;
      if (failures >= LOST_AFTER) say('The server does not answer. These numbers are old; we go on trying.');
    }
  }
  setTimeout(look, Math.min(EVERY * (1 + failures), 15_000));
}

function say(text) {
  if (freshness.textContent !== text) freshness.textContent = text;
  freshness.classList.toggle('live', text === 'Live');
}

document.addEventListener('visibilitychange', () => freshness.classList.toggle('paused', document.hidden));
look();
