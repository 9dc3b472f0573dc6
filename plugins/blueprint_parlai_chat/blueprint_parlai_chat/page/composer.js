// Where one writes: whose turn it is, how much fits, Enter sends.

import { make, memory, mouse, narrow, say } from "./dom.js";

const NEARLY = 0.8; // of what fits, from where on we count aloud

export class Composer {
  constructor(live, { max_message_length: most = 0 }, send, nameOf, pane) {
    Object.assign(this, { live, most, nameOf, pane });
    this.deliver = send;
    this.who = null; // whose turn it is: a seat's name, null for everybody
    this.open = true;
    this.asked = false;
    this.input = make("textarea", {
      id: "say", rows: "1", dir: "auto", placeholder: "Write a message", autocomplete: "off", enterkeyhint: "send",
      "aria-describedby": "turn count", maxlength: most || null, oninput: () => this.changed(), onkeydown: (event) => this.key(event),
      onfocus: () => narrow.matches && pane.fold(),
    });
    this.button = make("button", { type: "submit", class: "send" }, "Send");
    this.turnLine = make("p", { class: "turn", id: "turn", role: "status" });
    this.counter = make("p", { class: "count soft", id: "count" });
    const row = make("div", { class: "row" }, make("label", { for: "say", class: "unseen" }, "Your message"), this.input, this.button);
    this.element = make("form", { class: "composer", onsubmit: (event) => this.submit(event) }, make("div", { class: "lines" }, this.turnLine, this.counter), row);
    this.input.value = memory.get("text") ?? "";
    this.changed();
  }

  get mayWrite() {
    return this.open && (this.who === null || (this.who === this.live.you && !this.asked));
  }

  // A frame says who may write.
  turn(who) {
    const news = who !== this.who;
    this.who = who ?? null;
    this.refresh();
    if (news && who === this.live.you) this.live.badge("●");
  }

  // A form stands open: in our turn, its answer is what is waited for.
  asks(open) {
    this.asked = open;
    this.refresh();
  }

  // In a turn of ours we may speak once.
  spoke() {
    if (this.who === null) return;
    this.who = "";
    this.refresh();
  }

  refresh() {
    const { who } = this;
    const name = who ? this.nameOf(who) : "";
    const mine = this.asked ? "It is your turn: please answer the questions." : "It is your turn.";
    const text = who === null ? "" : who === this.live.you ? mine : name ? `It is the turn of ${name}.` : "Please wait for your turn.";
    say(this.turnLine, text);
    this.turnLine.classList.toggle("ours", who !== null && who === this.live.you);
    this.input.readOnly = !this.mayWrite;
    this.input.setAttribute("aria-disabled", String(!this.mayWrite));
    this.input.placeholder = this.mayWrite ? "Write a message" : this.asked ? "Please answer the questions" : "It is not your turn";
    this.button.disabled = !this.mayWrite;
  }

  focus() {
    if (mouse.matches) this.input.focus({ preventScroll: true }); // elsewhere a keyboard would jump up
  }

  close() {
    this.open = false;
    this.element.remove();
    memory.set("text", null);
  }

  changed() {
    const { value } = this.input;
    memory.set("text", value);
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight + 2}px`; // its borders
    if (value && this.mayWrite && document.activeElement === this.input) this.live.typing();
    if (!this.most) return;
    const close = value.length >= this.most * NEARLY;
    say(this.counter, close ? `${value.length} of ${this.most} characters` : "");
    this.counter.classList.toggle("full", value.length >= this.most);
  }

  key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.element.requestSubmit();
  }

  submit(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text || !this.mayWrite) return;
    try {
      this.deliver({ text });
    } catch (error) {
      say(this.counter, error.detail ?? "This is too long to be sent.");
      this.counter.classList.add("full");
      return;
    }
    this.input.value = "";
    this.changed();
    this.input.focus();
  }
}
