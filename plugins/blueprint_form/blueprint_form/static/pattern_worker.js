// Matches one pattern at a time for patterns.js, which ends this when it takes too long.

self.onmessage = ({ data: [source, flags, value] }) => {
  let fits = null;
  try {
    fits = new RegExp(source, flags).test(value);
  } catch {
    // a pattern that this browser does not know is the server's
  }
  self.postMessage(fits);
};
self.postMessage("ready");
