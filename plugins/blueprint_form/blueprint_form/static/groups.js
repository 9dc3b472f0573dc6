// Fields of several controls: checkboxes, radio buttons, and the list of a multiple select.

import { freshId, make, rich } from "./dom.js";

// One <input> with its label for an option; labels are sanitised HTML.
function choice(type, field, option, id, tell) {
  const input = make("input", { type, id, name: field.name, value: option.value, oninput: () => tell("input") });
  input.value = option.value;
  return { input, option, row: make("div", { class: "choice" }, input, rich("label", { for: id }, option.label) ?? "") };
}

function group(role, field, parts, tell, type) {
  const choices = field.options.map((option) => choice(type, field, option, freshId("option"), tell));
  const list = make("div", { class: "choices" }, ...choices.map((each) => each.row));
  const element = make(
    "div", { role, id: parts.id, "aria-labelledby": parts.label.id, "aria-describedby": parts.described }, list,
  );
  const inputs = choices.map((each) => each.input);
  return { element, inputs, list };
}

export function radios(field, parts, tell) {
  const { element, inputs } = group("radiogroup", field, parts, tell, "radio");
  if (field.validators?.required === true) element.setAttribute("aria-required", "true");
  const preset = field.options.find((option) => option.checked)?.value ?? "";
  return {
    group: element, target: inputs[0], controls: [element], all: () => inputs, preset,
    read: () => inputs.find((input) => input.checked)?.value ?? "",
    write: (value) => inputs.forEach((input) => (input.checked = input.value === value)),
  };
}

export function checkboxes(field, parts, tell) {
  const { element, inputs } = group("group", field, parts, tell, "checkbox");
  return {
    group: element, target: inputs[0], controls: inputs,
    preset: Object.fromEntries(field.options.map((option) => [option.value, option.checked === true])),
    read() {
      const value = Object.create(null); // an option may be called __proto__
      for (const input of inputs) value[input.value] = input.checked;
      return value;
    },
    write(value) {
      const given = typeof value === "object" && value !== null ? value : {};
      for (const input of inputs) input.checked = Object.hasOwn(given, input.value) && given[input.value] === true;
    },
  };
}

// A multiple select as a list of checkboxes: nobody needs to know about holding Ctrl.
export function severalOf(field, parts, tell) {
  const count = make("p", { class: "count", role: "status" });
  const { element, inputs, list } = group("group", field, parts, tell, "checkbox");
  list.classList.add("choices-list");
  element.append(count);
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  const show = () => (count.textContent = `${chosen().length} of ${inputs.length} chosen`);
  element.addEventListener("input", show);
  show();
  return {
    group: element, target: inputs[0], controls: inputs, preset: [],
    read: chosen,
    write(value) {
      const given = Array.isArray(value) ? value : [];
      for (const input of inputs) input.checked = given.includes(input.value);
      show();
    },
  };
}
