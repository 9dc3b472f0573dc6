// What is kept on this device: IndexedDB, or this page's memory where the browser has none for us.

const KEY = { outbox: 'token', drafts: 'key' };
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
      request.result.createObjectStore('outbox', { keyPath: KEY.outbox });
      request.result.createObjectStore('drafts', { keyPath: KEY.drafts });
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
  run(store, 'readwrite', (s) => s.put(entry), (m) => void m.set(entry[KEY[store]], entry));
export const get = (store, key) => run(store, 'readonly', (s) => s.get(key), (m) => m.get(key));
export const all = (store) => run(store, 'readonly', (s) => s.getAll(), (m) => [...m.values()]);
export async function drop(store, key) {
  memory[store].delete(key);
  await run(store, 'readwrite', (s) => s.delete(key), () => undefined);
}

/**
 * Drafts that the server has not got yet, {key, data}. In localStorage, for it is written before the call returns, whatever
 * happens to the page next; in IndexedDB if they are too large for that.
 */
export const drafts = {
  async get(key) {
    return recall(localStore, `crowd:draft:${key}`) ?? (await get('drafts', key));
  },
  async put(draft) {
    if (remember(localStore, `crowd:draft:${draft.key}`, draft)) return;
    remember(localStore, `crowd:draft:${draft.key}`, null);
    await put('drafts', draft);
  },
  async drop(key) {
    remember(localStore, `crowd:draft:${key}`, null);
    await drop('drafts', key);
  },
};

/** What this tab remembers about the page's address, where the browser allows it. */
const placeOf = ({ pathname, search }) => `crowd:${pathname}${search}`;
export const place = placeOf(location);

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

/** The agent whose work this tab shows: {agent, token, key} or null. */
export const session = {
  load: () => recall(tabStore, place),
  save: ({ agent, token, key }) => remember(tabStore, place, { agent, token, key }),
  clear: (address = location) => remember(tabStore, placeOf(address), null),
};

/** Where the visit ends, for the page that posts it there: {url, fields}. */
export const leaving = {
  load: () => recall(tabStore, 'crowd:leaving'),
  save: (completion) => remember(tabStore, 'crowd:leaving', completion),
};

/** The parameter without which the server picks the worker's next visit; '' where a platform does, null if unknown. */
export const pick = {
  load: () => recall(tabStore, 'crowd:pick'),
  save: (name) => remember(tabStore, 'crowd:pick', name ?? ''),
};

/** How often the page looked for free work by itself. */
export const looks = {
  count: () => recall(tabStore, `${place}:looks`) ?? 0,
  set: (n) => remember(tabStore, `${place}:looks`, n || null),
};

/** What was said in a conversation and is not confirmed yet, by the agent's key: it outlives the tab. */
export const unsent = {
  load: (key) => recall(localStore, `crowd:unsent:${key}`) ?? [],
  save: (key, list) => remember(localStore, `crowd:unsent:${key}`, list.length ? list : null),
};
