// The short form after a task, shown on any blueprint's page in place of the task.

import { CrowdError } from './net.js';
import { forever } from './ending.js';
import { writeButton } from './notes.js';
import { make, page } from './ui.js';
import { words } from './words.js';

/** Show `form` and hand in its answers; what follows is `work`'s matter. */
export async function askQuestions(work, form) {
  const questions = form.questions.map((question, index) => new Question(question, index, work.draft?.[question.name]));
  const status = make('p', { role: 'alert', class: 'wrong' });
  const send = make('button', { type: 'submit', class: 'main' }, form.submit);
  const answers = () => Object.fromEntries(questions.map((q) => [q.name, q.read()]).filter(([, value]) => given(value)));
  const submit = async (event) => {
    event.preventDefault();
    status.textContent = '';
    questions.forEach((question) => question.mark([]));
    send.disabled = true;
    try {
      await work.submit(answers());
    } catch (error) {
      send.disabled = false;
      if (!(error instanceof CrowdError)) throw error;
      const wrong = questions.filter((question) => question.mark(error.errors?.[question.name] ?? []));
      status.textContent = wrong.length ? words.notAccepted : error.detail;
      wrong[0]?.focus();
    }
  };
  const body = make(
    'form',
    { onsubmit: submit, oninput: () => work.saveDraft(answers()), novalidate: true, class: 'questions' },
    ...questions.map((question) => question.element),
    status,
    make('div', { class: 'buttons' }, send, ...writeButton()),
  );
  await page('finish', [form.title, form.text, ''], body);
  return forever();
}

const given = (value) => value !== null && value !== '' && !(Array.isArray(value) && !value.length);

/** One question: its element, what is answered, and its fault. */
class Question {
  constructor(question, index, draft) {
    this.name = question.name;
    this.kind = question.type;
    this.id = `crowd-q${index}`;
    this.fault = make('p', { class: 'wrong', id: `${this.id}-fault` });
    const help = question.help ? make('p', { class: 'note', id: `${this.id}-help` }, question.help) : null;
    const label = [question.label, question.required ? make('span', { class: 'note' }, ` ${words.required}`) : null];
    const described = [help?.id, this.fault.id].filter(Boolean).join(' ');
    if (this.kind === 'text' || this.kind === 'longtext') {
      const name = this.kind === 'text' ? 'input' : 'textarea';
      this.inputs = [make(name, { id: this.id, maxlength: 5000, 'aria-describedby': described, rows: name === 'input' ? null : 4 })];
      this.inputs[0].value = draft ?? '';
      this.element = make('div', { class: 'question' }, make('label', { for: this.id }, ...label), help, ...this.inputs, this.fault);
      return;
    }
    const values = this.kind === 'rating' ? range(question.min, question.max) : question.options;
    const type = this.kind === 'choices' ? 'checkbox' : 'radio';
    const chosen = [draft ?? []].flat().map(String);
    this.inputs = values.map((value) => make('input', { type, name: this.name, value, checked: chosen.includes(String(value)) }));
    const choices = this.inputs.map((input) => make('label', { class: 'choice' }, input, input.value));
    const ends = this.kind === 'rating' ? [question.low, question.high].map((text) => make('span', { class: 'note' }, text ?? '')) : [];
    const row = make('div', { class: this.kind === 'rating' ? 'rating' : 'choices' }, ends[0], ...choices, ends[1]);
    this.element = make('fieldset', { class: 'question', 'aria-describedby': described }, make('legend', {}, ...label), help, row, this.fault);
  }

  read() {
    if (this.kind === 'text' || this.kind === 'longtext') return this.inputs[0].value;
    const chosen = this.inputs.filter((input) => input.checked).map((input) => input.value);
    if (this.kind === 'choices') return chosen;
    return chosen.length ? (this.kind === 'rating' ? Number(chosen[0]) : chosen[0]) : null;
  }

  /** Show its faults; whether there are any. */
  mark(faults) {
    this.fault.textContent = faults.join(' ');
    for (const input of this.inputs) input.setAttribute('aria-invalid', String(faults.length > 0));
    return faults.length > 0;
  }

  focus() {
    this.inputs[0].focus();
  }
}

const range = (low, high) => Array.from({ length: high - low + 1 }, (_, n) => low + n);
