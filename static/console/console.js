/* The buttons above a list say to how many rows they apply: "Reenviar 12". */
(() => {
  "use strict";

  const chosen = () => {
    const across = document.querySelector("input.select-across");
    const total = document.querySelector(".c-actions .question a");
    if (across && across.value === "1" && total) {
      return (total.textContent.match(/\d[\d.]*/) || [""])[0];
    }
    return document.querySelectorAll("#result_list .action-select:checked").length;
  };

  const say = () => {
    for (const button of document.querySelectorAll(".c-actions [data-title]")) {
      button.textContent = `${button.dataset.title} (${chosen()})`;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.addEventListener("change", (event) => {
      if (event.target.matches("#result_list input[type=checkbox], #action-toggle")) setTimeout(say);
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest(".c-actions .question, .c-actions .clear")) setTimeout(say);
    });
  });
})();
