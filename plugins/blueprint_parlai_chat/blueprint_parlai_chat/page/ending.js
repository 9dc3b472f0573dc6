// After the conversation: the final form, or only a button; then the work is handed in.

import { make, say } from "./dom.js";
import { Questions } from "./questions.js";

export class Ending {
  constructor(work, log) {
    Object.assign(this, { work, log });
    this.shown = false;
  }

  // `note` says why it ended, where that is worth a word.
  show(note) {
    if (this.shown) return;
    this.shown = true;
    const form = this.work.init?.final_form;
    this.asked = new Questions(form?.questions ?? [], this.work.draft ?? {});
    const questions = this.asked.all.length > 0;
    const heading = make("h2", { tabindex: "-1" }, form?.title || "The conversation is over");
    const text = form?.text || (questions ? "A few questions about it, and you are done." : "Thank you! Finish here, and you are done.");
    this.status = make("p", { class: "wrong", role: "alert" });
    this.button = make("button", { type: "submit", class: "primary" }, form?.submit || (questions ? "Send" : "Finish"));
    const card = make(
      "form",
      { class: "card final", novalidate: true, oninput: () => this.keep(), onsubmit: (event) => this.submit(event) },
      heading,
      note ? make("p", {}, note) : null,
      make("p", { class: "plain" }, text),
      ...this.asked.elements,
      this.status,
      this.button,
    );
    this.log.after.append(card);
    heading.focus({ preventScroll: true });
    this.log.showTop(card);
    this.log.live.badge("●");
  }

  keep() {
    Promise.resolve(this.work.saveDraft(this.asked.answers)).catch((error) => this.work.fail(error));
  }

  async submit(event) {
    event.preventDefault();
    if (this.button.disabled || !this.asked.check()) return;
    this.button.disabled = true;
    say(this.status, "");
    try {
      await this.work.submit(this.asked.answers);
    } catch (error) {
      this.button.disabled = false;
      const fine = this.asked.check(error.errors ?? {});
      const others = error.errors?.[""] ?? [];
      say(this.status, fine || others.length ? others.join(" ") || error.detail || "It was not sent. Please try again." : "");
    }
  }
}
