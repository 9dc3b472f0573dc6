// What workers say besides their answers: a word to the author, a tip for others; and others' tips.

import { agentUrl, ask, persist } from './net.js';
import { atFoot, button, dialog, make } from './ui.js';
import { words } from './words.js';

const LONGEST = 5000;
let who = null;
let asks = [];

/** From now on pages of this agent have a button to write; `document` says what it may be. */
export function allow(document) {
  who = { agent: document.agent, token: document.token };
  asks = document.asks ?? [];
}

/** A button that opens the box, for one of our own pages; nothing where nobody reads it. */
export const writeButton = () => (who && asks.length ? [button(words.notes.open, openBox, 'quiet')] : []);

/** Below the task's page: the button, and tips of others above it. */
export async function belowPage(tips) {
  const shown = tips?.length ? tipsOf(tips) : null;
  const write = writeButton();
  if (shown || write.length) await atFoot(words.notes.place, shown, make('div', {}, ...write));
}

function tipsOf(tips) {
  const list = make('ul', {}, ...tips.map((tip) => make('li', {}, tip)));
  return make('details', { open: tips.length <= 3 }, make('summary', {}, words.notes.tips), list);
}

function openBox() {
  const text = make('textarea', { id: 'crowd-note', rows: 6, maxlength: LONGEST, required: true });
  const kinds = asks.map((kind, index) => {
    const input = make('input', { type: 'radio', name: 'kind', value: kind, checked: index === 0 });
    return make('label', { class: 'choice' }, input, words.notes[kind]);
  });
  const status = make('p', { role: 'status', class: 'note' });
  const send = make('button', { type: 'submit', class: 'main' }, words.notes.send);
  const submit = async (event) => {
    event.preventDefault();
    const kind = new FormData(form).get('kind') ?? asks[0];
    send.disabled = true;
    try {
      const url = agentUrl(who.agent, 'feedback');
      await persist(() => ask('POST', url, { token: who.token, json: { kind, text: text.value } }), 30_000);
      form.replaceChildren(make('p', { role: 'status' }, words.notes.thanks), make('div', { class: 'buttons' }, close));
      close.focus();
    } catch (error) {
      send.disabled = false;
      status.textContent = error.detail || words.notes.failed;
    }
  };
  const choice = kinds.length > 1 ? make('fieldset', {}, make('legend', {}, words.notes.whom), ...kinds) : null;
  const close = button(words.notes.close, () => shown.close(), 'quiet');
  const form = make(
    'form',
    { onsubmit: submit },
    make('label', { for: 'crowd-note' }, words.notes.label),
    text,
    choice,
    status,
    make('div', { class: 'buttons' }, send, close),
  );
  const shown = dialog(words.notes.open, form);
}
