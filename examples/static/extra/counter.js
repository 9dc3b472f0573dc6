// Shows how many characters may still be typed.
function countLeft(field, place) {
  const show = () => (place.textContent = `${field.maxLength - field.value.length} characters left`);
  field.addEventListener("input", show);
  show();
}
