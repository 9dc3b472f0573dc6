// The live part: one socket, opened again when it breaks; nothing is lost or shown twice.

import { agentUrl, pause, rest } from './net.js';
import { banner } from './ui.js';
import { words } from './words.js';

export class Live {
  #who;
  #socket = null;
  #seq = 0; // the last frame we have seen
  #unsent = new Map(); // id -> frame, until our own message comes back
  #listeners = new Map();
  #failures = 0;
  #closed = false;

  constructor(who) {
    this.#who = who;
    this.#connect();
  }

  /** Call `fn(frame)` for every frame of `kind` (message, status, turn, presence, …; '*' for all). */
  on(kind, fn) {
    const list = this.#listeners.get(kind) ?? [];
    this.#listeners.set(kind, [...list, fn]);
    return this;
  }

  /** Send one message; its id. It is sent again after a lost connection, and counts once. */
  send(data) {
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    const frame = { type: 'message', id, data };
    this.#unsent.set(id, frame);
    this.#transmit(frame);
    return id;
  }

  /** Tell the others that this worker is typing. */
  typing() {
    this.#transmit({ type: 'typing' });
  }

  close() {
    this.#closed = true;
    this.#socket?.close();
  }

  #transmit(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #connect() {
    const url = new URL(agentUrl(this.#who.agent, 'live'));
    url.protocol = url.protocol.replace('http', 'ws');
    url.search = new URLSearchParams({ after: this.#seq, token: this.#who.token });
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      this.#failures = 0;
      banner.hide('live');
      this.#unsent.forEach((frame) => this.#transmit(frame));
    };
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = (event) => this.#lost(event.code);
  }

  #take(frame) {
    if (frame.seq !== undefined) {
      if (frame.seq <= this.#seq) return;
      this.#seq = frame.seq;
    }
    if (frame.type === 'message') this.#unsent.delete(frame.id);
    for (const kind of [frame.type, '*']) this.#listeners.get(kind)?.forEach((fn) => fn(frame));
  }

  async #lost(code) {
    const refused = code >= 4400 && code < 4500 && code !== 4429;
    if (this.#closed || refused || code === 1000) {
      this.#take({ type: 'closed', code });
      return;
    }
    this.#failures += 1;
    banner.show('live', words.reconnecting);
    await rest(pause(this.#failures));
    if (!this.#closed) this.#connect();
  }
}
