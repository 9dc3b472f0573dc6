// What is kept on this device: IndexedDB, or this page's memory where the browser has none for us.

const memory = { outbox: new Map(), drafts: new Map() };
let opening = null;

function open() {
  opening ??= new Promise((resolve) => {
    let request;
    try {
      request = indexedDB.open('crowd', 1);
    } catch {
      resolve(null);
      return;
    }
    request.onupgradeneeded = () => {
      request.result.createObjectStore('outbox', { keyPath: 'token' });
      request.result.createObjectStore('drafts', { keyPath: 'token' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => resolve(null);
    request.onblocked = () => resolve(null);
  });
  return opening;
}

async function run(store, mode, act, inMemory) {
  const database = await open();
  if (database) {
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(store, mode, { durability: 'strict' });
        const request = act(transaction.objectStore(store));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
      });
    } catch {
      // Full or forbidden: the page's memory still serves until it is closed.
    }
  }
  return inMemory(memory[store]);
}

/** Whether what is put here outlives the page. */
export const lasting = async () => (await open()) !== null;
export const put = (store, entry) =>
  run(store, 'readwrite', (s) => s.put(entry), (m) => void m.set(entry.token, entry));
export const get = (store, token) => run(store, 'readonly', (s) => s.get(token), (m) => m.get(token));
export const all = (store) => run(store, 'readonly', (s) => s.getAll(), (m) => [...m.values()]);
export async function drop(store, token) {
  memory[store].delete(token);
  await run(store, 'readwrite', (s) => s.delete(token), () => undefined);
}

/**
 * Drafts {token, data, unsent}. In localStorage, for it is written before the call returns, whatever
 * happens to the page next; in IndexedDB if they are too large for that.
 */
export const drafts = {
  async get(token) {
    return recall(localStore, `crowd:draft:${token}`) ?? (await get('drafts', token));
  },
  async put(draft) {
    if (remember(localStore, `crowd:draft:${draft.token}`, draft)) return;
    remember(localStore, `crowd:draft:${draft.token}`, null);
    await put('drafts', draft);
  },
  async drop(token) {
    remember(localStore, `crowd:draft:${token}`, null);
    await drop('drafts', token);
  },
};

/** What this tab remembers about the page's address, where the browser allows it. */
export const place = `crowd:${location.pathname}${location.search}`;

// Reading the property itself throws where storage is forbidden.
const localStore = () => localStorage;
const tabStore = () => sessionStorage;

function recall(store, key) {
  try {
    return JSON.parse(store().getItem(key));
  } catch {
    return null;
  }
}

/** Whether the browser kept it. Without the tab's memory a reload asks for the work anew and is given the same. */
function remember(store, key, value) {
  try {
    if (value === null) store().removeItem(key);
    else store().setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** The agent whose work this tab shows: {agent, token} or null. */
export const session = {
  load: () => recall(tabStore, place),
  save: ({ agent, token }) => remember(tabStore, place, { agent, token }),
  clear: () => remember(tabStore, place, null),
};

/** How often the page looked for free work by itself. */
export const looks = {
  count: () => recall(tabStore, `${place}:looks`) ?? 0,
  set: (n) => remember(tabStore, `${place}:looks`, n || null),
};
