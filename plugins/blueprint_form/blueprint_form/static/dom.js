// Making elements. Text is always text; the only way to HTML is `rich`, for what the server sanitised.

let counter = 0;

// A fresh id that no author's id can have.
export const freshId = (word) => `crowd-${word}-${(counter += 1)}`;

// make("p", {class: "note"}, "text", child, …); null children are left out, "on…" adds a listener.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null && value !== "") element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== ""));
  return element;
}

// An element holding HTML that the server sanitised; null when there is none.
export function rich(tag, attributes, html) {
  if (!html) return null;
  const element = make(tag, attributes);
  element.innerHTML = html;
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
