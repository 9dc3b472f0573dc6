// The end of a visit that its platform wants posted, on a page of its own: see `post` in ending.js.

import * as device from './device.js';
import { make, page } from './ui.js';
import { words } from './words.js';

const { url, fields } = device.leaving.load() ?? {};
if (url) {
  const inputs = Object.entries(fields).map(([name, value]) =>
    make('input', { type: 'hidden', name, value: typeof value === 'string' ? value : JSON.stringify(value) }),
  );
  const send = make('button', { type: 'submit', class: 'main' }, words.goOn);
  const form = make('form', { method: 'post', action: url }, ...inputs, send);
  await page('post', [words.pages.thanks[0], words.leaving, ''], form);
  HTMLFormElement.prototype.submit.call(form); // a field may be called submit
} else {
  await page('invalid', words.pages.invalid);
}
