// Pages instead of work: refusals, each with its own words and a way on, and how a visit ends.

import * as device from './device.js';
import { rest } from './net.js';
import { banner, button, make, page } from './ui.js';
import { words } from './words.js';

const LOOKS = 40; // how often we look again by ourselves for free work
const OWN_TEXT = new Set(['not_qualified', 'blocked', 'refused', 'too_many_units', 'not_acceptable_now']);
const AGAIN = new Set(['busy', 'too_fast', 'offline', 'timeout', 'internal', 'task_error', 'too_many_open', 'not_acceptable_now']);
const ANEW = new Set(['expired', 'bad_token', 'unknown_agent', 'returned', 'timed_out', 'left', 'replaced']);

/** Never settles: the page is ours now. */
export const forever = () => new Promise(() => {});

const reload = () => location.reload();

function anew() {
  device.session.clear();
  reload();
}

/** The page of a refusal. `answers` are offered as a file if they could not be delivered. */
export async function refuse(error, answers = null) {
  const code = error.code in words.pages ? error.code : error.status >= 500 ? 'internal' : 'refused';
  const [title, text, next] = words.pages[code];
  const said = OWN_TEXT.has(code) && error.detail ? error.detail : text;
  const parts = [];
  if (code === 'no_available_units') parts.push(...looking(error.retryAfter));
  else if (ANEW.has(code)) parts.push(button(words.startAgain, anew));
  else if (AGAIN.has(code)) parts.push(button(words.tryAgain, reload));
  if (answers !== null) parts.push(copyOf(answers));
  await banner.hide('sending');
  await page(code, [title, said, next], make('div', { class: 'buttons' }, ...parts));
  if (code === 'offline') rest(2 ** 31 - 1).then(reload);
  return forever();
}

/** There is work: the next wait for it starts counting anew. */
export const forgetLooks = () => device.looks.set(0);

/** A button to look for free work, and a clock that presses it. */
function looking(retryAfter) {
  const looks = device.looks.count() + 1;
  const press = button(words.lookAgain, reload);
  if (looks > LOOKS) return [press];
  let left = Math.max(5, Math.round(retryAfter ?? 15));
  const clock = make('span', { class: 'note', 'aria-hidden': 'true' }, words.again(left));
  const timer = setInterval(() => {
    left -= 1;
    clock.textContent = words.again(Math.max(0, left));
    if (left > 0) return;
    clearInterval(timer);
    device.looks.set(looks);
    reload();
  }, 1000);
  return [press, clock];
}

function copyOf(answers) {
  const save = () => {
    const file = new Blob([JSON.stringify(answers, null, 2)], { type: 'application/json' });
    const link = make('a', { href: URL.createObjectURL(file), download: 'answers.json' });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };
  return button(words.saveCopy, save, 'quiet');
}

/** The end of a visit: {kind: thanks | redirect | post, url, fields}. */
export async function finish(completion) {
  const { kind, url, fields = {} } = completion ?? { kind: 'thanks' };
  if (kind === 'redirect' && web(url)) return redirect(url);
  if (kind === 'post' && web(url)) return post(url, fields);
  return thanks(fields);
}

const web = (url) => /^https?:\/\//i.test(url ?? '');

async function redirect(url) {
  await page('redirect', [words.pages.thanks[0], words.leaving, ''], make('p', {}, make('a', { href: url }, words.goOn)));
  location.replace(url);
  return forever();
}

async function post(url, fields) {
  const inputs = Object.entries(fields).map(([name, value]) =>
    make('input', { type: 'hidden', name, value: typeof value === 'string' ? value : JSON.stringify(value) }),
  );
  const send = make('button', { type: 'submit', class: 'main' }, words.goOn);
  const form = make('form', { method: 'post', action: url }, ...inputs, send);
  await page('post', [words.pages.thanks[0], words.leaving, ''], form);
  form.submit();
  return forever();
}

async function thanks(fields) {
  const outcome = fields.outcome in words.pages ? fields.outcome : 'thanks';
  const [title, text, next] = words.pages[outcome];
  const parts = [];
  if ('stored' in fields) parts.push(make('h2', {}, words.stored), show(fields.stored));
  if (fields.next) parts.push(button(words.next, anew));
  else if (outcome !== 'thanks' && ANEW.has(outcome)) parts.push(button(words.startAgain, anew));
  await page(outcome, [fields.title ?? title, fields.message ?? text, next], ...parts);
  return forever();
}

/** JSON as a list of names and values. */
function show(value) {
  if (value === null || typeof value !== 'object') return make('p', { class: 'value' }, String(value ?? '–'));
  const list = make('dl', {});
  for (const [name, one] of Object.entries(value)) {
    const text = one === null ? '–' : typeof one === 'object' ? JSON.stringify(one) : String(one);
    list.append(make('dt', {}, name), make('dd', {}, text === '' ? '–' : text));
  }
  return list;
}
