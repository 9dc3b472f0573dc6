// Reads one JSON question a line, writes one JSON answer a line: the form rules of the page, run by Node.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { validateForm } = await import(pathToFileURL(process.argv[2]).href);

// JSON text in plain ASCII, so that lone surrogates pass through the pipe unharmed.
const ascii = (value) =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"));

function answer(question) {
  if (!("source" in question)) return validateForm(question.form, question.data, question.files);
  try {
    return new RegExp(question.source, question.flags.replaceAll("g", "")).test(question.text);
  } catch (error) {
    return String(error.message);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(ascii(answer(JSON.parse(line))) + "\n");
}
