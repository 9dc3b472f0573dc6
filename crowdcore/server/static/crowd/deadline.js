// The end of the time for this work: announced, then checked with the server, which may have extended it.

import { agentUrl, ask, onOurClock } from './net.js';
import { finish, refuse } from './ending.js';
import { banner } from './ui.js';
import { words } from './words.js';

const NOTICES = [5, 1]; // minutes before the end
const LONGEST = 2 ** 31 - 1; // what setTimeout can hold

export class Deadline {
  #who;
  #timers = [];
  #submitting = () => false;
  at = null; // ms on this device's clock

  constructor(who, deadline, submitting) {
    this.#who = who;
    this.#submitting = submitting;
    this.set(deadline);
    document.addEventListener('visibilitychange', () => {
      // Timers stand still while a laptop sleeps.
      if (!document.hidden && this.at !== null) this.#arm();
    });
  }

  set(deadline) {
    this.at = deadline === null ? null : onOurClock(deadline);
    this.#arm();
  }

  stop() {
    this.#timers.forEach(clearTimeout);
    this.#timers = [];
  }

  #arm() {
    this.stop();
    if (this.at === null) return;
    for (const minutes of NOTICES) {
      const wait = this.at - minutes * 60_000 - Date.now();
      if (wait > 0) this.#in(wait, () => banner.notice('deadline', words.minutesLeft(minutes)));
    }
    this.#in(Math.max(0, this.at - Date.now()), () => this.#over());
  }

  #in(wait, act) {
    if (wait <= LONGEST) this.#timers.push(setTimeout(act, wait));
  }

  /** The work has ended without the page: by itself, or in another tab. */
  async over(completion) {
    this.stop();
    await (completion ? finish(completion) : refuse({ code: 'expired' }));
  }

  async #over() {
    if (this.#submitting()) return; // what is on its way may still count
    try {
      const { agent, token } = this.#who;
      const { body } = await ask('GET', agentUrl(agent), { token });
      if (body.phase === 'done') await this.over(body.completion);
      else if (onOurClock(body.deadline) > Date.now()) this.set(body.deadline);
      else this.#timers.push(setTimeout(() => this.#over(), 3000)); // it ends any moment
    } catch (error) {
      if (error.passing) await banner.notice('deadline', words.timeIsUp);
      else await refuse(error);
    }
  }
}
