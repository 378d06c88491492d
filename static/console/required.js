/* What a field lacks stands beside it, in the console's words: a browser's own bubble speaks the browser's language. */
(() => {
  "use strict";

  const sentence = (field) => {
    const words = document.getElementById("field-words").dataset;
    if (!field.validity.valueMissing) return words.wrong;
    if (field.type === "checkbox") return words.unchecked;
    return field.type === "radio" || field.tagName === "SELECT" ? words.unchosen : words.missing;
  };

  const shown = (field) => field.form?.querySelector(`[data-lacks="${CSS.escape(field.name)}"]`);

  document.addEventListener("invalid", (event) => {
    event.preventDefault();
    const field = event.target;
    const isFirst = !field.form?.querySelector("[data-lacks]");
    if (shown(field)) return; /* also by another choice of the same name */
    const said = document.createElement("p");
    said.className = "c-error-text";
    said.dataset.lacks = field.name;
    said.setAttribute("role", "alert");
    said.textContent = sentence(field);
    (field.closest("label") || field).after(said);
    field.setAttribute("aria-invalid", "true");
    if (isFirst) field.focus();
  }, true);

  const forget = (event) => {
    if (!event.target.validity?.valid) return;
    shown(event.target)?.remove();
    event.target.removeAttribute("aria-invalid");
  };
  document.addEventListener("input", forget);
  document.addEventListener("change", forget);
})();
