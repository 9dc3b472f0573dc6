// What happens on the page: answers, visibility, errors, triggers, drafts and the submission.

import { make } from "./dom.js";
import { widgetOf } from "./fields.js";
import { partShown, validateForm, visibleFields } from "./form_rules.js";
import { draw } from "./layout.js";
import { Patterns } from "./patterns.js";

const DRAFT_PAUSE = 400; // ms that a change may wait until it is saved

export class FormPage {
  constructor(work, validators, triggers) {
    Object.assign(this, { work, validators, triggers, form: work.init.form });
    this.readOnly = work.phase === "preview";
    this.widgets = new Map();
    this.touched = new Set();
    this.concealed = new Set(); // names that triggers hid
    this.refused = new Map(); // errors of the server or of an upload, until the field changes
    this.locked = false;
    this.patterns = new Patterns(() => this.refresh());
  }

  show(place) {
    this.view = draw(this.form, (field) => this.widget(field), (section, element) => this.fire(section, "onClick", element, null));
    this.formFields = Object.fromEntries([...this.widgets.values()].map((widget) => [widget.field.name, this.handle(widget)]));
    this.restore();
    place.replaceChildren(this.view.element);
    this.refresh();
    if (this.readOnly) return this.freeze();
    this.view.element.addEventListener("submit", (event) => this.submit(event));
    this.view.back.addEventListener("click", () => this.giveBack());
    window.addEventListener("pagehide", () => this.save());
    if (this.work.refused?.errors) this.showRefusal(this.work.refused.errors);
    else if (!this.work.draft) place.querySelector("dialog")?.showModal();
    return undefined;
  }

  // --- widgets and answers ------------------------------------------------------------------------

  widget(field) {
    const widget = widgetOf(field, (kind, faults) => this.happened(widget, kind, faults), {
      send: (name, file) => this.work.uploadFile(name, file),
      refuse: (meta, file) => this.faultsOfFile(field, meta, file),
    });
    this.widgets.set(field.name, widget);
    return widget;
  }

  faultsOfFile(field, meta, file) {
    const refusal = this.work.tooLarge([{ field: field.name, name: meta.name, blob: file }]);
    if (refusal) return [refusal.detail];
    const alone = { ...field, visible_when: null };
    const form = { sections: [{ fieldsets: [{ rows: [{ fields: [alone] }] }] }] };
    return validateForm(form, { [field.name]: "new" }, { [field.name]: meta })[field.name] ?? [];
  }

  // A field as triggers see it: its definition, its element, and a way to hide and show it.
  handle(widget) {
    const name = widget.field.name;
    return {
      ...widget.field,
      element: widget.element,
      hide: () => {
        const demanded = widget.field.validators?.required === true && widget.field.may_be_hidden !== true;
        if (demanded) this.work.fail(new Error(`${name} was hidden, but is required: give it "may_be_hidden": true`));
        this.changed(() => this.concealed.add(name));
      },
      show: () => this.changed(() => this.concealed.delete(name)),
    };
  }

  // A trigger may go on after its event, for example when a timer ends.
  changed(change) {
    change();
    queueMicrotask(() => this.refresh());
    this.saveSoon();
  }

  restore() {
    const draft = this.work.draft ?? {};
    for (const [name, widget] of this.widgets) {
      const given = widget.field.value;
      const initial = given === undefined || given === "" ? widget.preset ?? "" : given;
      const kept = draft.data && Object.hasOwn(draft.data, name);
      widget.write(kept ? draft.data[name] : initial, draft.files?.[name]);
    }
    const away = [...this.widgets.values()].filter(({ field }) => field.initially_hidden === true).map(({ field }) => field.name);
    for (const name of draft.hidden ?? away) if (this.widgets.has(name)) this.concealed.add(name);
  }

  // {field: value} of what the page shows: without fields that rules or triggers hide.
  answers() {
    const data = this.shownByAuthor();
    const shown = visibleFields(this.form, data);
    return pick(data, (name) => shown.has(name));
  }

  shownByAuthor() {
    return pick(this.everything(), (name) => !this.concealed.has(name) && !styledAway(this.widgets.get(name).root));
  }

  everything() {
    const data = Object.create(null);
    for (const [name, widget] of this.widgets) data[name] = widget.read();
    return data;
  }

  uploads() {
    const files = Object.create(null);
    for (const [name, widget] of this.widgets) {
      const meta = widget.meta?.();
      if (meta) files[name] = meta;
    }
    return files;
  }

  // --- what people do -----------------------------------------------------------------------------

  happened(widget, kind, faults) {
    const name = widget.field.name;
    if (this.readOnly || this.locked) return;
    if (kind === "refused" && faults.length) this.refused.set(name, faults);
    else if (kind === "input" || kind === "uploading" || kind === "refused") this.refused.delete(name);
    const left = kind === "blur" && widget.field.type !== "file"; // a file dialog takes the focus, too
    if (kind === "input" || kind === "refused" || left) this.touched.add(name);
    if (kind in EVENTS) this.fire(widget.field, EVENTS[kind], widget.element, widget.read());
    this.refresh();
    if (kind === "input") this.saveSoon();
  }

  // Runs the author's function for an event; its faults are reported and change nothing else.
  fire(part, event, element, value) {
    const call = part.triggers?.[event];
    if (!call || this.readOnly) return;
    const [name, ...args] = Array.isArray(call) ? call : [call];
    const update = (field, next) => {
      const widget = this.widgets.get(field);
      if (!widget) throw new Error(`trigger ${name}: there is no field ${field}`);
      widget.write(next);
      this.refused.delete(field);
    };
    try {
      if (!Object.hasOwn(this.triggers, name)) throw new Error(`insertions/custom_triggers.js has no ${name}`);
      this.triggers[name](this.everything(), update, element, value, this.formFields, ...args);
    } catch (error) {
      this.work.fail(error);
    }
    this.refresh();
    this.saveSoon();
  }

  refresh() {
    for (const [name, widget] of this.widgets) widget.concealed = this.concealed.has(name);
    const rules = partShown(this.form, this.shownByAuthor());
    for (const widget of this.widgets.values()) {
      setHidden(widget.root, widget.concealed || !rules(widget.field));
    }
    for (const { part, root, inside } of this.view.parts) {
      const empty = inside.every((each) => each.root.hidden || each.root.type === "hidden");
      setHidden(root, !rules(part) || (empty && inside.some((each) => each.root.type !== "hidden")));
    }
    this.showErrors(this.errors());
  }

  // --- errors -------------------------------------------------------------------------------------

  errors() {
    const data = this.answers();
    const errors = validateForm(this.form, data, this.uploads(), this.patterns.fits);
    for (const [name, widget] of this.widgets) if (widget.busy?.()) delete errors[name]; // on its way
    for (const name of Object.keys(data)) {
      const refused = this.refused.get(name);
      const own = errors[name] ?? this.ownFaults(this.widgets.get(name).field, data[name]);
      if (refused) errors[name] = refused;
      else if (own.length) errors[name] = own;
    }
    return errors;
  }

  // The author's own validators: (field, value, ...arguments) => a message, or nothing when all is well.
  ownFaults(field, value) {
    const found = [];
    for (const [name, argument] of Object.entries(field.validators ?? {})) {
      if (BUILT_IN.has(name) || argument === false || !Object.hasOwn(this.validators, name)) continue;
      try {
        const message = this.validators[name](field, value, ...(Array.isArray(argument) ? argument : [argument]));
        if (message) found.push(String(message));
      } catch (error) {
        this.work.fail(error);
      }
    }
    return found;
  }

  showErrors(errors) {
    for (const [name, widget] of this.widgets) widget.mark(this.touched.has(name) ? errors[name] ?? [] : []);
    for (const section of this.view.sections) section.count(section.widgets.filter((widget) => widget.errors.length).length);
    if (!this.view.summary.hidden) this.fillSummary();
  }

  fillSummary() {
    const wrong = [...this.widgets.values()].filter((widget) => widget.errors.length);
    const count = wrong.length === 1 ? "1 answer needs" : `${wrong.length} answers need`;
    const title = make("h2", { id: "crowd-summary" }, wrong.length ? `${count} your attention` : "All corrected: you can send the form now");
    const items = wrong.map((widget) => make("li", {}, this.linkTo(widget)));
    this.view.summary.classList.toggle("fine", wrong.length === 0);
    this.view.summary.replaceChildren(title, ...(items.length ? [make("ul", {}, ...items)] : []));
  }

  linkTo(widget) {
    const label = this.labelOf(widget);
    const text = `${label}${/[?!.:]$/.test(label) ? "" : ":"} ${widget.errors.join(" ")}`;
    if (!widget.target) return text;
    const go = (event) => {
      event.preventDefault(); // the page's base address is another folder's
      this.view.sections.find((section) => section.widgets.includes(widget)).open(true);
      widget.target.focus();
      widget.root.scrollIntoView({ block: "center" });
    };
    return make("a", { href: `#${widget.target.id || widget.root.id}`, onclick: go }, text);
  }

  labelOf(widget) {
    const label = widget.root.querySelector?.(".label")?.cloneNode(true);
    label?.querySelectorAll(".required").forEach((each) => each.remove());
    return label?.textContent.trim() || widget.field.name;
  }

  showSummary() {
    this.view.summary.hidden = false;
    for (const section of this.view.sections) {
      if (section.widgets.some((widget) => widget.errors.length)) section.open(true);
    }
    this.fillSummary();
    this.view.summary.focus();
    this.view.summary.scrollIntoView({ block: "start" });
  }

  // Errors that the server found; its word counts, whatever the page thought.
  showRefusal(errors) {
    const rest = [];
    for (const [name, messages] of Object.entries(errors)) {
      if (this.widgets.has(name)) {
        this.refused.set(name, messages);
        this.touched.add(name);
      } else {
        rest.push(...messages);
      }
    }
    this.refresh();
    this.say(rest.join(" "), true);
    this.showSummary();
  }

  // --- drafts and the submission ------------------------------------------------------------------

  saveSoon() {
    this.timer ??= setTimeout(() => this.save(), DRAFT_PAUSE); // also while somebody types without a pause
    this.unsaved = true;
  }

  save() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.unsaved || this.locked || this.readOnly) return;
    this.unsaved = false;
    const draft = plain({ data: this.everything(), files: this.uploads(), hidden: [...this.concealed] });
    Promise.resolve(this.work.saveDraft(draft)).catch((error) => this.work.fail(error));
  }

  async submit(event) {
    event.preventDefault();
    if (this.locked) return;
    this.fire(this.form.submit_button, "onClick", this.view.button, null);
    this.touched = new Set(this.widgets.keys());
    await this.uploadsDone();
    if (this.locked) return;
    this.refresh();
    await this.patterns.settled();
    if (this.locked) return;
    this.refresh();
    if ([...this.widgets.values()].some((widget) => widget.errors.length)) return this.showSummary();
    this.view.summary.hidden = true;
    this.lock(true, "Sending your answers…");
    try {
      await this.work.submit(plain(this.answers()));
      this.say("Your answers were sent.");
    } catch (error) {
      this.lock(false, "");
      if (error?.code === "invalid" && error.errors) this.showRefusal(error.errors);
      else this.say(`Your answers were not sent. ${error?.detail || "Please try again."}`, true);
    }
  }

  // For somebody who cannot or does not want to go on; crowd.js asks whether that is meant.
  async giveBack() {
    if (this.locked) return;
    try {
      await this.work.giveBack();
    } catch (error) {
      this.say(`The task could not be given back. ${error?.detail || "Please try again."}`, true);
    }
  }

  async uploadsDone() {
    const running = [...this.widgets.values()].map((widget) => widget.busy?.()).filter(Boolean);
    if (!running.length) return;
    this.say("Waiting for your file to be uploaded…");
    await Promise.allSettled(running);
    await new Promise((resolve) => setTimeout(resolve)); // the field notes its upload first
    this.say("");
  }

  lock(is, text) {
    this.locked = is;
    for (const button of [this.view.button, this.view.back]) button.setAttribute("aria-disabled", String(is));
    this.say(text);
  }

  say(text, wrong = false) {
    this.view.status.textContent = text;
    this.view.status.classList.toggle("wrong", wrong && text !== "");
  }

  freeze() {
    for (const widget of this.widgets.values()) widget.disable();
    this.view.button.disabled = true;
    this.view.back.remove();
  }
}

const EVENTS = { input: "onChange", blur: "onBlur", focus: "onFocus", click: "onClick" };
const BUILT_IN = new Set(["required", "minLength", "maxLength", "regexp", "min", "max", "step", "fileExtension", "maxFileSize"]);

// The same as ordinary JSON objects; ours have no prototype.
const plain = (value) => JSON.parse(JSON.stringify(value));

function setHidden(element, is) {
  if (element.type !== "hidden") element.hidden = is;
}

function pick(data, wanted) {
  const picked = Object.create(null);
  for (const name of Object.keys(data)) if (wanted(name)) picked[name] = data[name];
  return picked;
}

// Whether an author's code hid the element by its style or class; what we hide ourselves is [hidden].
function styledAway(element) {
  if (element.type === "hidden") return false;
  for (let each = element; each && each.isConnected && each.tagName !== "FORM"; each = each.parentElement) {
    if (!each.hidden && getComputedStyle(each).display === "none") return true;
  }
  return false;
}
