// The room in which a worker waits for others: what happens, how long at most, what then, and a way out.

import { badge } from './badge.js';
import { agentUrl, ask, persist, rest } from './net.js';
import { banner, button, confirm, cover, make } from './ui.js';
import { words } from './words.js';
import { refuse } from './ending.js';

/**
 * Wait until the work of `given` (a document in phase waiting) begins or ends; the document of what came.
 * `live` is its connection, which goes on.
 */
export async function waitInRoom(given, live) {
  const room = new Room(given, live);
  const next = await room.over;
  room.close();
  if (next.status === 'left' && !live.heard) {
    live.close();
    await refuse({ code: 'no_connection' });
  }
  return { ...next, token: given.token };
}

const SOON = 300; // ms: who need not wait does not see the room

class Room {
  #given;
  #live;
  #facts;
  #end = null; // ms on this device's clock
  #connectBy = null; // the same: until when the server waits for our connection
  #clock;
  #shown;
  #parts;
  #open = true;
  #asked = null;
  #leaving = false;
  #settle;

  constructor(given, live) {
    this.#given = given;
    this.#live = live;
    this.#facts = given.waiting ?? {};
    this.#parts = this.#draw();
    this.#shown = cover('waiting', this.#texts(), Object.values(this.#parts), SOON);
    this.#clock = setInterval(() => this.#tick(), 250);
    this.over = new Promise((resolve) => (this.#settle = resolve));
    live.on('status', (frame) => (frame.phase === 'waiting' ? this.#show(frame) : this.#next()));
    live.on('closed', ({ code }) => code === 4409 || this.#next());
    this.#show({});
  }

  close() {
    this.#open = false;
    clearInterval(this.#clock);
    this.#shown.remove();
    badge('●');
  }

  /** It has begun, or is over. */
  #next() {
    if (!this.#open || this.#leaving) return;
    this.#asked ??= this.#ask();
    this.#settle(this.#asked);
  }

  /** The document of now; what a frame says is a moment ahead of it at most. */
  async #ask() {
    const { agent, token } = this.#given;
    for (;;) {
      const { body } = await persist(() => ask('GET', agentUrl(agent), { token }), 10 * 60_000);
      if (body.phase !== 'waiting') return body;
      await rest(1000);
    }
  }

  #texts() {
    const { seats = 2 } = this.#facts;
    return [words.waiting.title(seats), words.waiting.text(seats), ''];
  }

  #draw() {
    const people = make('p', { class: 'here' });
    const dots = make('span', { class: 'dots', 'aria-hidden': 'true' });
    const count = make('span', { role: 'status' });
    people.append(dots, count);
    const left = make('p', { class: 'left', role: 'timer' });
    const bar = make('progress', { class: 'bar', 'aria-label': words.waiting.bar, max: 1, value: 0 });
    const then = make('p', { class: 'note' });
    const pay = make('p', { class: 'note' });
    const leave = make('div', { class: 'buttons' }, button(words.waiting.leave, () => this.#leave(), 'quiet'));
    return { people, left, bar, then, pay, leave };
  }

  /** What a status frame says, over what the document said. */
  #show({ waiting, note }) {
    this.#facts = { ...this.#facts, ...waiting };
    const { seats = 2, until, now, full } = this.#facts;
    const present = Math.max(1, this.#facts.present ?? 1); // we are
    if (waiting) this.#end = full || !until ? null : Date.now() + (until - now) * 1000;
    else if (this.#facts.connect_by) this.#connectBy = Date.now() + (this.#facts.connect_by - now) * 1000;
    if (waiting) this.#connectBy = null;
    const { people, then, pay } = this.#parts;
    const [dots, count] = people.children;
    dots.replaceChildren(...Array.from({ length: seats }, (_, n) => make('span', { class: n < present ? 'dot in' : 'dot' })));
    people.hidden = then.hidden = pay.hidden = seats === 1; // then it is room that is waited for, nobody else
    say(count, full ? words.waiting.full : words.waiting.here(present, seats));
    const { then: what } = this.#facts;
    say(then, full ? '' : (note ?? words.waiting.then[what] ?? words.waiting.then.release));
    say(pay, words.waiting.pay(money(this.#facts), what));
    this.#tick();
  }

  #tick() {
    const { left, bar } = this.#parts;
    const { timeout } = this.#facts;
    bar.hidden = this.#end === null;
    if (this.#connectBy !== null) {
      const seconds = Math.max(0, (this.#connectBy - Date.now()) / 1000);
      if (seconds === 0) this.#next();
      return say(left, seconds > 0 ? words.waiting.connecting(span(Math.ceil(seconds))) : words.waiting.now);
    }
    if (this.#end === null) {
      // Everybody is here, or nobody counts yet: the work's own deadline ends the wait at the latest.
      return say(left, this.#given.deadline === null ? '' : words.waiting.latest(clockTime(this.#given.deadline)));
    }
    const seconds = Math.max(0, (this.#end - Date.now()) / 1000);
    bar.value = timeout ? Math.min(1, 1 - seconds / timeout) : 0;
    return say(left, seconds > 0 ? words.waiting.left(span(Math.ceil(seconds))) : words.waiting.now);
  }

  async #leave() {
    if (!(await confirm(words.waiting.leaving)) || !this.#open) return;
    const { agent, token } = this.#given;
    this.#leaving = true;
    try {
      await persist(() => ask('POST', agentUrl(agent, 'return'), { token }), 15_000);
    } catch (error) {
      this.#leaving = false;
      if (error.passing) await banner.notice('leave', words.waiting.notLeft);
      else this.#next();
      return;
    }
    this.close();
    this.#live.close();
    await refuse({ code: 'left_waiting' });
  }
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text; // an unchanged text is not read out again
}

const span = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
const clockTime = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
const money = ({ pay, currency }) => (Number(pay) > 0 ? [pay, currency].filter(Boolean).join(' ') : null);
