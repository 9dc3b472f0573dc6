// One piece of work, as pages use it.

import * as device from './device.js';
import { Deadline } from './deadline.js';
import { Drafts } from './drafts.js';
import { finish, forever, refuse } from './ending.js';
import { report } from './faults.js';
import { CrowdError, agentUrl, ask, persist, reachable, upload } from './net.js';
import * as outbox from './outbox.js';
import { banner, confirm } from './ui.js';
import * as sizes from './sizes.js';
import { words } from './words.js';

const FIXABLE = new Set(['invalid', 'too_large', 'unsupported_media_type']); // the page can do something about it

const CUTS = 3; // uploads that break off while the server can be reached, until a proxy's limit is supposed
const LOOK = 5000; // ms between two looks whether the work goes on

export class Work {
  #who;
  #drafts = null;
  #deadline = null;
  #submitting = null;

  constructor(document, refused = null) {
    const { agent, token, key, phase, status, init, draft, provider, frontend } = document;
    this.#who = { agent, token, key };
    Object.assign(this, { phase, status, init, draft, provider, frontend, refused, agent, live: null });
  }

  /** Drafts, deadline and the live part (its connection), for work that belongs to somebody. */
  async open(document, live = null) {
    if (this.agent === null) return this;
    this.#drafts = new Drafts(this.#who);
    this.draft = await this.#drafts.newest(document.draft);
    this.#deadline = new Deadline(this.#who, document.deadline, () => this.#submitting !== null);
    this.live = live;
    if (live === null) this.#watch();
    live?.on('status', ({ phase }) => this.#follow(phase));
    live?.on('closed', ({ code }) => code === 4409 || this.#look());
    return this;
  }

  get deadline() {
    return this.#deadline?.at ?? null;
  }

  /** Keep `data` (JSON) for a reload; resolves when this device has it. */
  async saveDraft(data) {
    if (this.#submitting) return;
    this.#mine();
    this.draft = data;
    await this.#drafts.save(data);
  }

  /** What is wrong with `files` before anything is sent: a CrowdError `too_large`, or null. */
  tooLarge(files) {
    return sizes.tooLarge(files, this.frontend?.limits);
  }

  /** Upload one file now: {file, name, size, sha256}. One that is too large is refused before it is sent. */
  async uploadFile(field, file) {
    this.#mine();
    const refusal = this.tooLarge([{ field, name: file.name || 'file', blob: file }]);
    if (refusal) throw refusal;
    const url = agentUrl(this.agent, 'files', field);
    const form = () => {
      const body = new FormData();
      body.append('file', file, file.name || 'file');
      return body;
    };
    let cuts = 0;
    const once = async () => {
      try {
        return await upload(url, form(), this.#who);
      } catch (error) {
        // Proxies refuse what is too large by hanging up, which browsers tell from a lost network only by this.
        if (error.code === 'offline' && (await reachable()) && ++cuts === CUTS) throw new CrowdError('too_large', words.cutOff, { status: 413 });
        throw error;
      }
    };
    return (await persist(once, 120_000)).body;
  }

  /**
   * Hand in the work: JSON (File and Blob values are uploaded) or FormData. Goes on to what comes next;
   * rejects with a CrowdError, `errors` by field, if the answers were not accepted.
   */
  async submit(input) {
    this.#mine();
    this.#submitting ??= this.#submit(input).catch((error) => {
      this.#submitting = null;
      throw error;
    });
    return this.#submitting;
  }

  async #submit(input) {
    const { data, files } = outbox.split(input);
    const refusal = this.tooLarge(files);
    if (refusal) throw refusal;
    const entry = await outbox.keep(this.#who, data, files);
    this.#drafts.hold();
    try {
      const answer = await outbox.deliver(entry);
      this.live?.close();
      await this.#drafts.clear();
      return await proceed(entry, answer);
    } catch (error) {
      if (!(error instanceof CrowdError) || FIXABLE.has(error.code)) this.#drafts.release();
      if (!(error instanceof CrowdError)) throw error;
      await outbox.forget(entry);
      await banner.hide('sending');
      if (FIXABLE.has(error.code)) throw error;
      return refuse(error, data);
    }
  }

  /** Call the server procedure `name` with `args` (JSON); a repeat after a lost answer runs once. */
  async call(name, args = null) {
    this.#mine();
    const json = { args, request_id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    const url = agentUrl(this.agent, 'call', name);
    const { token } = this.#who;
    return (await persist(() => ask('POST', url, { token, json, patience: 60_000 }), 120_000)).body.result;
  }

  /** Give the work back, after asking unless told otherwise; false if the worker kept it. */
  async giveBack({ ask: asking = true } = {}) {
    this.#mine();
    if (asking && !(await confirm(words.giveBack))) return false;
    await persist(() => ask('POST', agentUrl(this.agent, 'return'), { token: this.#who.token }), 30_000);
    this.#deadline.stop();
    this.live?.close();
    await this.#drafts.clear();
    await refuse({ code: 'returned' });
    return true;
  }

  /** Tell the operator that the page failed; the work goes on. */
  fail(error) {
    report(error, 'work.fail');
  }

  /** The live part is over: what is left is to hand in; or all of it is over. */
  #follow(phase) {
    if (phase === 'done') this.#look();
    if (phase !== 'finish' || this.phase === 'finish') return;
    this.phase = 'finish';
    this.#look(); // the deadline is another one now
  }

  /** Without a connection that tells, the page asks now and then whether the work has ended elsewhere. */
  #watch() {
    setInterval(async () => {
      if (document.hidden || this.#submitting) return;
      try {
        const { body } = await ask('GET', agentUrl(this.agent, 'state'), { token: this.#who.token });
        if (body.phase === 'done') await this.#look();
      } catch {
        // The next look, or whatever the worker does next, will tell.
      }
    }, LOOK);
  }

  /** What the server says about this work, where the connection does not tell. */
  async #look() {
    if (this.#submitting) return;
    try {
      const { body } = await persist(() => ask('GET', agentUrl(this.agent), { token: this.#who.token }), 60_000);
      if (this.#submitting) return;
      if (body.phase === 'done') {
        this.live?.close();
        await this.#deadline.over(body.completion);
      } else this.#deadline.set(body.deadline);
    } catch (error) {
      if (!error.passing) await refuse(error);
    }
  }

  #mine() {
    if (this.agent === null) throw new CrowdError('preview', 'This is the preview: nothing is kept or sent.');
  }
}

/** What follows an accepted submission: the next document by a reload, or the end of the visit. */
export async function proceed(entry, answer) {
  device.session.save(answer.next ?? entry);
  await outbox.forget(entry);
  await banner.hide('sending');
  if (!answer.next) return finish(answer.completion);
  location.reload();
  return forever();
}
