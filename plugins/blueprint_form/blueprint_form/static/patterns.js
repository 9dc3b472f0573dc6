// Patterns are matched beside the page: one that takes for ever on some text must not freeze it. What is not decided
// within a limit counts as fitting, for the server has the last word anyway.

import { patternOf } from "./form_rules.js";

const ONE = 500; // ms that one match may take
const ALL = 2000; // ms that somebody who sends waits for all of them
const TRIES = 3; // matches of a pattern that took too long, until it is left to the server
const KEPT = 10_000;

export class Patterns {
  #changed;
  #known = new Map(); // key -> true, false, or null: left to the server
  #last = new Map(); // name of a field -> its last verdict, shown until there is a new one
  #asked = new Map(); // name of a field -> key: the newest of each, in the order in which they came
  #slow = new Map(); // pattern -> how often it took too long
  #worker = null; // null: to be made, undefined: there can be none
  #ready = false;
  #current = null;
  #timer = null;
  #waiting = [];

  /** `changed` is called when there is a new verdict. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Whether the value fits, as far as is known. */
  fits = (rule, value, field) => {
    const pattern = JSON.stringify(patternOf(rule));
    const key = JSON.stringify([pattern, value]);
    if (!this.#known.has(key)) {
      if (this.#worker === undefined || (this.#slow.get(pattern) ?? 0) >= TRIES) return true;
      if (this.#current !== key) this.#asked.set(field.name, key);
      this.#pump();
      return this.#last.get(field.name) ?? true;
    }
    this.#asked.delete(field.name);
    const verdict = this.#known.get(key) ?? true;
    this.#last.set(field.name, verdict);
    return verdict;
  };

  /** Resolves when everything that was asked is decided, or has taken too long. */
  settled() {
    if (this.#idle()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      setTimeout(resolve, ALL);
    });
  }

  #idle() {
    return this.#current === null && this.#asked.size === 0;
  }

  #pump() {
    if (this.#current !== null || this.#asked.size === 0) return;
    if (this.#worker === null) this.#start();
    if (!this.#ready) return;
    const [name, key] = this.#asked.entries().next().value;
    this.#asked.delete(name);
    this.#current = key;
    const [pattern, value] = JSON.parse(key);
    this.#timer = setTimeout(() => this.#expired(pattern), ONE);
    this.#worker.postMessage([...JSON.parse(pattern), value]);
  }

  #start() {
    try {
      this.#worker = new Worker(new URL("./pattern_worker.js", import.meta.url));
    } catch {
      return this.#without();
    }
    this.#worker.onerror = () => this.#without();
    this.#worker.onmessage = ({ data }) => {
      if (this.#ready) return this.#decided(data);
      this.#ready = true; // only now the clock of a match may run: loading takes as long as the network wants
      return this.#pump();
    };
    return undefined;
  }

  #expired(pattern) {
    this.#worker.terminate();
    this.#worker = null;
    this.#ready = false;
    this.#slow.set(pattern, (this.#slow.get(pattern) ?? 0) + 1);
    this.#decided(null);
  }

  #decided(verdict) {
    clearTimeout(this.#timer);
    if (this.#known.size >= KEPT) this.#known.clear();
    this.#known.set(this.#current, verdict);
    this.#current = null;
    this.#changed();
    this.#pump();
    if (this.#idle()) this.#release();
  }

  /** There is no worker here: the server decides. */
  #without() {
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#ready = false;
    this.#current = null;
    this.#asked.clear();
    this.#release();
  }

  #release() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
