// Errors of the page, told to the operator: few, without addresses' queries, and never in the worker's way.

import { agentUrl, ask } from './net.js';

const MOST = 10; // per page
const seen = new Set();
let who = null;
let waiting = [];

/** From now on reports go out as this agent's; those from before follow. */
export function reportAs(agent) {
  who = agent;
  const held = waiting;
  waiting = [];
  held.forEach(send);
}

/** Listen to everything that nobody caught. */
export function watch() {
  window.addEventListener('error', (event) => {
    if (event.message) report(event.error ?? event.message, `${event.filename}:${event.lineno}:${event.colno}`);
  });
  window.addEventListener('unhandledrejection', (event) => report(event.reason, 'promise'));
}

/** Tell the operator about `error` (an Error, or anything that can be shown). */
export function report(error, where = 'page') {
  const message = String(error?.message ?? error).slice(0, 1000);
  const stack = String(error?.stack ?? '').slice(0, 4000);
  if (seen.size >= MOST || seen.has(message)) return;
  seen.add(message);
  send({ message, where: plain(where), stack: plain(stack), page: location.pathname });
}

const plain = (text) => text.replace(/\?[^\s)]*/g, '');

function send(json) {
  if (!who) {
    waiting.push(json);
    return;
  }
  ask('POST', agentUrl(who.agent, 'error'), { token: who.token, json, keepalive: true }).catch(() => {
    // The network is away; the work matters more than the report.
  });
}
