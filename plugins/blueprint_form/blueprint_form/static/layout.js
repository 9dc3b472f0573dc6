// The page around the fields: title, instructions, sections, fieldsets, rows and the button.

import { freshId, make, rich, textOf, tip } from "./dom.js";

const classesOf = (part, own) => [own, part.classes].filter(Boolean).join(" ");

// Draws `form` with the widgets of `widgetFor(field)`; gives what the page needs to hold on to.
export function draw(form, widgetFor, onSectionClick) {
  const parts = []; // {part, root, inside}: what may be hidden, from the inside out
  const sections = form.sections.map((section) => drawSection(section, widgetFor, parts, onSectionClick));
  const summary = make("div", { class: "summary", role: "group", tabindex: "-1", "aria-labelledby": "crowd-summary" });
  summary.hidden = true;
  const submit = drawSubmit(form.submit_button);
  const needed = form.sections.some((section) => JSON.stringify(section).includes('"required":true'));
  const element = make(
    "form", { class: classesOf(form, "form"), id: form.id, novalidate: true, "aria-labelledby": "crowd-title" },
    rich("h1", { id: "crowd-title" }, form.title), drawInstruction(form),
    needed ? make("p", { class: "needed" }, "Fields marked with ", make("span", { class: "required" }, "*"), " are required.") : null,
    summary, ...sections.map((each) => each.root), submit.root,
  );
  return { element, summary, sections, parts, button: submit.button, status: submit.status, back: submit.back };
}

function drawInstruction(form) {
  if (!form.instruction) return null;
  if (form.show_instructions_as_modal !== true) return rich("div", { class: "instruction intro" }, form.instruction);
  const title = make("h2", { id: "crowd-instructions", tabindex: "-1", autofocus: true }, "Instructions");
  const text = rich("div", { class: "dialog-text", tabindex: "0", role: "region", "aria-labelledby": title.id }, form.instruction);
  const dialog = make("dialog", { "aria-labelledby": title.id, class: "dialog" });
  const close = make("button", { type: "button", class: "primary", onclick: () => dialog.close() }, "Close instructions");
  dialog.append(title, text, make("div", { class: "dialog-foot" }, close));
  const open = make("button", { type: "button", class: "quiet open-instructions", onclick: () => dialog.showModal() }, "Show instructions");
  return make("div", { class: "instructions" }, open, dialog);
}

function drawSection(section, widgetFor, parts, onClick) {
  const body = make("div", { class: "section-body", id: freshId("section") });
  const collapsable = section.collapsable !== false;
  const badge = make("span", { class: "badge" });
  badge.hidden = true;
  const heading = rich("span", { class: "section-title" }, section.title) ?? make("span");
  const toggle = make("button", { type: "button", class: "section-toggle", "aria-controls": body.id }, heading, badge);
  const open = (is) => {
    body.hidden = !is;
    toggle.setAttribute("aria-expanded", String(is));
  };
  if (collapsable) toggle.addEventListener("click", () => open(body.hidden));
  const title = make("h2", {}, ...(collapsable ? [toggle] : [heading, badge]));
  title.addEventListener("click", (event) => onClick(section, event.currentTarget));
  body.append(rich("div", { class: "instruction" }, section.instruction) ?? "");
  const inside = section.fieldsets.map((fieldset) => drawFieldset(fieldset, widgetFor, parts));
  body.append(...inside.map((each) => each.root));
  open(!(collapsable && section.initially_collapsed === true));
  const root = make("section", { class: classesOf(section, "card"), id: section.id, "aria-label": textOf(section.title) }, title, body);
  parts.push({ part: section, root, inside });
  const widgets = inside.flatMap((each) => each.widgets);
  return {
    root, widgets, open,
    count(errors) {
      badge.hidden = errors === 0;
      badge.replaceChildren(String(errors), make("span", { class: "unseen" }, errors === 1 ? " error" : " errors"));
    },
  };
}

function drawFieldset(fieldset, widgetFor, parts) {
  const legend = rich("legend", {}, fieldset.title);
  const help = rich("div", { class: "help", id: freshId("help") }, fieldset.help);
  const inside = fieldset.rows.map((row) => drawRow(row, widgetFor, parts));
  const root = make(
    legend ? "fieldset" : "div",
    { class: classesOf(fieldset, "fieldset"), id: fieldset.id, "aria-describedby": legend && help ? help.id : null },
    legend, rich("div", { class: "instruction" }, fieldset.instruction), ...inside.map((each) => each.root), help,
  );
  parts.push({ part: fieldset, root, inside });
  return { root, widgets: inside.flatMap((each) => each.widgets) };
}

function drawRow(row, widgetFor, parts) {
  const widgets = row.fields.map(widgetFor);
  const grid = make("div", { class: "row-fields" }, ...widgets.map((widget) => widget.root));
  const onlyHidden = row.fields.every((field) => field.type === "hidden") && !row.help;
  const help = rich("div", { class: "help row-help", id: freshId("help") }, row.help);
  const root = make("div", { class: classesOf(row, onlyHidden ? "row row-empty" : "row"), id: row.id }, grid, help);
  if (help) {
    for (const { element } of widgets) {
      const said = element?.getAttribute("aria-describedby");
      if (element && element.type !== "hidden") element.setAttribute("aria-describedby", [said, help.id].filter(Boolean).join(" "));
    }
  }
  parts.push({ part: row, root, inside: widgets });
  return { root, widgets };
}

function drawSubmit(given) {
  const button = make("button", { type: "submit", class: classesOf(given, "primary"), id: given.id, title: given.tooltip }, given.text);
  const status = make("p", { class: "status", role: "status" });
  const back = make("button", { type: "button", class: "plain give-back" }, "Give this task back");
  const root = make(
    "div", { class: "submit" }, rich("div", { class: "instruction" }, given.instruction),
    make("div", { class: "submit-line" }, button, tip(given.tooltip, given.text)), status, back,
  );
  return { root, button, status, back };
}
