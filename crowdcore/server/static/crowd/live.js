// The live part: one socket, opened again when it breaks; nothing is lost, shown twice or said twice. Where no socket
// gets through, the page asks over HTTP instead.

import { badge } from './badge.js';
import * as device from './device.js';
import { CrowdError, agentUrl, ask, pause, reachable, rest } from './net.js';
import { Polled } from './poll.js';
import { banner, button, cover } from './ui.js';
import { words } from './words.js';

const LARGEST = 64_000; // bytes of one frame; the server takes 64 KiB
const UNANSWERED = 12_000; // ms after which a connection that answers nothing is given up
const DEAF = 2; // sockets in a row through which nothing came, though the server answers: then it is asked
const PULSE = 25_000; // ms between questions whether the connection still lives
const A_SECOND = 15; // messages that go out in a second, after the first few: the server takes 20
const AT_ONCE = 40;
const AGAIN = new Set([4408, 4429]); // of the codes that the server closes with: worth another try

export class Live {
  /** Display name of this worker, once known. */
  you = null;
  /** The last `status` frame: {status, phase, you, people, note, waiting}. */
  state = {};
  /** Whether the socket is open just now. */
  connected = false;
  /** Whether anything ever came. */
  heard = false;
  #who;
  #socket = null;
  #log = []; // what came with a seq, for listeners that come later
  #seq = 0;
  #unsent; // [{id, data, at}] in the order in which they were said
  #flying = new Set(); // ids sent on this connection
  #finishing = false;
  #listeners = [];
  #fresh = [];
  #failures = 0;
  #deaf = 0; // connections in a row on which nothing came
  #polls = false;
  #stopped = false;
  #allowed = AT_ONCE;
  #refilled = Date.now();
  #timers = {};
  #tabs = null;

  constructor(who) {
    this.#who = who;
    this.#unsent = device.unsent.load(who.key);
    this.#hearOtherTabs();
    window.addEventListener('offline', () => this.#drop());
    document.addEventListener('visibilitychange', () => document.hidden || this.#pulse());
    setInterval(() => this.#pulse(), PULSE);
    this.#connect();
  }

  /** Everybody who takes part, this worker too: [{name, role, present, bot}]. */
  get people() {
    return this.state.people ?? [];
  }

  /** waiting | in_task | partner_left | completed | ended; null before the server said so. `work.phase` says what to do. */
  get status() {
    return this.state.status ?? null;
  }

  /** What this worker said and the server has not confirmed: [{id, data, at}]. */
  get unsent() {
    return [...this.#unsent];
  }

  /**
   * Call `fn(frame)` for every frame of `kind` (message, turn, form, context, status, presence, typing, ack, error;
   * ours: connection {connected}, closed {code}; '*' for all), also for those that came before: nothing is missed.
   */
  on(kind, fn) {
    this.#fresh.push({ kind, fn });
    if (this.#fresh.length === 1) queueMicrotask(() => this.#catchUp());
    return this;
  }

  /**
   * Say `data` (JSON); the message's id. Frame `ack` {id} says that the server has stored it, `error` {id, code} that it
   * never will. It is kept over lost connections and reloads until then, in order, and counts once.
   */
  send(data) {
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    const entry = { id, data: JSON.parse(JSON.stringify(data ?? null)), at: Date.now() };
    if (new TextEncoder().encode(frameOf(entry)).length > LARGEST) throw new CrowdError('too_large', words.tooLong);
    this.#unsent.push(entry);
    device.unsent.save(this.#who.key, this.#unsent);
    this.#pump();
    return id;
  }

  /** Tell the others that this worker is typing; call it as often as you like. */
  typing() {
    if (this.#timers.typing) return;
    this.#timers.typing = setTimeout(() => (this.#timers.typing = null), 2500);
    this.#transmit({ type: 'typing' });
  }

  /** End the conversation now; allowed once somebody has left (status `partner_left`). */
  finish() {
    this.#finishing = true;
    this.#transmit({ type: 'finish' });
  }

  /** Put `text` ('(2)', '●'; '' for nothing) before the tab's title until somebody looks at the page. */
  badge(text) {
    badge(text);
  }

  /** Leave the socket closed. */
  close() {
    this.#stopped = true;
    this.#tabs?.close();
    this.#socket?.close(1000);
    this.#noBanner();
  }

  // --- the connection ---------------------------------------------------------------------------------

  #connect() {
    const socket = this.#polls ? new Polled(this.#who, this.#seq) : new WebSocket(this.#address());
    this.#socket = socket;
    this.#deaf += 1;
    this.#expectAnswer(); // the server speaks first
    this.#tabs?.postMessage({ key: this.#who.key });
    socket.onopen = () => {
      this.#flying.clear();
      this.#online(true);
      if (this.#finishing) this.#transmit({ type: 'finish' });
      this.#pump();
    };
    socket.onmessage = (event) => {
      this.#failures = this.#deaf = 0;
      this.heard = true;
      this.#answered();
      this.#take(JSON.parse(event.data));
    };
    socket.onclose = (event) => this.#lost(socket, event.code);
  }

  #address() {
    const url = new URL(agentUrl(this.#who.agent, 'live'));
    url.protocol = url.protocol.replace('http', 'ws');
    url.search = new URLSearchParams({ after: this.#seq, token: this.#who.token });
    return url;
  }

  /** Nothing gets through this way, though the server answers: try the other one. What it says of the work counts. */
  async #tryOtherwise() {
    if (this.#deaf < DEAF || !(await reachable())) return;
    const { agent, token } = this.#who;
    const { body } = await ask('GET', agentUrl(agent, 'state'), { token }).catch(() => ({ body: {} }));
    if (this.#stopped || this.#deaf < DEAF) return;
    if (body.phase === 'done') this.#over(1000);
    this.#polls = !this.#polls;
    this.#deaf = this.#polls ? DEAF - 1 : 0; // a connection that is asked for is a last attempt
  }

  #online(connected) {
    if (connected) this.#noBanner();
    else this.#timers.banner ??= setTimeout(() => banner.show('live', words.reconnecting), 600);
    if (this.connected === connected) return;
    this.connected = connected;
    this.#emit({ type: 'connection', connected });
  }

  #noBanner() {
    clearTimeout(this.#timers.banner);
    this.#timers.banner = null;
    banner.hide('live');
  }

  /** The network says that it is away, or nothing is answered: the socket would notice much later. */
  #drop() {
    const socket = this.#socket;
    if (this.#stopped || !socket || socket.readyState >= WebSocket.CLOSING) return;
    this.#lost(socket, 1006);
    socket.close();
  }

  async #lost(socket, code) {
    if (socket !== this.#socket) return; // another one took its place
    this.#socket = null;
    this.#answered();
    if (this.#stopped) return;
    if (code === 1000 || (code >= 4400 && code < 4500 && !AGAIN.has(code))) return this.#over(code);
    this.#online(false);
    this.#failures += code === 4429 ? 3 : 1;
    await rest(pause(this.#failures - 1));
    await this.#tryOtherwise();
    if (!this.#stopped && !this.#socket) this.#connect();
  }

  #over(code) {
    this.#stopped = true;
    this.#socket?.close(1000);
    this.#socket = null;
    this.#noBanner();
    this.#emit({ type: 'closed', code });
    if (code === 4409) this.#takenOver();
  }

  #hearOtherTabs() {
    this.#tabs = window.BroadcastChannel ? new BroadcastChannel('crowd-live') : null;
    if (!this.#tabs) return;
    this.#tabs.onmessage = ({ data }) => {
      // While we are offline the server cannot tell us; coming back we must not push the other tab away.
      if (data?.key === this.#who.key && !this.#stopped) this.#over(4409);
    };
  }

  #takenOver() {
    const here = () => {
      shown.remove();
      this.#stopped = false;
      this.#connect();
    };
    const shown = cover('taken_over', words.pages.taken_over, [button(words.useHere, here)]);
  }

  #pulse() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#transmit({ type: 'ping' });
    this.#expectAnswer();
  }

  #expectAnswer() {
    this.#timers.answer ??= setTimeout(() => this.#drop(), UNANSWERED);
  }

  #answered() {
    clearTimeout(this.#timers.answer);
    this.#timers.answer = null;
  }

  // --- what goes out ----------------------------------------------------------------------------------

  #transmit(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #pump() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    clearTimeout(this.#timers.pump);
    for (const entry of this.#unsent) {
      if (this.#flying.has(entry.id)) continue;
      if (!this.#mayNow()) {
        this.#timers.pump = setTimeout(() => this.#pump(), 1000 / A_SECOND);
        return;
      }
      this.#socket.send(frameOf(entry));
      this.#flying.add(entry.id);
      this.#expectAnswer();
    }
  }

  #mayNow() {
    const now = Date.now();
    this.#allowed = Math.min(AT_ONCE, this.#allowed + ((now - this.#refilled) * A_SECOND) / 1000);
    this.#refilled = now;
    if (this.#allowed < 1) return false;
    this.#allowed -= 1;
    return true;
  }

  #settled(id) {
    const left = this.#unsent.filter((entry) => entry.id !== id);
    if (left.length === this.#unsent.length) return;
    this.#unsent = left;
    device.unsent.save(this.#who.key, left);
  }

  // --- what comes in ----------------------------------------------------------------------------------

  #take(frame) {
    if (frame.seq !== undefined) {
      if (frame.seq <= this.#seq) return;
      this.#seq = frame.seq;
      this.#log.push(frame);
    }
    if (frame.type === 'message' || frame.type === 'ack') this.#settled(frame.id);
    else if (frame.type === 'status') this.#status(frame);
    else if (frame.type === 'presence') this.#presence(frame);
    else if (frame.type === 'error' && frame.id) this.#refused(frame);
    else if (frame.type === 'pong') return;
    this.#emit(frame);
  }

  #status(frame) {
    this.state = frame;
    this.you = frame.you ?? this.you;
    if (frame.phase !== 'work') this.#finishing = false;
  }

  #presence({ name, present }) {
    const people = this.people.map((one) => (one.name === name ? { ...one, present } : one));
    this.state = { ...this.state, people };
  }

  #refused({ id, code }) {
    if (code !== 'too_fast') return this.#settled(id);
    this.#flying.delete(id);
    this.#allowed = 0;
    this.#refilled = Date.now() + 1000;
    return this.#pump();
  }

  #emit(frame) {
    for (const listener of this.#listeners) tell(listener, frame);
  }

  #catchUp() {
    const fresh = this.#fresh;
    this.#fresh = [];
    this.#listeners.push(...fresh);
    const known = this.status === null ? this.#log : [this.state, ...this.#log];
    for (const frame of known) for (const listener of fresh) tell(listener, frame);
  }
}

const frameOf = ({ id, data }) => JSON.stringify({ type: 'message', id, data });

function tell({ kind, fn }, frame) {
  if (kind !== frame.type && kind !== '*') return;
  try {
    fn(frame);
  } catch (error) {
    window.reportError?.(error); // a fault of the page's must not cost it the frames that follow
  }
}
