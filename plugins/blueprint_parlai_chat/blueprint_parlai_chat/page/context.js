// Beside the conversation: the author's instructions, and what this conversation is about.

import { make, narrow } from "./dom.js";
import { author, linked, web } from "./safe.js";

export class ContextPane {
  constructor({ description, context }) {
    this.about = make("div", { class: "about" });
    const instructions = description ? author(description) : null;
    this.element = make("details", { class: "pane", open: true }, make("summary", {}, "Instructions"), make("div", { class: "sheet", tabindex: "0", role: "region", "aria-label": "Instructions" }, instructions, this.about));
    this.isEmpty = !description && !context?.length;
    this.show(context ?? []);
    narrow.addEventListener("change", () => (this.element.open = !narrow.matches));
  }

  // [{name, kind: text | html | image, value}]: takes the place of what was shown before.
  show(context) {
    this.about.replaceChildren(...context.map(part).filter(Boolean));
    if (!context.length || !this.isEmpty) return;
    this.isEmpty = false;
    const room = document.querySelector(".room");
    room?.before(this.element);
    room?.closest(".chat").classList.remove("alone");
  }

  fold() {
    this.element.open = false;
  }
}

function part({ name, kind, value }) {
  const heading = name ? make("h2", { dir: "auto" }, title(name)) : null;
  if (kind === "html") return make("section", {}, heading, author(String(value ?? "")));
  if (kind === "image") {
    const address = web(String(value ?? ""), true);
    return address && make("section", {}, heading, make("img", { src: address, alt: title(name ?? "Picture") }));
  }
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 1);
  return make("section", {}, heading, make("p", { class: "plain", dir: "auto" }, ...linked(text ?? "")));
}

const title = (name) => {
  const text = String(name).replaceAll("_", " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
};

