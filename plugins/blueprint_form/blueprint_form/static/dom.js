// Making elements. Text is always text; the only way to HTML is `rich`, for what the server sanitised.

let counter = 0;

// A fresh id that no author's id can have.
export const freshId = (word) => `crowd-${word}-${(counter += 1)}`;

// What holds text of people or authors, whose language may be written from the right, line by line.
const TEXT = new Set(
  ("a blockquote button caption dd dt figcaption h1 h2 h3 h4 h5 h6 label legend li option output p pre select span summary " +
    "td textarea th").split(" "),
);
const isText = (tag, { type = "text" }) => TEXT.has(tag) || (tag === "input" && ["text", "email"].includes(type));

// make("p", {class: "note"}, "text", child, …); null children are left out, "on…" adds a listener.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (isText(tag, attributes)) element.dir = "auto";
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null && value !== "") element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== ""));
  return element;
}

// Of an author's text: lists go as a whole, to have their marks on one side.
const BLOCKS = new Set([...TEXT, "ol", "ul"].filter((tag) => !["a", "li", "span"].includes(tag)));

// An element holding HTML that the server sanitised; null when there is none.
export function rich(tag, attributes, html) {
  if (!html) return null;
  const element = make(tag, { dir: "auto", ...attributes });
  element.innerHTML = html;
  for (const inner of element.querySelectorAll(":not([dir])")) if (BLOCKS.has(inner.localName)) inner.dir = "auto";
  return element;
}

// The text of sanitised HTML.
export function textOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html || "";
  return template.content.textContent.replace(/\s+/g, " ").trim();
}

// A "?" button that shows `text` beside a label called `name`; null when it would add nothing.
export function tip(text, name) {
  if (!text || text.trim().toLowerCase() === name.toLowerCase()) return null;
  const bubble = make("span", { class: "tip-bubble", id: freshId("tip"), role: "tooltip", hidden: true }, text);
  const show = (open) => {
    bubble.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
  };
  const button = make("button", {
    type: "button", class: "tip-button", "aria-label": `More about: ${name}`, "aria-describedby": bubble.id,
    "aria-expanded": "false", onclick: () => show(bubble.hidden), onblur: () => show(false),
    onkeydown: (event) => event.key === "Escape" && show(false),
  }, make("span", { "aria-hidden": "true" }, "?"));
  return make("span", { class: "tip" }, button, bubble);
}

export const required = () =>
  make("span", { class: "required" }, make("span", { "aria-hidden": "true" }, " *"), make("span", { class: "unseen" }, " (required)"));

// 12345 → "12 KB"
export function sizeText(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1048576) return `${Math.round(bytes / 1024)} KB`;
  return `${(bytes / 1048576).toFixed(1)} MB`;
}
