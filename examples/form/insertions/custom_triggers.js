// What happens when somebody answers: functions named in a field's "triggers".
// (formData, updateFormData, element, fieldValue, formFields, ...arguments)

// Computes one field from two others.
export function joinNames(formData, updateFormData) {
  updateFormData("full_name", [formData.name_first, formData.name_last].filter(Boolean).join(" "));
}

// Shows the field `target` only while `option` is chosen.
export function showWhenChosen(formData, updateFormData, element, fieldValue, formFields, option, target) {
  if (fieldValue[option]) formFields[target].show();
  else formFields[target].hide();
}
