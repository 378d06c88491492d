/* The progress of a run is asked for every two seconds; when the run is over, the page is read again. */
(() => {
  "use strict";

  const SECONDS = 2;

  document.addEventListener("DOMContentLoaded", () => {
    const part = document.querySelector("#progress[data-address]");
    if (!part) return;
    const ask = async () => {
      try {
        const answer = await fetch(part.dataset.address, { headers: { Accept: "text/html" } });
        if (answer.ok) part.innerHTML = await answer.text();
        if (answer.ok && !part.querySelector("[data-running='1']")) return window.location.reload();
      } catch {
        /* the next time may work */
      }
      return setTimeout(ask, SECONDS * 1000);
    };
    setTimeout(ask, SECONDS * 1000);
  });
})();
