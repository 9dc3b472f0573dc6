// An author's HTML, and text with addresses in it, as elements that can do nothing but be read.
//
// HTML keeps what texts are made of: headings, lists, tables, pictures, sound, styles of single elements. Scripts, frames,
// forms and style sheets stay out: a page that needs them is a front end of its own (custom_source_dir).

import { make } from "./dom.js";

const TAGS = new Set(
  ("a abbr article aside audio b blockquote br caption center cite code col colgroup dd del details dfn div dl dt em " +
    "figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p picture pre q rp rt " +
    "ruby s samp section small source span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul " +
    "var video wbr").split(" "),
);
const DROPPED = new Set("script style template iframe object embed noscript head title svg math".split(" "));
const ATTRIBUTES = new Set(
  ("align alt class color colspan controls datetime dir height id lang loop open role rowspan scope span start title type " +
    "width").split(" "),
);
const ADDRESS = { a: "href", img: "src", audio: "src", video: "src", source: "src" };
// What the page's policy refuses, and reports as it is parsed; the style is put on by hand.
const TAG = /<[a-z][^>]*>/gi;
const REPORTED = /([\s/"'])(style|on[a-z]+)(\s*=)/gi;
const LISTS = new Set(["ol", "ul"]); // each goes as a whole, to have its marks on one side
const WITH_OTHERS = new Set(["a", "li", "span"]);
const LINK = /https?:\/\/[^\s<>"]+/gi;

// An element with what `html` describes; on white if the author chose colours, for nobody chooses them for the dark.
export function author(html) {
  const parsed = document.createElement("template"); // nothing in it runs or loads
  parsed.innerHTML = String(html ?? "").replace(TAG, (tag) => tag.replace(REPORTED, "$1data-$2$3"));
  const copy = make("div", { class: "author", dir: "auto" });
  for (const node of parsed.content.childNodes) copyInto(copy, node);
  copy.classList.toggle("coloured", copy.querySelector("[style*=color], [style*=background], [color]") !== null);
  return copy;
}

function copyInto(parent, node) {
  if (node.nodeType === Node.TEXT_NODE) return parent.append(node.data);
  const tag = node.nodeType === Node.ELEMENT_NODE ? node.localName : "";
  if (!tag || DROPPED.has(tag)) return undefined;
  const target = TAGS.has(tag) ? element(tag, node) : parent;
  for (const child of node.childNodes) copyInto(target, child);
  if (target !== parent) parent.append(target);
  return undefined;
}

function element(tag, node) {
  // The page has a first heading already.
  const copy = make(tag === "h1" ? "h2" : tag);
  if (WITH_OTHERS.has(tag)) copy.removeAttribute("dir");
  else if (LISTS.has(tag)) copy.dir = "auto";
  for (const { name, value } of node.attributes) {
    if (ATTRIBUTES.has(name) || name.startsWith("aria-")) copy.setAttribute(name, value);
  }
  copy.style.cssText = node.getAttribute("data-style") ?? "";
  const address = tag in ADDRESS ? web(node.getAttribute(ADDRESS[tag]), tag !== "a") : null;
  if (address !== null) copy.setAttribute(ADDRESS[tag], address);
  if (tag === "a" && address !== null) outside(copy);
  if (tag === "img" && !copy.hasAttribute("alt")) copy.alt = "";
  return copy;
}

// The address, if it leads to the web or to a file of the task; pictures and sound may be data.
export function web(address, data = false) {
  try {
    const url = new URL(address, document.baseURI);
    const fine = /^https?:$/.test(url.protocol) || (data && /^data:(image|audio|video)\//i.test(address));
    return address && fine ? address : null;
  } catch {
    return null;
  }
}

function outside(link) {
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

// Text whose web addresses can be followed.
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(/[.,;:!?'")\]}»…]+$/, "");
    if (web(address) === null) continue;
    parts.push(text.slice(end, match.index), outside(make("a", { href: address }, address)));
    end = match.index + address.length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}
