// Reading and refilling the fields of a page.

const NO_FIELD = new Set(["submit", "button", "image", "reset", "fieldset", "output", "object"]);

/** The named fields of a form that are not disabled. */
export const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && !NO_FIELD.has(field.type ?? "object") && !field.matches(":disabled"));

/**
 * Everything that the forms of the page hold, {field: value}: a text; a list for a group of checkboxes, a multiple
 * select, fields that share a name; files for a file field; null for a single checkbox or radio group left open.
 */
export function collect(submitter = null, { files = true } = {}) {
  const answers = {};
  const forms = [...document.forms].filter((form) => form.method !== "dialog");
  const fields = forms.flatMap(fieldsOf);
  const sent = new Map();
  for (const form of forms) {
    for (const [name, value] of new FormData(form)) sent.set(name, [...(sent.get(name) ?? []), value]);
  }
  if (submitter?.name) sent.set(submitter.name, [...(sent.get(submitter.name) ?? []), submitter.value]);
  for (const name of new Set([...fields.map((field) => field.name), ...sent.keys()])) {
    const mine = fields.filter((field) => field.name === name);
    const values = (sent.get(name) ?? []).filter((value) => !(value instanceof File) || value.name || value.size);
    const isFile = mine.some((field) => field.type === "file") || values.some((value) => value instanceof File);
    if (isFile && !files) continue;
    const list = isFile || isList(mine) || values.length > 1;
    define(answers, name, list ? values : (values[0] ?? null));
  }
  return answers;
}

const isList = (fields) =>
  fields.some((field) => field.type === "select-multiple") || (fields.length > 1 && fields.some((field) => field.type !== "radio"));

// An own property whatever its name, `__proto__` too.
function define(object, name, value) {
  Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
}

/** Put kept answers back, and tell the page's scripts as if they had been entered. */
export function restore(kept) {
  const fields = [...document.forms].flatMap((form) => [...form.elements]);
  const met = new Map(); // how many fields of a name were refilled
  for (const field of fields) {
    if (!field.name || !Object.hasOwn(kept, field.name)) continue;
    const value = kept[field.name];
    const at = met.get(field.name) ?? 0;
    met.set(field.name, at + 1);
    if (refill(field, value, at)) {
      for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
    }
  }
}

// Hidden fields are the page's scripts' own; whether anything changed.
function refill(field, value, at) {
  const values = [value].flat().filter((each) => each !== null);
  if (field.type === "checkbox" || field.type === "radio") {
    const before = field.checked;
    field.checked = values.includes(field.value);
    return field.checked !== before;
  }
  if (field.type === "select-multiple" || field.type === "select-one") {
    const before = [...field.options].map((option) => option.selected).join();
    for (const option of field.options) option.selected = values.includes(option.value);
    return [...field.options].map((option) => option.selected).join() !== before;
  }
  if (NO_FIELD.has(field.type) || field.type === "file" || field.type === "hidden" || !("value" in field)) return false;
  const next = Array.isArray(value) ? value[at] : value;
  if (typeof next !== "string" || field.value === next) return false;
  field.value = next;
  return true;
}
