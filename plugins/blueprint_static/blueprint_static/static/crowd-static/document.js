// An author's whole HTML document, put in place of ours: head, attributes, body; then its scripts in order.

/** Show `html`. `built` is called when all elements are there, `ran` when the scripts have run. */
export async function showDocument(html, { built, ran }) {
  await complete();
  const parsed = new DOMParser().parseFromString(html, "text/html");
  takeAttributes(parsed.documentElement, document.documentElement);
  takeAttributes(parsed.body, document.body);
  const scripts = takeContent(parsed);
  built();
  await run(scripts);
  ran();
  document.dispatchEvent(new Event("DOMContentLoaded", { bubbles: true }));
  await sheets();
  window.dispatchEvent(new Event("load"));
}

// The browser's own events must be over: scripts wait for theirs, which follow below.
function complete() {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((resolve) => window.addEventListener("load", () => setTimeout(resolve), { once: true }));
}

function takeAttributes(from, to) {
  for (const { name, value } of from.attributes) to.setAttribute(name, value);
}

function takeContent(parsed) {
  const scripts = [...parsed.querySelectorAll("script")];
  const title = parsed.head.querySelector("title");
  if (title) document.title = title.textContent;
  title?.remove();
  const base = parsed.head.querySelector("base");
  if (base?.hasAttribute("href")) document.querySelector("base").href = base.getAttribute("href");
  base?.remove();
  if (parsed.head.querySelector('meta[name="viewport"]')) document.head.querySelector('meta[name="viewport"]')?.remove();
  document.head.append(...[...parsed.head.childNodes].map((node) => document.adoptNode(node)));
  const ours = [...document.body.children].filter((element) => element.dataset.crowd);
  const [top, foot] = [ours.filter(isTop), ours.filter((element) => !isTop(element))];
  document.body.replaceChildren(...top, ...[...parsed.body.childNodes].map((node) => document.adoptNode(node)), ...foot);
  return scripts;
}

const isTop = (element) => element.dataset.crowd === "top";

// Parsed scripts are dead; each is replaced by a living copy: first those that a parser would stop for, then the
// deferred ones and modules.
async function run(scripts) {
  const later = scripts.filter((script) => script.type === "module" || (script.defer && script.src));
  document.write = document.writeln = (...texts) => write(texts.join(""));
  for (const script of scripts) {
    if (later.includes(script) && !script.async) continue;
    const copy = alive(script);
    const wait = copy.src && !script.async && isJavaScript(copy) ? ended(copy) : null;
    script.replaceWith(copy);
    await wait;
  }
  for (const script of later.filter((each) => !each.async)) script.replaceWith(inOrder(alive(script)));
  if (later.length) await barrier();
}

function alive(script) {
  const copy = document.createElement("script");
  takeAttributes(script, copy);
  copy.async = script.async;
  copy.text = script.text;
  return copy;
}

function inOrder(script) {
  script.async = false;
  return script;
}

const isJavaScript = ({ type }) => !type || /^(text|application)\/(x-)?(java|ecma)script$/i.test(type.trim());

const ended = (script) =>
  new Promise((resolve) => {
    script.addEventListener("load", resolve, { once: true });
    script.addEventListener("error", resolve, { once: true });
  });

// Modules say nothing when they have run; a last one in the same order does.
function barrier() {
  const last = inOrder(document.createElement("script"));
  last.type = "module";
  last.src = new URL("last.js", import.meta.url);
  const over = ended(last);
  document.head.append(last);
  return over.then(() => last.remove());
}

// `document.write` of a page that is read would end it; here the text goes to where its script stands.
function write(text) {
  const place = document.currentScript;
  const range = document.createRange();
  if (place) range.setStartAfter(place);
  else range.selectNodeContents(document.body), range.collapse(false);
  range.insertNode(range.createContextualFragment(text));
}

// `load` waits for style sheets, because scripts measure what they see.
function sheets() {
  const links = [...document.querySelectorAll('link[rel~="stylesheet"]')].filter((link) => !link.sheet && !link.disabled);
  const patience = new Promise((resolve) => setTimeout(resolve, 5000));
  return Promise.race([Promise.all(links.map(ended)), patience]);
}
