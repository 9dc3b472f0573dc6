// The rules of a form in the browser: the same verdicts and words as rules.py on the server, whose
// word alone counts. No access to the page, so Node can run this very module in the tests.

export const REQUIRED = "This field is required.";
const NOT_TEXT = "This must be text.";
const BAD_TEXT = "This text has characters that cannot be stored.";
const PATTERN = "This does not have the expected form.";
const EMAIL = "Enter an email address, like name@example.org.";
const NUMBER = "Enter a number.";
const DATE = "Enter a date, like 2024-12-31.";
const OPTION = "Choose one of the options.";
const OPTIONS = "Choose only from the options.";
const RANKING = "Rank every option once.";
const FILE = "Upload this file again.";
const HIDDEN = "Other answers hide this field; it must be left out.";
const UNKNOWN = "This field is not part of the form.";
const NOT_OBJECT = "The answer must be an object of fields.";

const NUMBER_GRAMMAR = /^-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const DATE_GRAMMAR = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const EMAIL_GRAMMAR =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

// --- reading values -------------------------------------------------------------------------------

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isBlank = (text) => /^\s*$/.test(text);
const isStorable = (text) => !text.includes("\0") && !LONE_SURROGATE.test(text);
const characters = (text) => [...text].length;
const asciiLower = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const asList = (value) => {
  if (isObject(value)) return Object.keys(value).filter((option) => value[option] === true);
  return Array.isArray(value) ? value : [];
};

function asNumber(value) {
  if (typeof value === "string") {
    if (characters(value) > 100 || !NUMBER_GRAMMAR.test(value)) return null;
  } else if (typeof value !== "number") {
    return null;
  }
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function isDate(text) {
  const found = DATE_GRAMMAR.exec(text);
  if (!found) return false;
  const [year, month, day] = found.slice(1).map(Number);
  if (year === 0 || month < 1 || month > 12) return false;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= DAYS[month - 1] + (leap ? 1 : 0);
}

function isFilled(value) {
  if (typeof value === "string") return !isBlank(value);
  if (typeof value === "object" && value !== null) return asList(value).length > 0;
  return asNumber(value) !== null;
}

// --- words ----------------------------------------------------------------------------------------

const count = (number, word) => (number === 1 ? `${number} ${word}` : `${number} ${word}s`);
const bound = (limit) => String(limit === 0 ? 0 : limit);
const tooShort = (limit, length) => `Use at least ${count(limit, "character")} (now ${length}).`;
const tooLong = (limit, length) => `Use at most ${count(limit, "character")} (now ${length}).`;
const tooFew = (limit) => `Choose at least ${count(limit, "option")}.`;
const tooMany = (limit) => `Choose at most ${count(limit, "option")}.`;
const tooSmall = (limit) => `Must be ${bound(limit)} or ${typeof limit === "string" ? "later" : "more"}.`;
const tooLarge = (limit) => `Must be ${bound(limit)} or ${typeof limit === "string" ? "earlier" : "less"}.`;

function offStep(step, base) {
  if (step === 1 && base === Math.floor(base)) return "Enter a whole number.";
  if (base) return `Must be ${bound(base)} plus a multiple of ${bound(step)}.`;
  return `Must be a multiple of ${bound(step)}.`;
}

function tooBig(limit) {
  for (const [size, unit] of [[1048576, "MB"], [1024, "KB"]]) {
    if (limit % size === 0) return `Choose a file of at most ${limit / size} ${unit}.`;
  }
  return `Choose a file of at most ${count(limit, "byte")}.`;
}

// --- what is shown --------------------------------------------------------------------------------

export function rulesOf(part) {
  const rule = part.visible_when ?? null;
  if (rule === null) return [];
  return Array.isArray(rule) ? rule : [rule];
}

// All fields in reading order, each with every rule from its section down to itself.
export function* placedFields(form) {
  for (const section of form.sections) {
    for (const fieldset of section.fieldsets) {
      for (const row of fieldset.rows) {
        for (const field of row.fields) {
          yield { field, rules: [section, fieldset, row, field].flatMap(rulesOf) };
        }
      }
    }
  }
}

// A function that says of one rule whether it holds for the answers.
function judgeOfRules(form, data) {
  const placed = new Map([...placedFields(form)].map((each) => [each.field.name, each]));
  const known = new Map();
  const shown = (name) => {
    if (!known.has(name)) {
      known.set(name, true); // a form with a circle is refused at launch; here it must only end
      known.set(name, placed.get(name).rules.every(holds));
    }
    return known.get(name);
  };
  const holds = (rule) => {
    const target = placed.get(rule.field);
    if (!target) return false;
    const there = Object.hasOwn(data, rule.field) && shown(rule.field);
    return ruleHolds(rule, target.field, there ? data[rule.field] : null);
  };
  return { shown, holds, names: [...placed.keys()] };
}

// Names of the fields that the rules show; a hidden field counts as empty in other fields' rules.
export function visibleFields(form, data) {
  const { shown, names } = judgeOfRules(form, data);
  return new Set(names.filter(shown));
}

// A function that says of a section, fieldset, row or field whether its own rules hold.
export function partShown(form, data) {
  const { holds } = judgeOfRules(form, data);
  return (part) => rulesOf(part).every(holds);
}

function ruleHolds(rule, field, value) {
  if ("filled" in rule) return isFilled(value) === rule.filled;
  if ("contains" in rule) return asList(value).includes(rule.contains);
  if ("not_contains" in rule) return !asList(value).includes(rule.not_contains);
  if (field.type === "number" || field.type === "range") return compare(rule, asNumber(value), null);
  return compare(rule, typeof value === "string" ? value : "", "");
}

function compare(rule, value, empty) {
  if ("equals" in rule) return value === rule.equals;
  if ("not_equals" in rule) return value !== rule.not_equals;
  if ("in" in rule) return rule.in.includes(value);
  if ("not_in" in rule) return !rule.not_in.includes(value);
  if (value === empty) return false;
  return "at_least" in rule ? value >= rule.at_least : value <= rule.at_most;
}

// --- one field ------------------------------------------------------------------------------------

const validators = (field) => field.validators || {};
const isRequired = (field) => validators(field).required === true;
const whenEmpty = (field) => (isRequired(field) ? [REQUIRED] : []);
const optionsOf = (field) => field.options.map((option) => option.value);

function text(field, value, _files, matches) {
  if (typeof value !== "string") return [NOT_TEXT];
  if (!isStorable(value)) return [BAD_TEXT];
  if (value === "" || (isRequired(field) && isBlank(value))) return whenEmpty(field);
  const rules = validators(field);
  const length = characters(value);
  const found = [];
  if (length < (rules.minLength ?? 0)) found.push(tooShort(rules.minLength, length));
  if (length > (rules.maxLength ?? Infinity)) found.push(tooLong(rules.maxLength, length));
  if (field.type === "email" && !EMAIL_GRAMMAR.test(value)) found.push(EMAIL);
  if (rules.regexp !== undefined && !matches(rules.regexp, value, field)) found.push(PATTERN);
  return found;
}

// A pattern's source and flags.
export function patternOf(rule) {
  const [source, flags = ""] = typeof rule === "string" ? [rule] : rule;
  return [source, flags.replaceAll("g", "")];
}

const matchesHere = (rule, value) => new RegExp(...patternOf(rule)).test(value);

function number(field, value) {
  if (value === "") return whenEmpty(field);
  const found = [];
  const given = asNumber(value);
  if (given === null) return [NUMBER];
  const rules = validators(field);
  if (given < (rules.min ?? -Infinity)) found.push(tooSmall(rules.min));
  if (given > (rules.max ?? Infinity)) found.push(tooLarge(rules.max));
  if (rules.step !== undefined && !onStep(given, rules.step, rules.min ?? 0)) found.push(offStep(rules.step, rules.min ?? 0));
  return found;
}

function onStep(given, step, base) {
  const steps = (given - base) / step;
  return Number.isFinite(steps) && Math.abs(steps - Math.floor(steps + 0.5)) <= 1e-9 * Math.max(1, Math.abs(steps));
}

function date(field, value) {
  if (value === "") return whenEmpty(field);
  if (typeof value !== "string" || !isDate(value)) return [DATE];
  const rules = validators(field);
  const found = [];
  if (rules.min !== undefined && value < rules.min) found.push(tooSmall(rules.min));
  if (rules.max !== undefined && value > rules.max) found.push(tooLarge(rules.max));
  return found;
}

function choice(field, value) {
  if (field.multiple === true) return choices(field, value);
  if (value === "") return whenEmpty(field);
  return typeof value === "string" && optionsOf(field).includes(value) ? [] : [OPTION];
}

function choices(field, value) {
  const options = optionsOf(field);
  if (!Array.isArray(value) || !value.every((each) => options.includes(each))) return [OPTIONS];
  return new Set(value).size < value.length ? [OPTIONS] : selected(field, value.length);
}

function checkbox(field, value) {
  const options = optionsOf(field);
  const fits = (option) => options.includes(option) && typeof value[option] === "boolean";
  if (!isObject(value) || !Object.keys(value).every(fits)) return [OPTIONS];
  return selected(field, asList(value).length);
}

function selected(field, chosen) {
  if (chosen === 0) return whenEmpty(field);
  const rules = validators(field);
  const found = [];
  if (chosen < (rules.minLength ?? 0)) found.push(tooFew(rules.minLength));
  if (chosen > (rules.maxLength ?? Infinity)) found.push(tooMany(rules.maxLength));
  return found;
}

function ranking(field, value) {
  if (Array.isArray(value) && value.length === 0) return whenEmpty(field);
  const options = optionsOf(field);
  const whole = Array.isArray(value) && value.length === options.length && new Set(value).size === options.length;
  return whole && value.every((each) => options.includes(each)) ? [] : [RANKING];
}

function file(field, value, files) {
  if (value === "") return whenEmpty(field);
  if (typeof value !== "string" || !Object.hasOwn(files, field.name)) return [FILE];
  const meta = files[field.name];
  const rules = validators(field);
  const name = asciiLower(String(meta.name));
  const found = [];
  if (rules.fileExtension?.length && !rules.fileExtension.some((each) => name.endsWith("." + asciiLower(each)))) {
    found.push(`Choose a file of type ${rules.fileExtension.join(", ")}.`);
  }
  if (meta.size > (rules.maxFileSize ?? Infinity)) found.push(tooBig(rules.maxFileSize));
  return found;
}

const CHECKS = {
  input: text, email: text, textarea: text, hidden: text, number, range: number, date,
  select: choice, radio: choice, checkbox, ranking, file,
};

// --- the whole form -------------------------------------------------------------------------------

// The faults of an answer, {field: [message, …]}: `data` is {field: value} without hidden fields,
// `files` {field: {name, size, …}} of the uploads that it names. `matches(rule, value, field)` says
// whether a pattern fits: a page must not wait for one that takes for ever.
export function validateForm(form, data, files, matches = matchesHere) {
  const errors = Object.create(null);
  if (!isObject(data)) {
    errors[""] = [NOT_OBJECT];
    return errors;
  }
  const shown = visibleFields(form, data);
  const known = new Set();
  for (const { field } of placedFields(form)) {
    known.add(field.name);
    const found = judge(field, shown.has(field.name), data, files, matches);
    if (found.length) errors[field.name] = found;
  }
  for (const name of Object.keys(data)) {
    if (!known.has(name)) errors[name] = [UNKNOWN];
  }
  return errors;
}

function judge(field, shown, data, files, matches) {
  if (!Object.hasOwn(data, field.name)) {
    return !shown || field.may_be_hidden === true || !isRequired(field) ? [] : [REQUIRED];
  }
  return shown ? CHECKS[field.type](field, data[field.name], files, matches) : [HIDDEN];
}
