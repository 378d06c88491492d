/* A list and an item by keyboard; ? shows which keys. Keys of a field, of the palette and of an open window are theirs. */
(() => {
  "use strict";

  const FIELDS = "input:not([type=checkbox]), textarea, select, [contenteditable]";
  const rows = () => [...document.querySelectorAll("#result_list tr.data-row")];
  let here = -1;

  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    here = Math.min(Math.max(here + step, 0), all.length - 1);
    all.forEach((row, place) => row.classList.toggle("c-on", place === here));
    all[here].scrollIntoView({ block: "nearest" });
    all[here].querySelector("th a, td a")?.focus({ preventScroll: true });
  };

  const act = (name) => {
    const onPage = document.querySelector(`#content [popovertarget^="${name}-"]:not([disabled])`);
    if (!rows().length) return onPage?.click();
    if (!document.querySelector("#result_list .action-select:checked")) rows()[here]?.querySelector(".action-select")?.click();
    document.querySelector(`.c-actions [name=action][value=${name}]`)?.click();
  };

  const DO = {
    j: () => move(1),
    k: () => move(-1),
    x: () => rows()[here]?.querySelector(".action-select")?.click(),
    r: () => act("retry"),
    a: () => act("archive"),
    e: () => document.querySelector('#content form[action*="/correction/"] button:not([disabled])')?.click(),
    "/": () => document.getElementById("searchbar")?.focus(),
    "?": () => document.getElementById("c-keys")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const isTaken = event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented ||
      event.target.closest(FIELDS) || document.querySelector("dialog[open], :popover-open") ||
      document.querySelector(".c-palette")?.checkVisibility();
    if (isTaken || !Object.hasOwn(DO, event.key)) return;
    event.preventDefault();
    DO[event.key]();
  });
})();
