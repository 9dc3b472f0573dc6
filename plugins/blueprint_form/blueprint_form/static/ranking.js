// Options that the worker puts in order: with two buttons each, with arrow keys on them, or by dragging.

import { make, rich, textOf } from "./dom.js";

export function rankingField(field, parts, tell) {
  const status = make("p", { class: "ranking-status" });
  const spoken = make("p", { class: "unseen", role: "status" });
  const list = make("ol", { class: "ranking", "aria-labelledby": parts.label.id });
  const keep = make("button", { type: "button", class: "quiet", onclick: () => answer() }, "Keep this order");
  const items = new Map(field.options.map((option) => [option.value, item(option)]));
  list.append(...items.values());
  let answered = false;

  const order = () => [...list.children].map((element) => element.optionValue);

  function item(option) {
    const name = textOf(option.label);
    const button = (step, sign, word) =>
      make("button", {
        type: "button", class: "move", "aria-label": `Move ${word}: ${name}`,
        onclick: () => move(element, step, button),
        onkeydown: (event) => {
          if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
          event.preventDefault();
          move(element, event.key === "ArrowUp" ? -1 : 1);
        },
      }, make("span", { "aria-hidden": "true" }, sign));
    const handle = make("span", { class: "handle", "aria-hidden": "true" }, "⠿");
    const element = make(
      "li", { class: "ranked" }, handle, make("span", { class: "place", "aria-hidden": "true" }),
      rich("span", { class: "ranked-label" }, option.label) ?? "", button(-1, "↑", "up"), button(1, "↓", "down"),
    );
    element.optionValue = option.value;
    handle.addEventListener("pointerdown", (event) => drag(event, element, handle));
    return element;
  }

  function move(element, step) {
    const focused = document.activeElement;
    const other = step < 0 ? element.previousElementSibling : element.nextElementSibling;
    if (!other) return;
    if (step < 0) other.before(element);
    else other.after(element);
    if (element.contains(focused)) focused.focus(); // moving an element takes the focus away
    answer();
    const place = order().indexOf(element.optionValue) + 1;
    spoken.textContent = `${element.querySelector(".ranked-label").textContent}: now place ${place} of ${items.size}`;
  }

  function drag(event, element, handle) {
    if (handle.dataset.off) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    element.classList.add("dragged");
    const follow = ({ clientY }) => {
      const above = element.previousElementSibling?.getBoundingClientRect();
      const below = element.nextElementSibling?.getBoundingClientRect();
      if (above && clientY < above.top + above.height / 2) move(element, -1);
      else if (below && clientY > below.top + below.height / 2) move(element, 1);
      if (!handle.hasPointerCapture(event.pointerId)) handle.setPointerCapture(event.pointerId);
    };
    const stop = () => {
      element.classList.remove("dragged");
      handle.removeEventListener("pointermove", follow);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", stop, { once: true });
    handle.addEventListener("pointercancel", stop, { once: true });
  }

  function show() {
    [...list.children].forEach((element, index) => (element.querySelector(".place").textContent = `${index + 1}.`));
    status.textContent = answered ? "Your order, first to last" : "Not ranked yet: move the options, or keep this order.";
    keep.hidden = answered;
    list.classList.toggle("untouched", !answered);
  }

  function answer() {
    const hadFocus = document.activeElement === keep;
    answered = true;
    show();
    if (hadFocus) target.focus();
    tell("input");
  }

  const target = list.querySelector("button");
  const buttons = () => [keep, ...list.querySelectorAll("button")];
  const element = make(
    "div", { role: "group", id: parts.id, "aria-labelledby": parts.label.id, "aria-describedby": parts.described },
    status, list, keep, spoken,
  );
  show();
  return {
    group: element, target, controls: [], preset: [],
    all() {
      list.querySelectorAll(".handle").forEach((handle) => (handle.dataset.off = "yes"));
      return buttons();
    },
    read: () => (answered ? order() : []),
    write(value) {
      const fits = Array.isArray(value) && value.length === items.size && value.every((each) => items.has(each));
      if (fits) list.append(...value.map((each) => items.get(each)));
      answered = fits;
      show();
    },
  };
}
