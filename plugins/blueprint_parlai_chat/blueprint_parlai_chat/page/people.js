// Who takes part: names and roles, who is there, who is typing.

import { listed, make, say } from "./dom.js";

const TYPES_FOR = 4000; // ms that "is typing" stays without news

export class People {
  constructor(live, nameOf) {
    Object.assign(this, { live, nameOf });
    this.timers = new Map();
    this.list = make("ul", { class: "people", "aria-label": "People" });
    this.line = make("p", { class: "typing", "aria-hidden": "true" }); // said to nobody: it would never be quiet
    this.news = make("span", { class: "unseen", role: "status" });
    this.element = make("div", { class: "who" }, this.list, this.line, this.news);
    this.away = null;
  }

  refresh() {
    const { people, you } = this.live;
    this.list.replaceChildren(...people.map((one, seat) => this.person(one, seat, one.name === you)));
    const away = people.filter((one) => !one.present && one.name !== you).map((one) => this.nameOf(one.name));
    if (this.away !== null && away.join() !== this.away) {
      say(this.news, away.length ? `${listed(away)} ${away.length > 1 ? "are" : "is"} not connected just now.` : "Everybody is connected.");
    }
    if (people.length) this.away = away.join();
  }

  person({ name, role, present, bot }, seat, mine) {
    const shown = this.nameOf(name);
    const facts = [mine && "you", role && role !== shown && role !== name && role, bot && "program", !present && !mine && "away"].filter(Boolean);
    return make(
      "li",
      { class: `person tint-${seat % 6}${present || mine ? "" : " away"}` },
      make("span", { class: "dot", "aria-hidden": "true" }),
      make("bdi", {}, shown),
      facts.length ? make("span", { class: "soft" }, ` (${facts.join(", ")})`) : null,
    );
  }

  typing(name) {
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(() => this.stopped(name), TYPES_FOR));
    this.tell();
  }

  stopped(name) {
    clearTimeout(this.timers.get(name));
    if (this.timers.delete(name)) this.tell();
  }

  quiet() {
    [...this.timers.keys()].forEach((name) => this.stopped(name));
  }

  tell() {
    const names = [...this.timers.keys()].map((name) => this.nameOf(name));
    say(this.line, names.length ? `${listed(names)} ${names.length > 1 ? "are" : "is"} typing…` : "");
  }
}
