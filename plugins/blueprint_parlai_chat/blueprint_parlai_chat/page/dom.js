// Making elements. Text is always text; HTML comes in through safe.js only.

// What holds text of people or authors, whose language may be written from the right, line by line.
const TEXT = new Set(
  ("a blockquote button caption dd dt figcaption h1 h2 h3 h4 h5 h6 label legend li option p pre select span summary td " +
    "textarea th").split(" "),
);
const isText = (tag, { type = "text" }) => TEXT.has(tag) || (tag === "input" && type === "text");

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

// An unchanged text is not read out again.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// "a and b", "a, b and c"
export function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

export const narrow = matchMedia("(max-width: 52rem)");
export const mouse = matchMedia("(pointer: fine)");

// What this tab remembers beside the conversation, where the browser allows it.
export const memory = {
  get(key) {
    try {
      return JSON.parse(sessionStorage.getItem(`crowd-chat:${location.search}:${key}`));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      sessionStorage.setItem(`crowd-chat:${location.search}:${key}`, JSON.stringify(value));
    } catch {
      // It only serves a reload.
    }
  },
};
