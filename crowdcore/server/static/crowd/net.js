// Requests to the server: with a stated end, refusals as CrowdError, and a clock that agrees with it.

import { words } from './words.js';

export const root = new URL('../', import.meta.url);
const AGENTS = new URL('api/v1/agents', root).href;
const PATIENCE = 20_000; // ms without an answer
const STALL = 45_000; // ms without a byte moving in an upload
const OF_PROXIES = { 408: 'timeout', 413: 'too_large', 415: 'unsupported_media_type', 429: 'too_fast' };

let skew = 0; // server's clock minus ours, ms

/** A refusal or failure. `code` is the worker API's, or offline | timeout. */
export class CrowdError extends Error {
  constructor(code, detail, { status = 0, errors = null, retryAfter = null } = {}) {
    super(detail);
    this.name = 'CrowdError';
    Object.assign(this, { code, detail, status, errors, retryAfter });
  }

  /** Whether the same request may go through later. */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Server time (seconds since the epoch) as milliseconds on this device's clock. */
export const onOurClock = (seconds) => seconds * 1000 - skew;

/** Address of a call: agentUrl(7, 'submit'), or of all agents without arguments. */
export const agentUrl = (agent, ...words) =>
  [AGENTS, ...(agent == null ? [] : [agent]), ...words].map((w, i) => (i ? encodeURIComponent(w) : w)).join('/');

/** One JSON request; resolves to {status, body}. */
export async function ask(method, url, { token, json, keepalive = false, patience = PATIENCE, signal } = {}) {
  const headers = { Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  const body = json === undefined ? undefined : JSON.stringify(json);
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  signal?.addEventListener('abort', () => stop.abort());
  try {
    const answer = await fetch(url, { method, headers, body, keepalive, signal: stop.signal, cache: 'no-store' });
    return read(answer.status, await answer.text(), answer.headers.get('date'));
  } catch (error) {
    if (error instanceof CrowdError) throw error;
    throw stop.signal.aborted ? new CrowdError('timeout', 'No answer in time.') : new CrowdError('offline', 'No connection.');
  } finally {
    clearTimeout(timer);
  }
}

/** One POST of a FormData, as patient as bytes keep moving; `progress` is called with 0..1. */
export function upload(url, form, { token, progress = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALL);
    };
    request.open('POST', url);
    request.setRequestHeader('Accept', 'application/json');
    if (token) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.onprogress = (event) => {
      alive();
      if (event.lengthComputable) progress(event.loaded / event.total);
    };
    request.onload = () => {
      try {
        resolve(read(request.status, request.responseText, request.getResponseHeader('date')));
      } catch (error) {
        reject(error);
      }
    };
    request.onerror = () => reject(new CrowdError('offline', 'No connection.'));
    request.onabort = () => reject(new CrowdError('timeout', 'No answer in time.'));
    request.onloadend = () => clearTimeout(timer);
    alive();
    request.send(form);
  });
}

/** Whether the server answers at all just now. */
export async function reachable() {
  try {
    await fetch(new URL('healthz', root), { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
    return true;
  } catch {
    return false;
  }
}

function read(status, text, date) {
  if (date) skew = Date.parse(date) - Date.now() || 0;
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    // A proxy's page instead of ours: what matters is the status.
    if (status < 400) throw new CrowdError('busy', 'The answer was not understood.', { status: 502 });
  }
  if (status >= 200 && status < 300) return { status, body };
  const { code, detail, errors = null, retry_after: retryAfter = null } = body ?? {};
  const meant = code ?? OF_PROXIES[status] ?? (status >= 500 ? 'busy' : 'refused');
  throw new CrowdError(meant, detail ?? (status === 413 ? words.largerThanTaken : ''), { status, errors, retryAfter });
}

/** How long to wait before attempt `n` (1, 2, …), ms: doubling up to half a minute, scattered. */
export function pause(n, error) {
  const asked = (error?.retryAfter ?? 0) * 1000;
  return Math.max(asked, Math.min(30_000, 500 * 2 ** n) * (0.75 + Math.random() / 2));
}

/** Resolves after `ms`, or at once when the network comes back or `wake` is called with anything. */
export function rest(ms, onWake = () => {}) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener('online', done);
    onWake(done);
  });
}

/** `call()` again and again while its failure may pass, for at most `total` ms. */
export async function persist(call, total) {
  const end = Date.now() + total;
  for (let n = 1; ; n += 1) {
    try {
      return await call();
    } catch (error) {
      const wait = pause(n, error);
      if (!error.passing || Date.now() + wait > end) throw error;
      await rest(wait);
    }
  }
}
