// Options that the worker puts in order: with two buttons each, with arrow keys on them, or by dragging.

import { make, rich, textOf } from "./dom.js";

export function rankingField(field, parts, tell) {
  const ranking = new Ranking(field, parts, tell);
  return {
    group: ranking.element, target: ranking.target, controls: [], preset: [],
    all: () => ranking.controls(),
    read: () => (ranking.answered ? ranking.order() : []),
    write: (value) => ranking.write(value),
  };
}

class Ranking {
  constructor(field, parts, tell) {
    this.tell = tell;
    this.answered = false;
    this.status = make("p", { class: "ranking-status" });
    this.spoken = make("p", { class: "unseen", role: "status" });
    this.keep = make("button", { type: "button", class: "quiet", onclick: () => this.answer() }, "Keep this order");
    this.items = new Map(field.options.map((option) => [option.value, this.item(option)]));
    this.list = make("ol", { class: "ranking", "aria-labelledby": parts.label.id }, ...this.items.values());
    this.target = this.list.querySelector("button");
    this.element = make(
      "div", { role: "group", id: parts.id, "aria-labelledby": parts.label.id, "aria-describedby": parts.described },
      this.status, this.list, this.keep, this.spoken,
    );
    this.show();
  }

  order() {
    return [...this.list.children].map((element) => element.optionValue);
  }

  // Everything to switch off in a preview; dragging too.
  controls() {
    this.fixed = true;
    return [this.keep, ...this.list.querySelectorAll("button")];
  }

  item(option) {
    const handle = make("span", { class: "handle", "aria-hidden": "true" }, "⠿");
    const element = make("li", { class: "ranked" }, handle, make("span", { class: "place", "aria-hidden": "true" }));
    const label = rich("span", { class: "ranked-label" }, option.label) ?? make("span", { class: "ranked-label" });
    const name = textOf(option.label);
    element.append(label, this.mover(element, -1, "↑", `Move up: ${name}`), this.mover(element, 1, "↓", `Move down: ${name}`));
    element.optionValue = option.value;
    handle.addEventListener("pointerdown", (event) => this.drag(event, element, handle));
    return element;
  }

  mover(element, step, sign, label) {
    return make("button", {
      type: "button", class: "move", "aria-label": label, onclick: () => this.move(element, step),
      onkeydown: (event) => {
        if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
        event.preventDefault();
        this.move(element, event.key === "ArrowUp" ? -1 : 1);
      },
    }, make("span", { "aria-hidden": "true" }, sign));
  }

  move(element, step) {
    const focused = document.activeElement;
    const other = step < 0 ? element.previousElementSibling : element.nextElementSibling;
    if (!other) return;
    if (step < 0) other.before(element);
    else other.after(element);
    if (element.contains(focused)) focused.focus(); // moving an element takes the focus away
    this.answer();
    const place = this.order().indexOf(element.optionValue) + 1;
    this.spoken.textContent = `${element.querySelector(".ranked-label").textContent}: now place ${place} of ${this.items.size}`;
  }

  drag(event, element, handle) {
    if (this.fixed) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    element.classList.add("dragged");
    const follow = ({ clientY }) => {
      const above = element.previousElementSibling?.getBoundingClientRect();
      const below = element.nextElementSibling?.getBoundingClientRect();
      if (above && clientY < above.top + above.height / 2) this.move(element, -1);
      else if (below && clientY > below.top + below.height / 2) this.move(element, 1);
      if (!handle.hasPointerCapture(event.pointerId)) handle.setPointerCapture(event.pointerId);
    };
    const stop = () => {
      element.classList.remove("dragged");
      handle.removeEventListener("pointermove", follow);
    };
    handle.addEventListener("pointermove", follow);
    for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, stop, { once: true });
  }

  show() {
    [...this.list.children].forEach((element, index) => (element.querySelector(".place").textContent = `${index + 1}.`));
    this.status.textContent = this.answered ? "Your order, first to last" : "Not ranked yet: move the options, or keep this order.";
    this.keep.hidden = this.answered;
    this.list.classList.toggle("untouched", !this.answered);
  }

  answer() {
    const hadFocus = document.activeElement === this.keep;
    this.answered = true;
    this.show();
    if (hadFocus) this.target.focus();
    this.tell("input");
  }

  write(value) {
    const { items } = this;
    const fits = Array.isArray(value) && value.length === items.size && value.every((each) => items.has(each));
    if (fits) this.list.append(...value.map((each) => items.get(each)));
    this.answered = fits;
    this.show();
  }
}
