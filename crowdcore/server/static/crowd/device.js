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

/** What this tab remembers about the page's address, where the browser allows it. */
export const place = `crowd:${location.pathname}${location.search}`;

function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Without storage a reload asks for the work anew and is given the same.
  }
}

/** The agent whose work this tab shows: {agent, token} or null. */
export const session = {
  load: () => recall(place),
  save: ({ agent, token }) => remember(place, { agent, token }),
  clear: () => remember(place, null),
};

/** How often the page looked for free work by itself. */
export const looks = {
  count: () => recall(`${place}:looks`) ?? 0,
  set: (n) => remember(`${place}:looks`, n || null),
};
