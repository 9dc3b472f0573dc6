// Every text that workers read. Plain words: what happened, and what to do next.

const device = (kept) => (kept ? 'Your answers are saved on this device' : 'Keep this page open');

export const words = {
  loading: 'Loading…',
  sending: 'Sending your answers…',
  uploading: (percent) => (percent < 100 ? `Sending your files… ${percent} %` : 'Sent. Waiting for the answer…'),
  sendingAgain: (kept) => `${device(kept)}, sending…`,
  waitingToSend: (kept, code) =>
    `${device(kept)}, sending… ${code === 'offline' ? 'There is no connection just now.' : 'The server is busy just now.'}`,
  notSentYet: (kept) =>
    kept
      ? 'Your answers are saved on this device but not sent yet. You may come back later with the same link.'
      : 'Your answers are not sent yet. Please keep this page open.',
  reconnecting: 'The connection was lost. Connecting again…',
  tryNow: 'Try now',
  dismiss: 'OK',
  tryAgain: 'Try again',
  lookAgain: 'Look again',
  reload: 'Reload the page',
  startAgain: 'Start again',
  next: 'Next task',
  saveCopy: 'Save a copy of my answers',
  preview: 'This is a preview. Nothing you enter here is kept.',
  askName: 'Your name or worker ID',
  begin: 'Start',
  minutesLeft: (n) => (n === 1 ? 'One minute left.' : `${n} minutes left.`),
  timeIsUp: 'The time for this task is over. What you send now may still count.',
  notAccepted: 'Your answers were not accepted yet. Please check the marked places and send them again.',
  again: (seconds) => `We look again in ${seconds} s.`,
  stored: 'This is what was stored',
  gone: 'The server does not answer. The study may have ended, or your network is away. Please try again in a while.',
  close: 'You can close this page.',
  leaving: 'Taking you back…',
  goOn: 'Go on',
  required: '(needed)',
  notes: {
    open: 'Write to the author',
    place: 'Notes',
    tips: 'Tips from others who did this',
    label: 'Your message',
    whom: 'Who is it for?',
    feedback: 'The people who run this task',
    tip: 'Others who do this task: a tip',
    send: 'Send the message',
    close: 'Close',
    thanks: 'Thank you! Your message has arrived.',
    failed: 'It was not sent. Please try again.',
  },
  useHere: 'Use it here',
  tooLong: 'This is too long to be sent.',
  /** The room in which people wait for each other. */
  waiting: {
    title: (seats) => ['One moment, please', 'Waiting for your partner'][seats - 1] ?? 'Waiting for the others',
    text: (seats) =>
      [
        'It begins by itself as soon as there is room for you; please keep this page open.',
        'You do this task together with somebody else. It begins by itself as soon as they are here; please keep this page open.',
      ][seats - 1] ??
      `You do this task together with ${seats - 1} other people. It begins by itself as soon as they are here; please keep this page open.`,
    here: (present, seats) => (present === 1 ? `You are here. ${seats - 1} more to come.` : `${present} of ${seats} are here.`),
    full: 'Everybody is here. It begins as soon as there is room for you.',
    atMost: (time) => `We wait ${time} at most.`,
    left: (time) => `We wait ${time} more at most.`,
    latest: (time) => `This wait ends at ${time} at the latest.`,
    now: 'Just a moment…',
    bar: 'Time of this wait that has passed',
    /** What happens when nobody came in time, by the run's setting. */
    then: {
      launch_reduced: 'If somebody is still missing then, it begins without them.',
      stand_in: 'If somebody is still missing then, a computer program takes their place and you can begin.',
      release: 'If somebody is still missing then, you need not wait any longer: the task ends for you.',
      requeue: 'If somebody is still missing then, we look for another partner for you.',
      wait: 'If somebody is still missing then, we wait once more.',
      start: 'If somebody is still missing then, you can begin all the same.',
    },
    pay: (amount, then) => {
      if (then !== 'release') return 'You are paid for the task itself, not for waiting.';
      return amount === null ? 'Waiting itself is not paid.' : `You are then paid ${amount} for waiting.`;
    },
    leave: 'Leave',
    leaving: { title: 'Leave now?', text: 'You lose your place. If you leave by yourself, waiting is not paid.', yes: 'Leave', no: 'Keep waiting' },
    notLeft: 'There is no connection just now. You can simply close this page.',
  },
  giveBack: {
    title: 'Give this task back?',
    text: 'Somebody else will do it. What you entered here is not kept.',
    yes: 'Give it back',
    no: 'Keep working',
  },
  /** By code: [title, text, next]. `text` gives way to the server's own detail where that says more. */
  pages: {
    not_qualified: ['This task is not open to you', 'It asks for something that your account does not have.', 'You can close this page. Other tasks may suit you.'],
    blocked: ['You cannot work on this', 'The people who run this task do not accept work from your account.', 'If you think this is a mistake, write to them.'],
    refused: ['This task is not open to you', 'It cannot be started with this link.', 'If you think this is a mistake, write to the people who sent you the link.'],
    no_available_units: ['Everything is taken just now', 'Other people are working on all that is left. Something may become free when one of them stops.', 'You can wait here or come back later.'],
    too_many_units: ['You have done your share', 'Nobody may do more of this task than you already did. Thank you!', 'You can close this page.'],
    too_many_open: ['You have another task open', 'You may not have more open at the same time.', 'Finish the one in your other tab or window first, then look again here.'],
    run_over: ['This study has ended', 'No more work is needed. Thank you for your interest!', 'You can close this page.'],
    expired: ['The time for this task is over', 'It was given to somebody else, or it ended.', 'You can start again with another task.'],
    already_submitted: ['This was already sent', 'Your work arrived. There is nothing left to do here.', 'You can close this page.'],
    not_acceptable_now: ['This does not work just now', 'The task cannot be taken at this moment.', 'Please come back a little later.'],
    bad_token: ['This page is no longer signed in', 'It was open for a long time, or the study was set up anew.', 'Start again with the same link.'],
    unknown_agent: ['This piece of work is gone', 'The server does not know it any more.', 'Start again with the same link.'],
    invalid: ['This link does not work', 'Something in its address is not as it should be.', 'Open the link again as you got it.'],
    too_large: ['That was too large', 'What you sent is larger than this task allows.', 'Go back and send something smaller.'],
    unsupported_media_type: ['That could not be read', 'The page sent something that the server does not take.', 'Reload the page and try again.'],
    too_fast: ['A little slower, please', 'There were many requests at once.', 'Wait a moment, then try again.'],
    busy: ['One moment, please', 'The server is busy. Nothing is lost.', 'Wait a moment, then try again.'],
    task_error: ['Something went wrong in this task', 'Its own code failed. The people who run it were told.', 'Please try again a little later.'],
    internal: ['Something went wrong', 'It is not your fault.', 'Please try again a little later.'],
    offline: ['No connection', 'The server cannot be reached. Your network may be away.', 'Check your connection. We try again as soon as it is back.'],
    timeout: ['No answer', 'The server did not answer in time.', 'Check your connection, then try again.'],
    no_phone: ['Please use a computer', 'This task does not work on phones and tablets.', 'Open the same link on a computer.'],
    sending: ['Almost done', 'Your answers are on their way.', 'This page goes on by itself as soon as they have arrived.'],
    // How work ended, on a page that is opened again.
    thanks: ['Thank you!', 'Your work has arrived.', ''],
    returned: ['You gave this task back', 'Nothing of it was kept.', 'You can close this page, or start again with another task.'],
    timed_out: ['The time for this task is over', 'Somebody else may have it now.', 'You can start again with another task.'],
    left: ['You had left this task', 'It ended while you were away.', 'You can start again with another task.'],
    replaced: ['Somebody else went on', 'Your place was given to another worker while you were away.', 'You can start again with another task.'],
    taken_over: ['This is open in another tab', 'You went on in another tab or window. Only one of them can take part at a time.', 'Nothing is lost: go on there, or here.'],
    released: ['Nobody came this time', 'We are sorry: nobody was there to do this task with you. Thank you for waiting!', 'You can close this page, or try again later.'],
    no_work_left: ['There is nothing left to do', 'All tasks of this study are taken or done. Thank you for coming!', 'You can close this page.'],
    left_waiting: ['You have left', 'Your place is free for others.', 'You can close this page, or come back later with the same link.'],
    screened_out: ['Thank you!', 'This study looks for others this time.', 'You can close this page.'],
  },
};
