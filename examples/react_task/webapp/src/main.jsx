import { createRoot } from "react-dom/client";
import { App } from "./App.jsx";
import "./style.css";

// The client is the server's, so it always fits it; the bundler must leave it alone.
const client = new URL("../crowd.js", document.baseURI).href;
const { default: crowd } = await import(/* @vite-ignore */ client);

const work = await crowd.start();
createRoot(document.getElementById("root")).render(<App work={work} />);
