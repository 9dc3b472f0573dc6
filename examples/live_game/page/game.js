// The whole page of the game: shows a question, sends a choice, shows what both chose.

import { start } from "../crowd.js";

const at = (id) => document.getElementById(id);
const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text });

const work = await start(); // while somebody waits for a partner, a room of crowd.js's own is shown
const { live } = work;
let chosen = null; // the button that was pressed for this question
let asks = 0; // its number

function ask({ question, choices, number, of }) {
  chosen = null;
  asks = number;
  at("number").textContent = `Question ${number} of ${of}`;
  at("asked").textContent = question;
  at("choices").replaceChildren(...choices.map(choice));
  at("question").hidden = false;
  const known = sessionStorage.getItem("choice"); // after a reload what was chosen already is not asked again
  const button = [...at("choices").children].find(({ textContent: text }) => known === JSON.stringify([work.agent, number, text]));
  if (button) return mark(button);
  if (number === 1) at("told").textContent = "Choose what you think the other one chooses.";
  return undefined;
}

function choice(text) {
  const button = make("button", "choice", text);
  button.onclick = () => {
    if (chosen) return;
    live.send(text);
    sessionStorage.setItem("choice", JSON.stringify([work.agent, asks, text]));
    mark(button);
  };
  return button;
}

function mark(button) {
  chosen = button;
  button.setAttribute("aria-pressed", "true");
  for (const each of at("choices").children) each.disabled = each !== button;
  at("told").textContent = "Waiting for the other one, for a minute at most…";
}

function result({ data: { same, points, mine, theirs } }) {
  at("question").hidden = true;
  at("score").textContent = `${points} ${points === 1 ? "point" : "points"}`;
  at("score").hidden = false;
  at("told").textContent = same ? `A point: you both chose ${mine}.` : `You chose ${mine}, the other one ${theirs.join(", ")}.`;
  const row = make("li", same ? "same" : "", "");
  row.append(make("span", "", asked()), make("b", "", same ? `${mine} ✓` : `${mine} / ${theirs.join(", ")}`));
  at("past").append(row);
  live.badge("●");
}

const asked = () => at("asked").textContent;

function finish(note) {
  if (!at("end").hidden) return;
  at("question").hidden = true;
  at("why").textContent = note ?? "";
  at("end").hidden = false;
  at("how").value = work.draft?.how ?? "";
  at("end").querySelector("h2").focus();
}

at("how").oninput = () => work.saveDraft({ how: at("how").value });
at("end").onsubmit = async (event) => {
  event.preventDefault();
  try {
    await work.submit({ how: at("how").value.trim() });
  } catch (error) {
    at("error").textContent = error.detail ?? "It was not sent. Please try again.";
  }
};

live
  ?.on("context", ask)
  .on("message", result)
  .on("status", ({ note }) => {
    if (work.phase === "finish") finish(note);
    else if (note) at("told").textContent = note;
  });
