// Drafts: on this device at once, on the server a moment later. Unsent changes of this device win.

import * as device from './device.js';
import { agentUrl, ask } from './net.js';

const SOON = 1500; // ms of quiet before the server is told

export class Drafts {
  #who;
  #timer = null;
  #unsent = null; // {data} not yet on the server
  #request = null; // what is on its way
  #held = false; // the work is being handed in: a draft would come too late

  constructor(who) {
    this.#who = who;
    window.addEventListener('pagehide', () => this.#send(true));
    window.addEventListener('online', () => this.#unsent && this.#later());
  }

  /** The newest draft: ours if the server never got it, else the server's. */
  async newest(fromServer) {
    const ours = await device.drafts.get(this.#who.key);
    if (!ours) return fromServer;
    this.#unsent = { data: ours.data };
    this.#later();
    return ours.data;
  }

  /** Keep `data` (JSON). */
  async save(data) {
    const copy = JSON.parse(JSON.stringify(data ?? null));
    this.#unsent = { data: copy };
    this.#later();
    await device.drafts.put({ key: this.#who.key, data: copy });
  }

  /** The work is being handed in: nothing more is sent, and what is on its way is not waited for. */
  hold() {
    this.#held = true;
    clearTimeout(this.#timer);
    this.#request?.abort();
  }

  /** It was not taken: drafts are sent again. */
  release() {
    this.#held = false;
    if (this.#unsent) this.#later();
  }

  /** The work is over: nothing of it stays on this device. */
  async clear() {
    clearTimeout(this.#timer);
    this.#unsent = null;
    await device.drafts.drop(this.#who.key);
  }

  #later(ms = SOON) {
    clearTimeout(this.#timer);
    if (!this.#held) this.#timer = setTimeout(() => this.#send(false), ms);
  }

  async #send(leaving) {
    const sending = this.#unsent;
    if (!sending || this.#held) return;
    clearTimeout(this.#timer);
    const { signal } = (this.#request = new AbortController());
    const { agent, token, key } = this.#who;
    const small = JSON.stringify(sending.data).length < 60_000; // the browser's limit for keepalive
    try {
      await ask('PUT', agentUrl(agent, 'draft'), { token, json: sending.data, keepalive: leaving && small, signal });
    } catch (error) {
      if (error.passing && this.#unsent) this.#later(10_000);
      return;
    }
    if (this.#unsent !== sending) return; // changed meanwhile: its own timer runs
    this.#unsent = null;
    await device.drafts.drop(key); // on a shared device nothing stays longer than it must
  }
}
