// A connection like a WebSocket's, for networks that let none through: the page asks over HTTP, again and again.

import { agentUrl, ask, pause, rest } from './net.js';

const LONGEST = 10; // s that one question may wait for its answer
const TRIES = 3; // in a row, then the connection counts as lost
const OF_OURS = { bad_token: 4401, unknown_agent: 4404, no_live: 4404, too_fast: 4429 };

export class Polled {
  readyState = WebSocket.CONNECTING;
  onopen = null;
  onmessage = null;
  onclose = null;
  #who;
  #name = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  #out = [];
  #sending = false;
  #stop = new AbortController();

  /** `who`: {agent, token}; frames after seq `after` come again. */
  constructor(who, after) {
    this.#who = who;
    this.#poll(after);
  }

  send(text) {
    this.#out.push(JSON.parse(text));
    this.#flush();
  }

  close(code = 1000) {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.#stop.abort();
    this.onclose?.({ code });
  }

  get #isOver() {
    return this.readyState === WebSocket.CLOSED;
  }

  async #poll(after) {
    let [got, wait] = [0, LONGEST];
    while (!this.#isOver) {
      const answer = await this.#try('poll', () => ({ after, got, wait }), () => (wait = Math.max(1, wait / 2)));
      if (answer === null) return;
      got = answer.next;
      if (this.readyState === WebSocket.CONNECTING) {
        this.readyState = WebSocket.OPEN;
        this.onopen?.();
      }
      for (const frame of answer.frames) if (!this.#isOver) this.onmessage?.({ data: JSON.stringify(frame) });
      if (answer.closed) this.close(answer.closed.code);
    }
  }

  async #flush() {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#out.length && !this.#isOver) {
      const frames = this.#out.splice(0, 50);
      await this.#try('frames', () => ({ frames }));
    }
    this.#sending = false;
  }

  /** The answer; null if the connection is over, for then it is closed. Something on the way may cut what waits long. */
  async #try(word, json, onFailure = () => {}) {
    const { agent, token } = this.#who;
    for (let n = 1; ; n += 1) {
      try {
        const body = { connection: this.#name, ...json() };
        const options = { token, json: body, patience: (LONGEST + 10) * 1000, signal: this.#stop.signal };
        const answer = await ask('POST', agentUrl(agent, word), options);
        return this.#isOver ? null : answer.body;
      } catch (error) {
        if (this.#isOver) return null;
        if (n >= TRIES || error.code in OF_OURS || error.code === 'not_connected') {
          this.close(OF_OURS[error.code] ?? 1006);
          return null;
        }
        onFailure();
        await rest(pause(n, error));
      }
    }
  }
}
