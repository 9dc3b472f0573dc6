// The page of the static blueprint: shows the author's HTML and hands in whatever its fields hold.
//
// The page's own scripts may use `window.crowd`, besides what crowd.js offers:
//   crowd.work                  what `await crowd.start()` gives; it is there before the first script runs
//   crowd.hideSubmitButton()    takes the default submit button away; crowd.showSubmitButton() brings it back
//   crowd.submit()              does what the submit button does
//   crowd.answers()             what would be handed in: {field: value}

import crowd from "../../crowd.js";
import { Form } from "./form.js";
import { showDocument } from "./document.js";
import { mturk } from "./mturk.js";

const work = await crowd.start();
const form = new Form(work);

Object.assign(crowd, {
  work,
  hideSubmitButton: () => form.showButton(false),
  showSubmitButton: () => form.showButton(true),
  submit: () => form.press(),
  answers: () => form.answers(),
});
mturk();
await showDocument(await html(), {
  built: () => form.open(),
  ran: () => form.restore(),
});

/** The author's page for this phase. */
async function html() {
  if ((work.frontend.pages ?? []).includes(work.phase)) {
    const answer = await fetch(new URL(`${work.phase}.html`, import.meta.url));
    return answer.text();
  }
  return work.init?.html ?? "<p>There is nothing to show here yet.</p>";
}
