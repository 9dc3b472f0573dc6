// A form that the world shows inside the conversation; a later one takes the place of one that was not answered.

import { make, memory } from "./dom.js";
import { Questions } from "./questions.js";

export class FormCard {
  constructor(log, send, told) {
    Object.assign(this, { log, send, told });
    this.card = null;
    this.shown = null; // {id, questions}
    this.done = new Set(memory.get("forms") ?? []);
    this.all = new Map(); // Questions by the form's id
  }

  show({ id, seq, text, questions, submit }) {
    const key = id ?? seq;
    this.close();
    const asked = new Questions(questions ?? []);
    this.all.set(key, asked);
    if (this.done.has(key)) return;
    this.shown = { key, asked };
    const intro = text ? make("p", { class: "plain", dir: "auto" }, text) : null;
    const button = make("button", { type: "submit", class: "primary" }, submit || "Answer");
    this.card = make("form", { class: "card", "aria-label": text || "Questions", novalidate: true, onsubmit: (event) => this.submit(event) }, intro, ...asked.elements, button);
    this.log.after.append(this.card);
    this.log.stay();
    if (this.log.atEnd) this.log.showTop(this.card);
    this.told(true);
  }

  // An answer of ours has come back.
  answered() {
    if (this.shown) this.remember(this.shown.key);
    this.close();
  }

  close() {
    this.card?.remove();
    this.card = this.shown = null;
    this.told(false);
  }

  inWords({ form, answers }) {
    return this.all.get(form)?.inWords(answers ?? {}) ?? "";
  }

  submit(event) {
    event.preventDefault();
    const { key, asked } = this.shown;
    if (!asked.check()) return;
    const { answers } = asked;
    this.remember(key);
    this.close();
    this.send({ form: key, answers }, asked.inWords(answers));
    document.getElementById("say")?.focus({ preventScroll: true });
  }

  // An answer that is on its way is not asked for again after a reload.
  remember(key) {
    this.done.add(key);
    memory.set("forms", [...this.done]);
  }
}
