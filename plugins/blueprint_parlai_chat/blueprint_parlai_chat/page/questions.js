// Short questions: text, longtext, choice, choices, rating, as an after-task form has them.

import { make, say } from "./dom.js";

let forms = 0;

export class Questions {
  constructor(questions, draft = {}) {
    forms += 1;
    this.all = questions.map((question, n) => new Question(question, `q${forms}-${n}`, draft?.[question.name]));
    this.elements = this.all.map((one) => one.element);
  }

  // {name: value} of what was answered.
  get answers() {
    return Object.fromEntries(this.all.map((one) => [one.question.name, one.value]).filter(([, value]) => given(value)));
  }

  // Mark what is missing, or what the server found; whether everything is fine. The first fault is focused.
  check(errors = null) {
    const wrong = this.all.filter((one) => one.mark(errors ? (errors[one.question.name] ?? []).join(" ") : one.fault));
    wrong[0]?.inputs[0].focus();
    return wrong.length === 0;
  }

  // The answers in words.
  inWords(answers) {
    return this.all.map(({ question }) => `${question.label}: ${shown(answers[question.name])}`).join("\n");
  }
}

const given = (value) => value !== null && value !== "" && !(Array.isArray(value) && !value.length);
const shown = (value) => (given(value ?? null) ? [value].flat().join("; ") : "–");
const range = ({ min = 1, max = 5 }) => Array.from({ length: max - min + 1 }, (_, n) => min + n);

class Question {
  constructor(question, id, draft) {
    Object.assign(this, { question, id });
    const { type, label, help, required } = question;
    this.told = make("p", { class: "wrong", id: `${id}-wrong` });
    const helped = help ? make("p", { class: "soft", id: `${id}-help` }, help) : null;
    const described = [helped?.id, this.told.id].filter(Boolean).join(" ");
    const words = [label, required ? null : make("span", { class: "soft" }, " (optional)")];
    if (type === "text" || type === "longtext") {
      const input = make(type === "text" ? "input" : "textarea", { id, dir: "auto", maxlength: "5000", "aria-describedby": described, rows: type === "text" ? null : "3" });
      input.value = draft ?? "";
      this.inputs = [input];
      this.element = make("div", { class: "question" }, make("label", { for: id }, ...words), helped, input, this.told);
      return;
    }
    const values = type === "rating" ? range(question) : question.options;
    const chosen = [draft ?? []].flat().map(String);
    this.inputs = values.map((value) => make("input", { type: type === "choices" ? "checkbox" : "radio", name: id, value, checked: chosen.includes(String(value)) }));
    const choices = this.inputs.map((input) => make("label", { class: "choice" }, input, make("span", {}, input.value)));
    const [low, high] = [question.low, question.high].map((text) => (text ? make("span", { class: "soft" }, text) : null));
    const row = make("div", { class: type === "rating" ? "rating" : "choices" }, type === "rating" ? low : null, ...choices, type === "rating" ? high : null);
    this.element = make("fieldset", { class: "question", "aria-describedby": described }, make("legend", {}, ...words), helped, row, this.told);
  }

  get value() {
    const { type } = this.question;
    if (type === "text" || type === "longtext") return this.inputs[0].value.trim();
    const chosen = this.inputs.filter((input) => input.checked).map((input) => input.value);
    if (type === "choices") return chosen;
    return chosen.length ? (type === "rating" ? Number(chosen[0]) : chosen[0]) : null;
  }

  get fault() {
    return this.question.required && !given(this.value) ? "Please answer this." : "";
  }

  mark(fault) {
    say(this.told, fault);
    for (const input of this.inputs) input.setAttribute("aria-invalid", String(fault !== ""));
    return fault !== "";
  }
}
