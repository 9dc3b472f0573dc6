// The client of the worker API: an ES module, and `window.crowd` for pages without modules.
//
//   const work = await crowd.start();
//   work.phase     preview | onboarding | waiting | work | finish
//   work.init      what the task gives this worker; work.draft: what was saved before (or null)
//   work.deadline  milliseconds since the epoch on this device's clock, or null
//   work.saveDraft(data)        keeps `data` on this device at once and on the server soon
//   work.uploadFile(field, f)   {file, name, size, sha256}; use `file` in drafts and data
//   work.tooLarge(files)        a CrowdError for [{field, name, blob}] that are too large to be sent, or null
//   work.submit(data | form)    JSON data (files in it as File or Blob values) or FormData
//   work.call(name, args)       a server procedure's result
//   work.giveBack()             returns the work, after asking
//   work.fail(error)            tells the operator about an error of the page
//   work.live                   null unless the work is live (people together); else
//     .on(kind, fn)             fn(frame) for frames message {id, sender, data, at}, turn {who}, form, context, status, presence
//                               {name, present}, typing {name}, ack {id}, error {code, id?}; connection {connected}, closed
//                               {code}; '*' for all. Also for what came before: no listener misses anything
//     .send(data)               says JSON; its id, with which our own message comes back. Kept over lost networks and
//                               reloads until `ack`; `error` with this id: it will never arrive
//     .unsent                   [{id, data, at}] that have no `ack` yet
//     .typing()                 tells the others; call it at every key
//     .you, .people, .status    display name; [{name, role, present, bot}]; waiting | in_task | partner_left | completed
//     .state                    the last status frame: {status, you, people, note, …}
//     .finish()                 ends the conversation once somebody has left (status partner_left in phase work)
//     .badge(text)              before the tab's title until somebody looks
//
// `start` resolves only when there is something to show. A refusal, and the end of the work, are pages
// of our own: then the promise stays open, as it does when a browser leaves the page. So it does while people
// who work together wait for each other, in a room of ours over the page. Together they are in phase `work`; when the
// live part is over `work.phase` is `finish` from a status frame on, and the page hands in with `work.submit`.

import { begin } from './crowd/begin.js';
import { words } from './crowd/words.js';
import { CrowdError } from './crowd/net.js';

let started = null;

export const crowd = {
  version: 1,
  /** Every text shown to workers; change entries before `start()` to translate them. */
  words,
  CrowdError,
  /** Ask the server for this page's work; later calls give the same object. */
  start() {
    started ??= begin();
    return started;
  },
};

export const start = crowd.start;
export default crowd;
window.crowd = crowd;
window.dispatchEvent(new Event('crowd:ready'));
