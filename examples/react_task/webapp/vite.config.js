import { defineConfig } from "vite";

export default defineConfig({
  base: "./", // the task's files lie below /task/, so addresses must be relative
  esbuild: { jsx: "automatic" },
  build: { target: "es2022" }, // main.jsx waits at its top level
});
