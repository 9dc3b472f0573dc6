// Submissions on their way: first kept on this device, then sent until the server has an answer for them.

import * as device from './device.js';
import { CrowdError, agentUrl, ask, pause, rest, upload } from './net.js';
import { banner } from './ui.js';
import { words } from './words.js';

const LONG = 10 * 60_000; // after so long the worker may leave; the device keeps the answers

/** A submission as kept: `data` is JSON, `files` are [{field, name, blob}]. */
export async function keep({ agent, token, key }, data, files) {
  const entry = { agent, token, key, place: device.place, data, files, at: Date.now() };
  await device.put('outbox', entry);
  return entry;
}

export const entries = () => device.all('outbox');
export const forget = (entry) => device.drop('outbox', entry.token);

/** Send `entry` until the server answered it; resolves to the answer, throws its refusal. */
export async function deliver(entry) {
  const kept = await device.lasting();
  const began = Date.now();
  for (let n = 1; ; n += 1) {
    try {
      banner.show('sending', n === 1 ? words.sending : words.sendingAgain(kept));
      return await once(entry);
    } catch (error) {
      if (!(error instanceof CrowdError)) throw error;
      if (!error.passing) throw error;
      await idle(error, n, kept, began);
    }
  }
}

async function once(entry) {
  const url = agentUrl(entry.agent, 'submit');
  if (!entry.files.length) {
    const patience = 30_000 + JSON.stringify(entry.data).length / 20; // 20 kB/s is a poor phone line
    return (await ask('POST', url, { token: entry.token, json: { data: entry.data }, patience })).body;
  }
  const form = new FormData();
  form.append('data', JSON.stringify(entry.data));
  for (const { field, name, blob } of entry.files) form.append(field, blob, name);
  const progress = (part) => banner.show('sending', words.uploading(Math.round(part * 100)));
  return (await upload(url, form, { token: entry.token, progress })).body;
}

async function idle(error, n, kept, began) {
  const text = Date.now() - began > LONG ? words.notSentYet(kept) : words.waitingToSend(kept, error.code);
  await rest(pause(n, error), (wake) => banner.show('sending', text, { label: words.tryNow, act: wake }));
}

/** Send what other pages of this site left behind, quietly; the server knows what it already has. */
export async function deliverOthers(others) {
  for (const entry of others) {
    try {
      await once(entry);
      await forget(entry);
    } catch (error) {
      if (error instanceof CrowdError && !error.passing) await forget(entry);
    }
  }
}

/** What a page hands in, as JSON data and files. */
export function split(input) {
  const files = [];
  if (!(input instanceof FormData)) return { data: withoutBlobs(input, files), files };
  const data = {};
  for (const field of new Set(input.keys())) {
    const texts = [];
    for (const value of input.getAll(field)) {
      if (!(value instanceof Blob)) texts.push(value);
      else if (value.size || value.name) files.push({ field, name: value.name || 'file', blob: value });
    }
    if (texts.length) define(data, field, texts.length === 1 ? texts[0] : texts);
  }
  return { data, files };
}

function withoutBlobs(input, files) {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) return input ?? null;
  const data = {};
  for (const [field, value] of Object.entries(input)) {
    const list = value instanceof FileList ? [...value] : Array.isArray(value) ? value : [value];
    const blobs = list.filter((one) => one instanceof Blob);
    if (!blobs.length && !(value instanceof FileList)) define(data, field, value);
    for (const blob of blobs) files.push({ field, name: blob.name || 'file', blob });
  }
  return JSON.parse(JSON.stringify(data));
}

/** An own property whatever its name, `__proto__` too. */
function define(object, name, value) {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}
