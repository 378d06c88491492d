/* The window that asks why an item is archived is one for the whole list: it is told whose button opened it. */
(() => {
  "use strict";

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[popovertarget=archive-row][data-item]");
    if (!button) return;
    const asks = document.getElementById("archive-row");
    asks.querySelector("[name=ids]").value = button.dataset.item;
    const cells = button.closest("tr").querySelectorAll(".field-what, .field-who");
    asks.querySelector("[data-named]").textContent = [...cells].map((cell) => cell.innerText.trim()).join(" · ");
  });
})();
