// Our few pieces of user interface, each in a shadow tree so that a task's styles and ours do not meet.

import { root } from './net.js';
import { words } from './words.js';

// What holds text of people or authors, whose language may be written from the right, line by line.
const TEXT = new Set('a button dd dt h1 h2 h3 label legend li option p pre select span summary td textarea th'.split(' '));
const isText = (name, { type = 'text' }) => TEXT.has(name) || (name === 'input' && ['text', 'search', 'email'].includes(type));

/** An element: make('p', {class: 'note'}, 'text', child). Text is always text, never markup; it is read from its own side. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  if (isText(name, attributes)) element.dir = 'auto';
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child != null && child !== ''));
  return element;
}

const sheet = new CSSStyleSheet();
const styled = Promise.race([
  fetch(new URL('crowd.css', root)).then((answer) => answer.text()).then((text) => sheet.replace(text)),
  new Promise((resolve) => setTimeout(resolve, 2000)), // plain is better than nothing
]).catch(() => {});

function host(name) {
  const element = make('div', { 'data-crowd': name });
  const shadow = element.attachShadow({ mode: 'open' });
  shadow.adoptedStyleSheets = [sheet];
  return { element, shadow };
}

const parsed = document.body
  ? Promise.resolve()
  : new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve, { once: true }));
const ready = () => Promise.all([parsed, styled]);

/** The line at the foot of the window: one message per slot, told to screen readers politely. */
class Banner {
  #status = null;
  #slots = new Map();

  async show(slot, text, button = null) {
    await ready();
    if (!this.#status) {
      const { element, shadow } = host('banner');
      this.#status = make('div', { class: 'banner', role: 'status', 'aria-live': 'polite' });
      shadow.append(this.#status);
      document.body.append(element);
      new ResizeObserver(() => makeRoom(this.#status)).observe(this.#status);
    }
    const row = this.#slots.get(slot) ?? make('div', { class: 'message', 'data-slot': slot }, make('span'));
    if (!this.#slots.has(slot)) this.#status.append(row);
    this.#slots.set(slot, row);
    const line = row.querySelector('span');
    if (line.textContent !== text) line.textContent = text; // an unchanged text is not read out again
    row.querySelector('button')?.remove();
    if (button) row.append(make('button', { type: 'button', onclick: button.act }, button.label));
  }

  /** A message that stays until the worker has read it. */
  notice(slot, text) {
    return this.show(slot, text, { label: words.dismiss, act: () => this.hide(slot) });
  }

  async hide(slot) {
    await ready(); // after a `show` that still waits
    this.#slots.get(slot)?.remove();
    this.#slots.delete(slot);
  }
}

export const banner = new Banner();

/** Pages that fill the window to its foot leave the height of `--crowd-banner` free. */
function makeRoom(status) {
  document.documentElement.style.setProperty('--crowd-banner', status.children.length ? `${status.offsetHeight}px` : '0px');
}

function card(code, [title, text, next], parts) {
  const { element, shadow } = host('page');
  const heading = make('h1', { tabindex: '-1' }, title);
  const said = [text, next].filter(Boolean).map((line) => make('p', {}, line));
  shadow.append(
    make('main', { class: 'page', 'data-code': code }, make('div', { class: 'card' }, heading, ...said, ...parts)),
  );
  return { element, shadow, heading };
}

/** One of our pages over the task's, which stays as it is below; after `wait` ms, until `remove()` takes it away. */
export function cover(code, texts, parts, wait = 0) {
  let shown = null;
  const hidden = [];
  const timer = setTimeout(async () => {
    await ready();
    if (shown === false) return;
    shown = card(code, texts, parts);
    for (const other of document.body.querySelectorAll(':scope > :not([data-crowd="banner"], [inert])')) {
      other.inert = true;
      hidden.push(other);
    }
    document.body.append(shown.element);
    shown.heading.focus({ preventScroll: true });
  }, wait);
  return {
    remove() {
      clearTimeout(timer);
      if (shown) shown.element.remove();
      shown = false;
      hidden.forEach((other) => (other.inert = false));
    },
  };
}

/** Replace the whole page by one of ours. `parts` are elements below the texts. */
export async function page(code, texts, ...parts) {
  await ready();
  const { element, shadow, heading } = card(code, texts, parts);
  const banners = [...document.querySelectorAll('[data-crowd="banner"]')];
  document.body.replaceChildren(element, ...banners);
  document.documentElement.lang ||= 'en';
  document.title = texts[0];
  heading.focus({ preventScroll: true });
  const main = shadow.querySelector('main');
  if (main.scrollHeight > main.clientHeight) main.tabIndex = 0; // scrolled by keys too
  return shadow;
}

/** A button of our pages. */
export const button = (label, act, kind = 'main') => make('button', { type: 'button', class: kind, onclick: act }, label);

/** Something of ours above the task's own page. */
export async function onTop(...parts) {
  await ready();
  const { element, shadow } = host('top');
  shadow.append(make('aside', { class: 'top', 'aria-label': document.title || 'Task' }, ...parts));
  document.body.prepend(element);
  return element;
}

/** Something of ours below the task's own page. */
export async function atFoot(label, ...parts) {
  await ready();
  const { element, shadow } = host('foot');
  shadow.append(make('aside', { class: 'foot', 'aria-label': label }, ...parts));
  document.body.append(element);
}

/** A dialog with a heading over whatever there is; gone when it is closed. */
export function dialog(title, ...parts) {
  const { element, shadow } = host('dialog');
  const id = 'crowd-dialog';
  const shown = make('dialog', { 'aria-labelledby': id, onclose: () => element.remove() }, make('h2', { id }, title), ...parts);
  shadow.append(shown);
  document.body.append(element);
  shown.showModal();
  return shown;
}

/** Ask before something that cannot be undone; resolves to true or false. */
export async function confirm({ title, text, yes, no }) {
  await ready();
  const { element, shadow } = host('dialog');
  const id = 'crowd-question';
  return new Promise((resolve) => {
    const answer = (value) => () => dialog.close(value);
    const dialog = make(
      'dialog',
      { 'aria-labelledby': id, onclose: () => (element.remove(), resolve(dialog.returnValue === 'yes')) },
      make('h2', { id }, title),
      make('p', {}, text),
      make('div', { class: 'buttons' }, button(no, answer('no')), button(yes, answer('yes'), 'quiet')),
    );
    shadow.append(dialog);
    document.body.append(element);
    dialog.showModal();
  });
}

/** In-page links must not follow <base>: they would leave the work. */
export function keepFragmentsHere() {
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link || event.defaultPrevented) return;
    event.preventDefault();
    const target = document.getElementById(decodeURIComponent(link.getAttribute('href').slice(1)));
    target?.scrollIntoView();
    target?.focus({ preventScroll: true });
  });
}
