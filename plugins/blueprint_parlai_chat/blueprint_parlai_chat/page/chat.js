// The page of a conversation. What it gets and sends is written in PAGE.md, in the plugin's folder.

import { crowd } from "../crowd.js";
import { Composer } from "./composer.js";
import { ContextPane } from "./context.js";
import { make, narrow, say } from "./dom.js";
import { Ending } from "./ending.js";
import { FormCard } from "./formcard.js";
import { Log } from "./log.js";
import { People } from "./people.js";
import { author } from "./safe.js";

crowd.words.giveBack = {
  title: "Leave this conversation?",
  text: "The others are told that you left. You cannot come back to it, and it is not paid.",
  yes: "Leave",
  no: "Stay here",
};

const place = document.getElementById("chat");
const work = await crowd.start();

class Chat {
  constructor() {
    const { init, live } = work;
    document.title = init.title || document.title;
    this.names = {}; // what the world calls people, by their seats' names
    this.pane = new ContextPane(init);
    this.people = new People(live, (name) => this.nameOf(name));
    this.log = new Log(live, (message) => this.nameOf(message.sender, message.data));
    this.composer = new Composer(live, init, (data) => this.said(data), (name) => this.nameOf(name), this.pane);
    this.notice = make("div", { class: "notice", role: "status", hidden: true });
    this.forms = new FormCard(this.log, (answer, text) => this.said(answer, text), (open) => this.composer.asks(open));
    this.ending = new Ending(work, this.log);
    this.leave = make("button", { type: "button", class: "leave", onclick: () => this.giveBack() }, "Leave");
    this.draw(init);
    this.listen(live);
    if (work.phase === "finish") this.over();
  }

  draw({ title }) {
    const head = make("header", { class: "head" }, make("h1", {}, title || "Conversation"), this.people.element, this.leave);
    const room = make("section", { class: "room", "aria-label": "Conversation" }, this.notice, this.log.element, this.composer.element);
    place.replaceChildren(head, make("div", { class: "parts" }, ...(this.pane.isEmpty ? [] : [this.pane.element]), room));
    place.classList.toggle("alone", this.pane.isEmpty);
    this.composer.focus();
  }

  listen(live) {
    live
      .on("message", (frame) => this.heard(frame))
      .on("ack", ({ id }) => this.log.stored(id))
      .on("error", (frame) => frame.id && frame.code !== "too_fast" && this.log.failed(frame))
      .on("turn", ({ who }) => this.composer.turn(who))
      .on("form", (frame) => this.forms.show(frame))
      .on("context", (frame) => this.context(frame))
      .on("typing", ({ name }) => this.people.typing(name))
      .on("presence", () => this.people.refresh())
      .on("status", (frame) => this.status(frame))
      .on("connection", ({ connected }) => connected || this.people.quiet());
    this.settle(live);
  }

  // What came before the page was there comes in one go. After it messages are news, and a phone needs the room.
  settle(live) {
    const begin = () => {
      if (this.log.begun) return;
      this.log.begin(live.unsent, this.forms);
      if (narrow.matches && this.log.known.size) this.pane.fold();
    };
    setTimeout(begin, 2000);
    let timer = null;
    live.on("*", ({ type, seq }) => {
      if (seq === undefined && type !== "status") return;
      clearTimeout(timer);
      timer = setTimeout(begin, 150);
    });
  }

  nameOf(name, data) {
    return data?.agent_display_name || this.names[name] || name;
  }

  said(data, text = data.text) {
    const id = work.live.send(data);
    this.log.mine({ id, data: { ...data, text }, at: Date.now() / 1000 });
    if (data.form === undefined) this.composer.spoke();
    return id;
  }

  heard(frame) {
    this.people.stopped(frame.sender);
    if (frame.sender === work.live.you && frame.data?.task_data?.form_responses) this.forms.answered();
    this.log.add(frame);
  }

  context({ context, names }) {
    Object.assign(this.names, names ?? {});
    if (context) this.pane.show(context);
    this.people.refresh();
    this.log.rename();
    this.composer.refresh();
  }

  status({ phase, status, note }) {
    this.people.refresh();
    if (phase === "finish") return this.over(note);
    const left = status === "partner_left";
    const text = note || (left ? "Somebody has left. You may wait for them, or finish now; you are paid either way." : "");
    if (this.told === text + left) return undefined;
    this.told = text + left;
    const button = make("button", { type: "button", class: "quiet", onclick: () => this.finish(button) }, "Finish now");
    this.notice.replaceChildren(make("span", {}, text), ...(left ? [button] : []));
    this.notice.hidden = !text;
    return undefined;
  }

  finish(button) {
    button.disabled = true;
    say(button, "Finishing…");
    work.live.finish();
  }

  // The live part has ended: what is left is the final form.
  over(note) {
    this.notice.hidden = true;
    this.composer.close();
    this.forms.close();
    if (narrow.matches) this.pane.fold();
    this.people.quiet();
    this.leave.hidden = true;
    this.ending.show(note);
  }

  async giveBack() {
    try {
      await work.giveBack();
    } catch (error) {
      this.notice.hidden = false;
      this.notice.replaceChildren(error.detail || "That did not work. Please try again.");
    }
  }
}

// What it is about, before anybody has come.
async function preview() {
  const { title, pages = [], has_preview: own } = work.frontend ?? {};
  const page = ["preview", "description"].find((name) => pages.includes(name));
  const answer = page && own !== false ? await fetch(new URL(`${page}.html`, import.meta.url)) : null;
  const text = answer?.ok ? await answer.text() : "";
  const rest = make("p", { class: "soft" }, "You will write with other people here, as soon as you have begun.");
  place.classList.add("preview");
  place.replaceChildren(make("h1", {}, title || "A conversation"), author(text), rest);
}

if (work.live) new Chat();
else await preview();
