/* Keeps a page fresh without a reload: asks for the same page again and takes over the marked parts.

   `data-live` with an id marks a part. The sidebar's numbers and the words of moments ("há 2 min") are taken over on
   every page. In a list with rows only what their cells say changes; when other rows came, a line offers to show them.
   Nothing moves under the hand: a part that is being used in some way is left as it is, focus and scroll too. What
   the page itself opened (`data-opened`) is not being used. What answers a form (`data-posted`) cannot be asked for again. */
(() => {
  "use strict";

  if ("posted" in document.documentElement.dataset) return;
  const EVERY = 10000;
  const SOON = 2000; /* while something on the page has `data-moving`: its end is near */
  const STALE = "Sem resposta do hub: o que está na tela pode ser antigo.";
  const CHANGED = "A lista mudou.";
  const SHOW = "Mostrar como está agora";
  let asking = null;
  let asked = Date.now();

  const isInUse = (part) => {
    const selection = window.getSelection();
    if (part.querySelector("input[name=chosen]:checked")) return true;
    return (part.contains(document.activeElement) && document.activeElement !== document.body) ||
      part.querySelector("details[open]:not([data-opened]), :popover-open, dialog[open]") !== null ||
      (!selection.isCollapsed && part.contains(selection.anchorNode));
  };

  const replace = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML && part.className === fresh.className) return;
    part.className = fresh.className;
    part.innerHTML = fresh.innerHTML;
    part.dispatchEvent(new CustomEvent("live", { bubbles: true }));
  };

  const refreshParts = (page) => {
    for (const part of document.querySelectorAll("[data-live][id]")) {
      const fresh = page.getElementById(part.id);
      if (isInUse(part)) continue;
      if (fresh) replace(part, fresh);
      else part.replaceChildren();
    }
    const before = [...document.querySelectorAll("[data-live][id]")].map((part) => part.id);
    for (const fresh of page.querySelectorAll("[data-live][id]")) {
      if (before.includes(fresh.id)) continue;
      const list = fresh.parentElement.matches("ul[id]") && document.getElementById(fresh.parentElement.id);
      if (list) {
        list.append(fresh); /* at the end: what is being read keeps its place */
        continue;
      }
      const next = [...page.querySelectorAll("[data-live][id]")].map((part) => part.id);
      const neighbour = document.getElementById(next[next.indexOf(fresh.id) - 1]);
      if (neighbour) neighbour.after(fresh);
    }
  };

  const refreshSidebar = (page) => {
    const fresh = new Map([...page.querySelectorAll("#nav-sidebar-apps a")].map((link) => [link.getAttribute("href"), link]));
    for (const link of document.querySelectorAll("#nav-sidebar-apps a")) {
      const other = fresh.get(link.getAttribute("href"));
      if (other && other.innerHTML !== link.innerHTML) link.innerHTML = other.innerHTML;
    }
  };

  const refreshMoments = (page) => {
    const moments = new Map([...page.querySelectorAll("time[datetime]")].map((time) => [time.dateTime, time]));
    for (const time of document.querySelectorAll("time[datetime]")) {
      const fresh = moments.get(time.dateTime);
      if (!fresh) continue;
      if (fresh.textContent !== time.textContent) time.textContent = fresh.textContent;
      if (fresh.title !== time.title) time.title = fresh.title;
    }
  };

  const rowsOf = (page) => [...page.querySelectorAll("#result_list tbody tr")];
  const keyOf = (row) => row.querySelector(".action-select")?.value || row.querySelector("a[href]")?.getAttribute("href") || "";

  const refreshList = (page) => {
    const list = document.getElementById("result_list");
    if (!list || isInUse(list)) return;
    const [here, there] = [rowsOf(document), rowsOf(page)];
    const isSame = here.length === there.length && here.every((row, place) => keyOf(row) === keyOf(there[place]));
    if (isSame) {
      here.forEach((row, place) => [...row.children].forEach((cell, column) => {
        const fresh = there[place].children[column];
        if (fresh && !cell.querySelector(".action-select") && cell.innerHTML !== fresh.innerHTML) cell.innerHTML = fresh.innerHTML;
      }));
    }
    offer(!isSame);
  };

  const offer = (isNeeded) => {
    const shown = document.getElementById("c-changed");
    if (!isNeeded) return shown?.remove();
    if (shown) return;
    const line = document.createElement("p");
    line.id = "c-changed";
    line.className = "c-note";
    line.setAttribute("role", "status");
    const link = Object.assign(document.createElement("a"), { href: window.location.href, textContent: SHOW });
    line.append(`${CHANGED} `, link);
    document.querySelector(".c-intro")?.append(line);
  };

  const stale = (isStale) => {
    const shown = document.getElementById("c-stale");
    if (!isStale) return shown?.remove();
    if (shown) return;
    const line = Object.assign(document.createElement("p"), { id: "c-stale", textContent: STALE });
    line.setAttribute("role", "alert");
    document.body.append(line);
  };

  const refresh = async () => {
    if (document.hidden || asking) return;
    const mine = asking = new AbortController();
    asked = Date.now();
    try {
      const answer = await fetch(window.location.href, { headers: { Accept: "text/html" }, signal: asking.signal });
      if (answer.redirected && new URL(answer.url).pathname !== window.location.pathname) return window.location.reload();
      if (answer.status === 404) return clearInterval(timer);
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      refreshParts(page);
      refreshList(page);
      refreshSidebar(page);
      refreshMoments(page);
      stale(false);
    } catch (error) {
      if (error.name !== "AbortError") stale(true);
    } finally {
      if (asking === mine) asking = null;
    }
  };

  const stop = () => asking?.abort(); /* the answer to what was sent now must not meet an older page */
  const isDue = () => Date.now() - asked >= (document.querySelector("[data-moving]") ? SOON : EVERY) - SOON / 2;
  const timer = setInterval(() => isDue() && refresh(), SOON);
  document.addEventListener("submit", stop);
  document.addEventListener("refresh", async ({ detail: then }) => { /* something just changed that all parts tell of */
    stop();
    asking = null;
    await refresh();
    then();
  });
  window.addEventListener("pagehide", stop);
  document.addEventListener("visibilitychange", refresh);
})();
