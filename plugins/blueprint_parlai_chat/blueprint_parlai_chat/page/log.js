// What was said: each message once, in its order; ours at once, with a word about where it is.

import { make, say } from "./dom.js";
import { linked } from "./safe.js";

const NEAR = 60; // px from the end that count as the end

export class Log {
  constructor(live, nameOf) {
    Object.assign(this, { live, nameOf });
    this.known = new Map(); // id -> {frame, element, state, name}
    this.unread = 0; // while nobody looks at the tab
    this.below = 0; // while somebody reads further up
    this.begun = false;
    this.list = make("ol", { class: "messages" });
    this.spoken = make("div", { class: "spoken", role: "log", "aria-label": "Messages", "aria-live": "off", "aria-relevant": "additions" }, this.list);
    this.after = make("div", { class: "after" });
    this.scroller = make("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "What was said", onscroll: () => this.scrolled() }, this.spoken, this.after);
    this.more = make("button", { type: "button", class: "more", hidden: true, onclick: () => this.toEnd() });
    this.element = make("div", { class: "log" }, this.scroller, this.more);
    this.atEnd = true;
    this.top = 0; // where the reader was when we last looked
    new ResizeObserver(() => this.stay()).observe(this.scroller);
    document.addEventListener("visibilitychange", () => document.hidden || (this.unread = 0));
  }

  // What came before the page was there is shown; from now on messages are read out.
  begin(unsent, forms) {
    for (const { id, data, at } of unsent) this.mine({ id, data: { ...data, text: data.text ?? forms.inWords(data) }, at: at / 1000 });
    this.begun = true;
    this.spoken.setAttribute("aria-live", "polite");
    this.toEnd();
  }

  // Ours, before the server has it.
  mine({ id, data, at }) {
    if (this.known.has(id)) return;
    this.put({ id, sender: this.live.you, data, at }, "Sending…");
    this.toEnd();
  }

  // As it was delivered: ours come back too, to the place where everybody sees them.
  add(frame) {
    const known = this.known.get(frame.id);
    if (known?.frame.seq) return;
    if (this.scroller.scrollTop < this.top) this.scrolled(); // the event of a scroll just now comes later
    if (known && this.isLast(known.element)) this.settle(known, frame);
    else {
      known?.element.remove();
      this.put(frame, "");
    }
    if (frame.sender !== this.live.you) this.count();
    this.stay();
  }

  stored(id) {
    const known = this.known.get(id);
    if (known && !known.frame.seq) say(known.state, "Sent");
  }

  failed({ id, detail }) {
    const known = this.known.get(id);
    if (!known) return;
    known.element.classList.add("failed");
    known.state.removeAttribute("aria-hidden");
    say(known.state, `Not sent. ${detail ?? ""}`);
  }

  put(frame, state) {
    const mine = frame.sender === this.live.you;
    const seat = this.live.people.findIndex((one) => one.name === frame.sender);
    const name = make("bdi", { class: "name" });
    const text = make("div", { class: "text", dir: "auto" }, ...linked(String(frame.data?.text ?? "")));
    const when = new Date(frame.at * 1000);
    const time = make("time", { datetime: when.toISOString() }, when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
    const told = make("span", { class: "state", "aria-hidden": "true" }, state);
    const kind = mine ? "mine" : seat < 0 ? "other" : `theirs tint-${seat % 6}`;
    const element = make("li", { class: `message ${kind}` }, make("div", { class: "meta" }, name, " ", time), text, told);
    const known = { frame, element, state: told, name, text, mine };
    this.known.set(frame.id ?? `seq-${frame.seq}`, known);
    this.call(known);
    const waiting = frame.seq ? this.firstUnsettled() : null;
    this.list.insertBefore(element, waiting);
  }

  settle(known, frame) {
    known.frame = frame;
    say(known.state, "");
    const text = String(frame.data?.text ?? "");
    if (known.text.textContent !== text) known.text.replaceChildren(...linked(text));
    this.call(known);
  }

  // Ours that the server does not have yet stay below all others.
  firstUnsettled() {
    return [...this.known.values()].find(({ frame, element, state }) => !frame.seq && element.isConnected && state.textContent === "Sending…")?.element ?? null;
  }

  isLast(element) {
    const later = [...this.known.values()].filter(({ frame }) => frame.seq).map((one) => one.element);
    return !later.some((other) => element.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING);
  }

  call({ name, frame, mine }) {
    const shown = this.nameOf(frame);
    say(name, mine ? (shown === this.live.you ? "You" : `${shown} (you)`) : shown);
  }

  rename() {
    this.known.forEach((known) => this.call(known));
  }

  // --- what nobody has seen yet -----------------------------------------------------------------------

  count() {
    if (!this.begun) return;
    if (document.hidden) {
      this.unread += 1;
      this.live.badge(`(${this.unread})`);
    }
    if (!this.atEnd) this.below += 1;
    this.tellBelow();
  }

  tellBelow() {
    this.more.hidden = this.below === 0;
    say(this.more, this.below === 1 ? "1 new message ↓" : `${this.below} new messages ↓`);
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.top = scrollTop;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    if (!this.atEnd || !this.below) return;
    this.below = 0;
    this.tellBelow();
  }

  stay() {
    if (this.atEnd) this.toEnd();
  }

  // The end, or the top of `card` where that is higher up.
  showTop(card) {
    this.toEnd();
    const above = card.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
    if (above < 0) this.scroller.scrollTop += above - 8;
    this.scrolled();
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.scrolled();
  }
}
