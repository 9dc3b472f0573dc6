// One widget per field: {field, root, target, read(), write(value), mark(invalid), disable()}.
// `root` is what is shown and hidden, `target` what gets the focus, `mark` tells of an error.

import { checkboxes, radios, severalOf } from "./groups.js";
import { fileField } from "./files.js";
import { freshId, make, required, rich, textOf, tip } from "./dom.js";
import { rankingField } from "./ranking.js";

// `tell(kind)` is called with "input" (the value changed), "blur", "focus" or "click"; `upload` sends a file.
export function widgetOf(field, tell, upload) {
  if (field.type === "hidden") return hiddenField(field);
  const parts = frame(field);
  const body = makers[field.type](field, parts, tell, upload);
  const root = body.group ?? make("div", {});
  const inside = body.group ? [...root.childNodes] : body.elements;
  root.classList.add("field", `field-${field.type}`);
  if (field.classes) root.classList.add(...field.classes.split(/\s+/).filter(Boolean));
  // always four parts, so that fields side by side line up
  root.replaceChildren(parts.heading, parts.help ?? make("div"), make("div", { class: "body" }, ...inside), parts.error);
  root.addEventListener("focusout", (event) => root.contains(event.relatedTarget) || tell("blur"));
  root.addEventListener("focusin", (event) => root.contains(event.relatedTarget) || tell("focus"));
  root.addEventListener("click", () => tell("click"));
  return { field, root, element: body.group ?? body.target, ...body, ...errorLine(parts.error, body) };
}

// The label, help and place for errors that every field has, and the ids that tie them together.
function frame(field) {
  const id = field.id || `field-${field.name}`;
  const name = textOf(field.label);
  const grouped = GROUPED.has(field.type) || field.multiple === true;
  const label = rich(grouped ? "span" : "label", grouped ? { id: freshId("label") } : { for: id }, field.label);
  if (!grouped) label.id = freshId("label");
  label.classList.add("label");
  if (field.validators?.required === true) label.append(required());
  const help = rich("div", { class: "help", id: freshId("help") }, field.help);
  const error = make("div", { class: "error", id: freshId("error") });
  error.hidden = true;
  return {
    id, help, error, label, heading: make("div", { class: "heading" }, label, tip(field.tooltip, name)),
    described: [help?.id, error.id].filter(Boolean).join(" "),
  };
}

const GROUPED = new Set(["checkbox", "radio", "ranking"]);

function errorLine(line, body) {
  const controls = body.controls ?? [body.target];
  return {
    errors: [],
    mark(messages) {
      this.errors = messages;
      if (line.dataset.shown === messages.join("\n")) return;
      line.dataset.shown = messages.join("\n");
      line.replaceChildren(...messages.map((message) => make("p", {}, message)));
      line.hidden = messages.length === 0;
      for (const control of controls) {
        if (messages.length) control.setAttribute("aria-invalid", "true");
        else control.removeAttribute("aria-invalid");
      }
    },
    disable() {
      for (const control of body.all?.() ?? controls) control.disabled = true;
    },
  };
}

function hiddenField(field) {
  let value = String(field.value ?? "");
  const element = make("input", { type: "hidden", id: field.id, name: field.name });
  element.value = value;
  return {
    field, root: element, element, target: null, errors: [],
    read: () => value,
    write: (next) => (element.value = value = String(next ?? "")),
    mark(messages) {
      this.errors = messages;
    },
    disable() {},
  };
}

// --- one control ----------------------------------------------------------------------------------

function control(tag, field, parts, tell, attributes = {}) {
  const element = make(tag, {
    id: parts.id, name: field.name, "aria-describedby": parts.described, placeholder: field.placeholder,
    "aria-required": field.validators?.required === true ? "true" : null, ...attributes,
    oninput: () => tell("input"),
  });
  return element;
}

const simple = (element, extra = []) => ({
  target: element, elements: [element, ...extra],
  read: () => element.value,
  write: (value) => (element.value = String(value ?? "")),
});

function text(field, parts, tell) {
  const type = field.type === "email" ? "email" : "text";
  const autocomplete = field.type === "email" ? "email" : null;
  return simple(control("input", field, parts, tell, { type, autocomplete }));
}

function textarea(field, parts, tell) {
  return simple(control("textarea", field, parts, tell, { rows: "4" }));
}

// Where a browser holds half a number or date, its value reads "": such text must not pass for empty.
const orHalf = (element) => () => (element.validity.badInput ? "?" : element.value);

function number(field, parts, tell) {
  const { min, max, step } = field.validators ?? {};
  const element = control("input", field, parts, tell, { type: "number", inputmode: "decimal", min, max, step: step ?? "any" });
  element.addEventListener("wheel", () => element.blur(), { passive: true }); // scrolling must not change answers
  return { ...simple(element), read: orHalf(element) };
}

function date(field, parts, tell) {
  const { min, max } = field.validators ?? {};
  const element = control("input", field, parts, tell, { type: "date", min, max });
  return { ...simple(element), read: orHalf(element) };
}

// A slider shows some place before anybody chose one, so "not answered" is kept apart from its position.
function range(field, parts, tell) {
  const { min = 0, max = 100, step = 1 } = field.validators ?? {};
  const element = control("input", field, parts, tell, { type: "range", min, max, step, "aria-required": null });
  const output = make("output", { for: parts.id, class: "range-value" });
  let answered = false;
  const show = (is) => {
    answered = is;
    output.textContent = is ? element.value : "Not answered yet";
    element.classList.toggle("untouched", !is);
    element.setAttribute("aria-valuetext", output.textContent);
  };
  const choose = () => {
    if (!answered) {
      show(true);
      tell("input");
    }
  };
  element.addEventListener("input", () => show(true), { capture: true });
  element.addEventListener("pointerup", choose);
  element.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && choose());
  element.value = String(min + Math.round((max - min) / 2 / step) * step);
  const ends = make("div", { class: "range-ends", "aria-hidden": "true" }, make("span", {}, String(min)), output, make("span", {}, String(max)));
  show(false);
  return {
    target: element, elements: [element, ends],
    read: () => (answered ? element.value : ""),
    write(value) {
      if (value !== "" && value != null) element.value = String(value);
      show(value !== "" && value != null);
    },
  };
}

function select(field, parts, tell) {
  if (field.multiple === true) return severalOf(field, parts, tell);
  const options = field.options.map((option) => make("option", { value: option.value }, textOf(option.label)));
  if (!field.options.some((option) => option.value === "")) {
    options.unshift(make("option", {}, field.placeholder || "Choose…"));
    options[0].value = "";
  }
  for (const [index, option] of field.options.entries()) {
    if (option.value === "") options[index].value = "";
  }
  const element = control("select", field, parts, tell, { placeholder: null });
  element.append(...options);
  element.value = "";
  return simple(element);
}

const makers = {
  input: text, email: text, textarea, number, date, range, select,
  radio: radios, checkbox: checkboxes, ranking: rankingField, file: fileField,
};
