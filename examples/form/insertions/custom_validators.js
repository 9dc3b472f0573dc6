// The author's own checks, named in a field's "validators". Each gets the field, its value and the arguments
// from the form, and returns a message, or null when all is well. They help while typing; what must hold
// is checked again on the server by the function of the same name in hooks.py.

export function noShouting(field, value) {
  const shouting = /[A-Z]/.test(value) && value === value.toUpperCase();
  return shouting ? "Please do not write in capital letters only." : null;
}
