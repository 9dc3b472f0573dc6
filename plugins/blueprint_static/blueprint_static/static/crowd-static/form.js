// Whatever fields the page has, in forms or not: handed in together, kept as a draft, never posted elsewhere.

import { collect, fieldsOf, restore } from "./fields.js";

const OWN = "crowd-form";
const DRAFT_PAUSE = 400; // ms that a change may wait until it is saved
const TEXTS = 'textarea, input:not([type]), input[type="text"], input[type="search"]'; // people write from either side
const SUBMITS = 'button[type="submit"], input[type="submit"], input[type="image"]';

export class Form {
  #work;
  #bar = null;
  #wanted = true;
  #sending = false;
  #timer = null;
  #saves = true; // until a script of the page saves drafts of its own

  constructor(work) {
    this.#work = work;
    const save = work.saveDraft.bind(work);
    work.saveDraft = (data) => {
      this.#saves = false;
      return save(data);
    };
    this.save = save;
  }

  /** The elements are there, no script has run. */
  open() {
    document.addEventListener("submit", (event) => this.#submitted(event));
    // Native submission by a script would leave the page without handing in anything.
    const form = this;
    const native = HTMLFormElement.prototype.submit;
    HTMLFormElement.prototype.submit = function submit() {
      if (this.getRootNode().host?.dataset.crowd) native.call(this); // the platform's own end of the work
      else form.#send(null);
    };
    document.addEventListener("click", () => this.#adopt(), true); // before the button checks its form
    document.addEventListener("keydown", () => this.#adopt(), true);
    document.addEventListener("input", () => this.#saveSoon());
    document.addEventListener("change", (event) => (this.#chosen(event.target), this.#saveSoon(), this.#saveNow()));
    window.addEventListener("pagehide", () => this.#saveNow());
    this.#main();
    this.#adopt();
    for (const field of document.querySelectorAll(TEXTS)) if (!field.closest("body [dir]")) field.dir = "auto";
  }

  /** The scripts have run: what was entered before, and a button to hand it in. */
  restore() {
    this.#adopt();
    const kept = this.#work.draft?.fields;
    if (kept) restore(kept);
    if (this.#wanted && this.#work.phase !== "preview" && !hasOwnButton()) this.showButton(true);
    if (this.#work.refused?.errors) this.#tell(this.#work.refused.errors);
  }

  showButton(wanted) {
    this.#wanted = wanted;
    if (!wanted) this.#bar?.remove();
    else if (!this.#bar?.isConnected) this.#place();
  }

  #place() {
    if (!this.#bar) {
      this.#bar = Object.assign(document.createElement("div"), { className: "crowd-submit" });
      const button = Object.assign(document.createElement("button"), { type: "submit", textContent: "Submit" });
      this.#bar.append(button);
    }
    this.#main().append(this.#bar);
  }

  /** What the submit button does: the browser checks the fields, the page's own handlers are asked, then it is sent. */
  press() {
    this.#adopt();
    this.#main().requestSubmit();
  }

  answers(submitter = null) {
    this.#adopt();
    return collect(submitter);
  }

  /** The form that holds the answers: MTurk's, else the first with a field, else one of ours at the end. */
  #main() {
    const forms = [...document.forms].filter((each) => each.method !== "dialog");
    const found = forms.find((each) => each.name === "mturk_form") ?? forms.find((each) => fieldsOf(each).length) ?? forms[0];
    if (found) return found;
    const made = Object.assign(document.createElement("form"), { id: OWN });
    const foot = [...document.body.children].find(({ dataset }) => dataset.crowd && dataset.crowd !== "top");
    document.body.insertBefore(made, foot ?? null);
    return made;
  }

  /** Fields outside of every form belong to the main one, so that it checks and sends them. */
  #adopt() {
    const lost = [...document.querySelectorAll(`input, select, textarea, ${SUBMITS}`)].filter((field) => !field.form);
    if (!lost.length) return;
    const main = this.#main();
    main.id ||= OWN;
    for (const field of lost) field.setAttribute("form", main.id);
  }

  #submitted(event) {
    const method = event.submitter?.getAttribute("formmethod") ?? event.target.method;
    if (event.defaultPrevented || method === "dialog") return; // the page's own matter
    event.preventDefault();
    this.#send(event.submitter);
  }

  async #send(submitter) {
    if (this.#sending) return;
    this.#sending = true;
    clearTimeout(this.#timer);
    try {
      await this.#work.submit(this.answers(submitter));
    } catch (error) {
      this.#tell(error.errors ?? { "": [error.detail || error.message] }, error.code === "too_large" ? this.#removers() : []);
    } finally {
      this.#sending = false;
    }
  }

  #tell(errors, buttons = []) {
    document.querySelector(".crowd-errors")?.remove();
    const box = Object.assign(document.createElement("div"), { className: "crowd-errors", tabIndex: -1 });
    box.setAttribute("role", "alert");
    for (const [name, texts] of Object.entries(errors)) {
      for (const text of [texts].flat()) {
        box.append(Object.assign(document.createElement("p"), { dir: "auto", textContent: name ? `${name}: ${text}` : text }));
      }
    }
    box.append(...buttons);
    this.#main().append(box);
    if (this.#bar?.isConnected) this.#bar.before(box);
    box.focus();
  }

  /** A file that is too large is told of when it is chosen, and is not kept. */
  #chosen(field) {
    if (!(field instanceof HTMLInputElement) || field.type !== "file") return;
    document.querySelector(".crowd-errors")?.remove();
    const files = [...field.files].map((blob) => ({ field: field.name, name: blob.name, blob }));
    const refusal = this.#work.tooLarge(files);
    if (!refusal) return;
    field.value = "";
    this.#tell(refusal.errors ?? { [field.name]: [refusal.detail] });
  }

  /** Buttons that take away what was chosen: browsers have none for a file. */
  #removers() {
    const chosen = [...document.querySelectorAll('input[type="file"]')].filter((field) => field.files.length);
    return chosen.map((field) => {
      const names = [...field.files].map(({ name }) => name).join(", ");
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: `Remove ${names}` });
      button.addEventListener("click", () => {
        field.value = "";
        button.remove();
        field.focus();
      });
      return button;
    });
  }

  #saveSoon() {
    if (this.#saves) this.#timer ??= setTimeout(() => this.#saveNow(), DRAFT_PAUSE);
  }

  #saveNow() {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#saves || this.#sending || this.#work.phase === "preview") return;
    this.save({ fields: collect(null, { files: false }) }).catch((error) => this.#work.fail(error));
  }
}

// A page that brings a button of its own gets none of ours. Amazon's crowd-form brings one when its script is there.
function hasOwnButton() {
  if (document.querySelector("crowd-form") && window.customElements.get("crowd-form")) return true;
  if (document.querySelector('crowd-button[form-action="submit"]')) return true;
  return [...document.querySelectorAll(`${SUBMITS}, form button:not([type])`)].some(({ form }) => form?.method !== "dialog");
}
