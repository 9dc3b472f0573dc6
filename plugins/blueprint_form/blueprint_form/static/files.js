// A file is uploaded as soon as it is chosen; the answer is the id that the server gave it.

import { make, sizeText } from "./dom.js";

const PICTURE = /^image\/(png|jpeg|gif|webp|bmp|avif)$/;

// `upload(file)` resolves to {file, name, size} or rejects; `meta()` is the upload that the value names.
export function fileField(field, parts, tell, { send, refuse }) {
  let stored = null;
  let sending = null;
  const accept = field.validators?.fileExtension?.map((each) => "." + each).join(",");
  const input = make("input", {
    type: "file", id: parts.id, name: field.name, accept, "aria-describedby": parts.described,
    "aria-required": field.validators?.required === true ? "true" : null, onchange: () => choose(input.files[0]),
  });
  const status = make("span", { role: "status" });
  const remove = make("button", { type: "button", class: "quiet", onclick: () => clear() }, "Remove file");
  const preview = make("div", { class: "preview" });
  const line = make("div", { class: "file-line" }, status, remove);

  function show(text) {
    status.textContent = text;
    remove.hidden = stored === null;
    line.classList.toggle("empty", text === "");
  }

  function clear() {
    stored = sending = null;
    input.value = "";
    preview.replaceChildren();
    show("");
    input.focus();
    tell("input");
  }

  async function choose(file) {
    if (!file) return;
    stored = null;
    preview.replaceChildren();
    const meta = { name: file.name, size: file.size, type: file.type };
    const faults = refuse(meta);
    show(faults.length ? `${file.name} was not taken.` : `Uploading ${file.name} (${sizeText(file.size)})…`);
    if (faults.length) {
      input.value = "";
      return tell("refused", faults);
    }
    const mine = (sending = send(field.name, file));
    tell("uploading");
    try {
      const answer = await mine;
      if (mine !== sending) return; // another file was chosen, or this one removed, in the meantime
      stored = { ...meta, ...answer };
      show(`${file.name} (${sizeText(file.size)}) is uploaded.`);
      picture(file);
      sending = null;
      tell("input");
    } catch (error) {
      if (mine !== sending) return;
      sending = null;
      input.value = "";
      show("");
      tell("refused", [`${file.name} could not be uploaded: ${error?.detail || error?.message || "please try again"}`]);
    }
  }

  function picture(file) {
    if (field.show_preview !== true || !PICTURE.test(file.type)) return;
    const url = URL.createObjectURL(file);
    const image = make("img", { alt: `Preview of ${file.name}`, src: url });
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.addEventListener("error", () => image.remove(), { once: true });
    preview.replaceChildren(image);
  }

  show("");
  return {
    target: input, elements: [input, line, preview], preset: "", all: () => [input, remove],
    read: () => stored?.file ?? "",
    write(value, meta) {
      stored = value && meta ? meta : null;
      show(stored ? `${stored.name} (${sizeText(stored.size)}) is uploaded.` : "");
    },
    meta: () => stored,
    busy: () => sending,
  };
}
