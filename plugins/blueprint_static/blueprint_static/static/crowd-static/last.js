// Runs after all scripts that wait for each other; document.js listens for its end.
export {};
