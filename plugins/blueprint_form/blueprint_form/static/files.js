// A file is uploaded as soon as it is chosen; the answer is the id that the server gave it.

import { make, sizeText } from "./dom.js";

const PICTURE = /^image\/(png|jpeg|gif|webp|bmp|avif)$/;

// `send(name, file)` resolves to {file, name, size} or rejects; `refuse(meta, file)` lists the faults of a file.
// A file that is not taken is told of at once and can be removed; it keeps nobody from sending a form that can do without.
export function fileField(field, parts, tell, { send, refuse }) {
  const upload = new Upload(field, parts, tell, send, refuse);
  return {
    target: upload.input, elements: [upload.input, upload.line, upload.preview], preset: "",
    all: () => [upload.input, upload.remove],
    read: () => upload.stored?.file ?? "",
    write: (value, meta) => upload.write(value, meta),
    meta: () => upload.stored,
    busy: () => upload.sending,
  };
}

class Upload {
  constructor(field, parts, tell, send, refuse) {
    Object.assign(this, { field, tell, send, refuse, stored: null, sending: null });
    this.needed = field.validators?.required === true;
    this.input = make("input", {
      type: "file", id: parts.id, name: field.name, "aria-describedby": parts.described,
      accept: field.validators?.fileExtension?.map((each) => "." + each).join(","),
      "aria-required": field.validators?.required === true ? "true" : null,
      onchange: () => this.choose(this.input.files[0]),
    });
    this.status = make("span", { role: "status" });
    this.remove = make("button", { type: "button", class: "quiet", onclick: () => this.clear() }, "Remove file");
    this.line = make("div", { class: "file-line" }, this.status, this.remove);
    this.preview = make("div", { class: "preview" });
    this.show("");
  }

  show(text, wrong = false) {
    this.status.textContent = text;
    this.remove.hidden = this.stored === null && this.sending === null && !wrong;
    this.line.classList.toggle("empty", text === "");
    this.line.classList.toggle("wrong", wrong);
  }

  showStored() {
    this.show(this.stored ? `${this.stored.name} (${sizeText(this.stored.size)}) is uploaded.` : "");
  }

  clear() {
    this.stored = this.sending = null;
    this.input.value = "";
    this.preview.replaceChildren();
    this.show("");
    this.input.focus();
    this.tell("input");
  }

  async choose(file) {
    if (!file) return;
    this.stored = this.sending = null;
    this.preview.replaceChildren();
    const meta = { name: file.name, size: file.size, type: file.type };
    const faults = this.refuse(meta, file);
    if (faults.length) return this.refused(`${file.name} was not taken.`, faults);
    const mine = (this.sending = this.send(this.field.name, file));
    this.show(`Uploading ${file.name} (${sizeText(file.size)})…`);
    this.tell("uploading");
    try {
      const answer = await mine;
      if (mine !== this.sending) return; // another file was chosen, or this one removed, in the meantime
      this.sending = null;
      this.stored = { ...meta, ...answer };
      this.showStored();
      this.picture(file);
      this.tell("input");
    } catch (error) {
      if (mine !== this.sending) return;
      this.sending = null;
      this.refused(`${file.name} could not be uploaded.`, [error?.detail || error?.message || "Please try again."]);
    }
  }

  refused(text, faults) {
    this.input.value = "";
    const next = this.needed ? "Choose another file: this form needs one." : "Choose another file, or send the form without one.";
    this.show(this.needed ? text : [text, ...faults, next].join(" "), true);
    this.tell("refused", this.needed ? [...faults, next] : []);
  }

  picture(file) {
    if (this.field.show_preview !== true || !PICTURE.test(file.type)) return;
    const url = URL.createObjectURL(file);
    const image = make("img", { alt: `Preview of ${file.name}`, src: url });
    image.addEventListener("load", () => URL.revokeObjectURL(url), { once: true });
    image.addEventListener("error", () => image.remove(), { once: true });
    this.preview.replaceChildren(image);
  }

  write(value, meta) {
    this.stored = value && meta ? meta : null;
    this.showStored();
  }
}
