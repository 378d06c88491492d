/* What scrolls by itself can be reached with a keyboard, and says what it is. */
(() => {
  "use strict";

  const NAMES = { "nav-sidebar": "Páginas", "changelist-filter": "Filtros", changelist: "Lista", "command-results": "Resultados" };

  const nameOf = (part) => {
    const around = part.closest(Object.keys(NAMES).map((id) => `#${id}`).join());
    return around ? NAMES[around.id] : "Conteúdo";
  };

  const mark = () => {
    for (const part of document.querySelectorAll(".m-scroll, .c-table, pre")) {
      if (part.matches("pre") && part.scrollHeight <= part.clientHeight && part.scrollWidth <= part.clientWidth) continue;
      part.tabIndex = 0;
      part.setAttribute("role", "group");
      part.setAttribute("aria-label", part.closest("section")?.querySelector("h1, h2")?.textContent.trim() || "Texto");
    }
  };

  document.addEventListener("DOMContentLoaded", () => { /* before the theme's own script makes them scroll */
    for (const part of document.querySelectorAll("[data-simplebar]")) part.dataset.simplebarAriaLabel = nameOf(part);
    mark();
  });
  document.addEventListener("live", mark);
})();
