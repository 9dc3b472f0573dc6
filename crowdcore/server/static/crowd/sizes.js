// How large files may be, known before they are sent.

import { CrowdError } from './net.js';
import { words } from './words.js';

/** A CrowdError `too_large` with `errors` by field if `files` ([{field, name, blob}]) are more than `limits` allow; or null. */
export function tooLarge(files, limits) {
  const { file = Infinity, form = Infinity } = limits ?? {};
  const errors = {};
  for (const { field, name, blob } of files) {
    if (blob.size > file) (errors[field] ??= []).push(words.tooLarge(name, inWords(file)));
  }
  const told = Object.values(errors).flat();
  if (told.length) return new CrowdError('too_large', told.join(' '), { status: 413, errors });
  if (files.reduce((sum, { blob }) => sum + blob.size, 0) <= form) return null;
  return new CrowdError('too_large', words.tooMuch(inWords(form)), { status: 413 });
}

/** 12345 → "12 kB" */
function inWords(bytes) {
  for (const [unit, size] of [['GB', 2 ** 30], ['MB', 2 ** 20], ['kB', 2 ** 10]]) {
    if (bytes >= size) return `${Number((bytes / size).toPrecision(3))} ${unit}`;
  }
  return `${bytes} bytes`;
}
