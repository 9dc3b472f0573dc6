// Pages instead of work: refusals, each with its own words and a way on, and how a visit ends.

import * as device from './device.js';
import { reachable, rest, root } from './net.js';
import { writeButton } from './notes.js';
import { banner, button, make, page } from './ui.js';
import { words } from './words.js';

const LOOKS = 40; // how often we look again by ourselves for free work
const OWN_TEXT = new Set(['not_qualified', 'refused', 'too_many_units', 'not_acceptable_now']);
const AGAIN = new Set(['busy', 'too_fast', 'address_full', 'offline', 'timeout', 'internal', 'task_error', 'too_many_open', 'not_acceptable_now']);
const ANEW = new Set(['bad_token', 'unknown_agent']); // the same link still leads to the same work
const ENDED = new Set(['expired', 'returned', 'timed_out', 'left', 'replaced', 'released', 'no_work_left', 'left_waiting']); // the visit of this link is over

const NOTHING_DONE = new Set(['released', 'no_work_left']); // paid perhaps, but nothing was answered

/** Never settles: the page is ours now. */
export const forever = () => new Promise(() => {});

/** Go to `url` (by default: load the page again), unless there is no server: then say so and stay. */
async function go(url = location.href) {
  if (await reachable()) {
    await banner.hide('gone');
    location.replace(url);
    return true;
  }
  await banner.notice('gone', words.gone);
  return false;
}

const reload = () => go();

function anew() {
  device.session.clear();
  return go();
}

/** More work on a visit of its own: by the same link without the parameter that names the visit. */
function another() {
  const url = new URL(location.href);
  url.searchParams.delete(device.pick.load() ?? '');
  device.session.clear();
  device.session.clear(url);
  return go(url.href);
}

/** A button for more work after the end of a visit; none where only the platform opens new visits. */
const more = (label) => (device.pick.load() === '' ? [] : [button(label, another)]);

/** The page of a refusal. `answers` are offered as a file if they could not be delivered. */
export async function refuse(error, answers = null) {
  const code = error.code in words.pages ? error.code : error.status >= 500 ? 'internal' : 'refused';
  const [title, text, next] = words.pages[code];
  const said = OWN_TEXT.has(code) && error.detail ? error.detail : text;
  const parts = [];
  if (code === 'no_available_units') parts.push(...looking(error.retryAfter));
  else if (ANEW.has(code)) parts.push(button(words.startAgain, anew));
  else if (ENDED.has(code)) parts.push(...more(words.startAgain));
  else if (AGAIN.has(code)) parts.push(button(words.tryAgain, reload));
  if (answers !== null) parts.push(copyOf(answers));
  await banner.hide('sending');
  await banner.hide('deadline');
  await page(code, [title, said, nextOf(code, next)], make('div', { class: 'buttons' }, ...parts));
  if (code === 'offline') rest(2 ** 31 - 1).then(reload);
  return forever();
}

const nextOf = (code, next) => (ENDED.has(code) && device.pick.load() === '' ? words.close : next);

/** There is work: the next wait for it starts counting anew. */
export const forgetLooks = () => device.looks.set(0);

/** A button to look for free work, and a clock that presses it. */
function looking(retryAfter) {
  const looks = device.looks.count() + 1;
  const press = button(words.lookAgain, reload);
  if (looks > LOOKS) return [press];
  const every = Math.max(5, retryAfter ?? 15) * 1000;
  let end = Date.now() + every; // a clock goes on while a laptop sleeps
  const left = () => Math.max(0, Math.round((end - Date.now()) / 1000));
  const clock = make('span', { class: 'note', 'aria-hidden': 'true' }, words.again(left()));
  const timer = setInterval(async () => {
    clock.textContent = words.again(left());
    if (left() > 0) return;
    end = Date.now() + every;
    device.looks.set(looks);
    if (await reload()) clearInterval(timer);
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

// The task's page may post to this server only; the next page may post to where this visit ends.
async function post(url, fields) {
  device.leaving.save({ url, fields });
  location.replace(new URL('leave', root));
  return forever();
}

async function thanks(fields) {
  const outcome = fields.outcome in words.pages ? fields.outcome : 'thanks';
  const [title, text, next] = words.pages[outcome];
  const parts = [];
  if (fields.again) parts.push(button(words.lookAgain, anew));
  else if (fields.next) parts.push(...more(words.next));
  else if (ENDED.has(outcome)) parts.push(...more(words.startAgain));
  if ('stored' in fields && !NOTHING_DONE.has(outcome)) parts.push(make('h2', {}, words.stored), show(fields.stored));
  parts.push(...writeButton());
  await banner.hide('deadline');
  await page(outcome, [fields.title ?? title, fields.message ?? text, nextOf(outcome, next)], ...parts);
  return forever();
}

/** JSON as a list of names and values. */
function show(value) {
  if (value === null || typeof value !== 'object') return make('p', { class: 'value' }, plain(value));
  const list = make('dl', {});
  for (const [name, one] of Object.entries(value)) list.append(make('dt', {}, name), make('dd', {}, plain(one)));
  return list;
}

/** A value in one field: lists with commas, objects one name a line, what lies deeper as JSON. */
function plain(value) {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value !== 'object') return String(value);
  const flat = (one) => (one !== null && typeof one === 'object' ? JSON.stringify(one) : String(one ?? '–'));
  if (Array.isArray(value)) return value.map(flat).join(', ') || '–';
  return Object.entries(value).map(([name, one]) => `${name}: ${flat(one)}`).join('\n') || '–';
}
