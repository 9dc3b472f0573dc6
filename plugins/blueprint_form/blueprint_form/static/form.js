// The page of a form: draws what the server gave, keeps drafts, checks while typing, hands in.

import { start } from "../crowd.js";
import { make, textOf } from "./dom.js";
import { FormPage } from "./page.js";

const page = document.getElementById("crowd-page");
const work = await start();

// The author's own code: a fault in it must not take the form away.
async function own(name) {
  try {
    return await import(`./insertions/${name}.js`);
  } catch (error) {
    work.fail(error);
    return {};
  }
}

if (work.init?.form) {
  const [validators, triggers] = await Promise.all([own("custom_validators"), own("custom_triggers")]);
  document.title = textOf(work.init.form.title) || document.title;
  try {
    new FormPage(work, validators, triggers).show(page);
  } catch (error) {
    work.fail(error);
    page.replaceChildren(make("h1", {}, "This form could not be shown"), make("p", {}, "Loading the page again may help. If it does not, please tell the people who invited you."));
    throw error;
  }
} else {
  const { title, description, reward } = work.frontend ?? {};
  document.title = title || document.title;
  page.replaceChildren(
    make("h1", {}, title || "A form to fill in"),
    ...[description, reward && `It pays ${reward}.`].filter(Boolean).map((text) => make("p", {}, text)),
  );
}
