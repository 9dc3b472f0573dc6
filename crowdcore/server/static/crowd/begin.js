// From the page's address to its work: first what still waits to be sent, then the document.

import * as device from './device.js';
import { finish, forgetLooks, refuse } from './ending.js';
import { reportAs, watch } from './faults.js';
import { CrowdError, agentUrl, ask, persist } from './net.js';
import { allow, belowPage } from './notes.js';
import * as outbox from './outbox.js';
import { banner, cover, keepFragmentsHere, make, onTop } from './ui.js';
import { Work, proceed } from './work.js';
import { words } from './words.js';

const AT_MOST = 60_000; // ms until a start gives up and says so
const GONE = new Set(['bad_token', 'unknown_agent']);

/** See `crowd.start`. */
export async function begin() {
  watch();
  keepFragmentsHere();
  try {
    const refused = await sendWhatWaits();
    return await open(await document(), refused);
  } catch (error) {
    if (!(error instanceof CrowdError)) throw error;
    return await refuse(error);
  }
}

async function document() {
  const slow = setTimeout(() => banner.show('loading', words.loading), 600);
  try {
    return await persist(ownDocument, AT_MOST);
  } finally {
    clearTimeout(slow);
    banner.hide('loading');
  }
}

/** Deliver what an earlier page of this address kept; the refusal, if the worker can do better. */
async function sendWhatWaits() {
  const waiting = await outbox.entries();
  const mine = waiting.filter((entry) => entry.place === device.place);
  outbox.deliverOthers(waiting.filter((entry) => entry.place !== device.place));
  let refused = null;
  for (const entry of mine) {
    const current = device.session.load();
    const ours = !current || current.agent === entry.agent;
    const shown = ours ? cover('sending', words.pages.sending, [], 800) : null;
    try {
      const answer = await outbox.deliver(entry);
      await device.drafts.drop(entry.key);
      if (ours) return await proceed(entry, answer);
      await outbox.forget(entry);
    } catch (error) {
      if (!(error instanceof CrowdError)) throw error;
      await outbox.forget(entry);
      if (!ours || GONE.has(error.code)) continue;
      if (!['invalid', 'too_large'].includes(error.code)) return refuse(error, entry.data);
      refused = { error, data: entry.data };
    } finally {
      shown?.remove();
    }
  }
  await banner.hide('sending');
  return refused;
}

async function ownDocument() {
  const known = device.session.load();
  if (known) {
    try {
      const { body } = await ask('GET', agentUrl(known.agent), { token: known.token });
      return { ...body, token: body.token ?? known.token };
    } catch (error) {
      if (!GONE.has(error.code)) throw error;
      device.session.clear();
    }
  }
  const params = Object.fromEntries(new URLSearchParams(location.search));
  return (await ask('POST', agentUrl(), { json: { params } })).body;
}

async function open(given, refused, live = null) {
  const { agent, phase, provider, frontend } = given;
  if (provider) device.pick.save(provider.pick);
  if (frontend?.title) window.document.title = frontend.title;
  if (agent !== null) {
    device.session.save(given);
    reportAs(given);
  }
  forgetLooks();
  if (agent !== null) allow(given);
  if (phase === 'done') {
    live?.close();
    await device.drafts.drop(given.key);
    return finish(given.completion);
  }
  if (frontend?.block_mobile && isPhone()) return refuse({ code: 'no_phone' });
  if (given.live && agent !== null) live ??= await connection(given);
  if (phase === 'waiting') return open(await waited(given, live), refused, live);
  const work = await new Work(given, refused?.error ?? null).open(given, live);
  if (refused) {
    if (refused.error.code === 'invalid') work.draft = refused.data;
    await banner.notice('refused', refused.error.code === 'invalid' ? words.notAccepted : refused.error.detail);
  }
  if (phase === 'preview') await preview(provider ?? {});
  if (given.notice) await banner.notice('notice', given.notice);
  if (given.form) {
    const { askQuestions } = await import('./questions.js'); // most tasks have no such form
    return askQuestions(work, given.form);
  }
  if (agent !== null) await belowPage(given.tips);
  return work;
}

// Most work is not live, so these are loaded when they are needed.
const connection = async (given) => new (await import('./live.js')).Live(given);
const waited = async (given, live) => (await import('./waiting.js')).waitInRoom(given, live);

const isPhone = () => navigator.userAgentData?.mobile ?? /Android|iPhone|iPad|Mobile/i.test(navigator.userAgent);

/** Above the preview: what it is, and where the provider wants it, a field to say who one is. */
async function preview(provider) {
  if (!provider.ask_name) {
    await onTop(make('p', { class: 'note' }, provider.preview ?? words.preview));
    return;
  }
  const name = provider.ask_param ?? 'worker_id';
  const input = make('input', { id: 'crowd-name', name, required: true, maxlength: 200, autocomplete: 'username' });
  const enter = (event) => {
    event.preventDefault();
    const params = new URLSearchParams(location.search);
    params.set(name, input.value.trim());
    if (input.value.trim()) location.assign(`${location.pathname}?${params}`);
  };
  const form = make(
    'form',
    { onsubmit: enter, class: 'ask' },
    make('label', { for: 'crowd-name' }, provider.ask_label ?? words.askName),
    make('div', { class: 'row' }, input, make('button', { type: 'submit', class: 'main' }, words.begin)),
  );
  const welcome = provider.welcome ? make('p', {}, provider.welcome) : null;
  await onTop(welcome, form, make('p', { class: 'note' }, words.preview));
}
