// A mark in front of the tab's title for somebody who looks elsewhere: "(2) Chat", "● Chat".

let mark = '';

/** Show `text` ('' takes it away); it goes when the worker looks at the page. */
export function badge(text) {
  if (text && !document.hidden) return;
  const plain = document.title.startsWith(mark) ? document.title.slice(mark.length) : document.title;
  mark = text ? `${text} ` : '';
  if (document.title !== mark + plain) document.title = mark + plain;
}

document.addEventListener('visibilitychange', () => document.hidden || badge(''));
new MutationObserver(() => {
  if (mark && !document.title.startsWith(mark)) document.title = mark + document.title; // the page changed its title
}).observe(document.head, { childList: true, subtree: true, characterData: true });
