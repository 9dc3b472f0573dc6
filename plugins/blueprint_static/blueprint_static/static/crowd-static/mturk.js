// What Amazon's script for external tasks offers to pages: here the page's own address says who works.

/** `turkGetParam` and `turkSetAssignmentID`, so that pages written for MTurk find them. */
export function mturk() {
  window.turkGetParam ??= (name, fallback = "") => new URLSearchParams(location.search).get(name) ?? fallback;
  window.turkSetAssignmentID ??= (given) => {
    const field = document.getElementById("assignmentId");
    if (field) field.value = given ?? window.turkGetParam("assignmentId");
  };
}
