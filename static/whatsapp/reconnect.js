"use strict";
// The QR code is renewed every 15 s, three times, then only by a click; the result is seen without a reload.
(() => {
    const RENEW_MS = 15000;
    const MOST_CODES = 3;
    const LOOK_MS = 3000;
    const LONGEST_LOOK_MS = 15000;
    const page = document.getElementById("reconnect");
    if (!page) return;
    const part = (name) => page.querySelector(`[data-${name}]`);
    const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
    let renewal, asked = 0;

    const ask = async (address, fields = {}) => {
        try {
            const answer = await fetch(address, {
                method: "POST",
                headers: { "X-CSRFToken": token },
                body: new URLSearchParams(fields),
            });
            return await answer.json();
        } catch {
            return { problem: page.dataset.noAnswer };
        }
    };
    const tell = (problem) => {
        part("problem").textContent = problem || "";
        part("problem").hidden = !problem;
    };
    // All parts of the page change together, with what one answer of the hub says of them.
    const arrived = () => {
        clearTimeout(renewal);
        document.dispatchEvent(new CustomEvent("refresh", { detail: show }));
    };
    const show = () => {
        clearTimeout(renewal);
        tell("");
        part("steps").hidden = true;
        part("connected").hidden = false;
        document.getElementById("waiting")?.remove();
    };
    const isHere = () => !part("connected").hidden;
    document.addEventListener("live", () => document.querySelector("[data-health=up]") && show());
    const showQr = async (shown) => {
        if (isHere()) return;
        if (shown >= MOST_CODES) {
            part("qr-image").hidden = true;
            part("qr-over").hidden = false;
            return;
        }
        const mine = ++asked;
        const answer = await ask(page.dataset.qr);
        if (mine !== asked) return; // another click asked for a code of its own meanwhile
        if (answer.connected) return arrived();
        tell(answer.problem);
        if (answer.value) {
            part("qr-image").src = answer.value;
            part("qr-image").hidden = false;
        }
        renewal = setTimeout(() => showQr(shown + 1), RENEW_MS);
    };
    document.getElementById("show-qr").addEventListener("click", ({ target }) => {
        if (!target.closest("[data-show-qr]")) return;
        clearTimeout(renewal);
        part("qr-over").hidden = true;
        showQr(0);
    });
    part("show-code").addEventListener("click", async () => {
        const answer = await ask(page.dataset.code, { phone: part("phone").value });
        if (answer.connected) return arrived();
        tell(answer.problem);
        part("phone-code").textContent = answer.value || "";
    });
    // The next look begins when this one has ended: answers that take longer than the interval would pile up.
    const look = async () => {
        if (isHere()) return;
        if (!document.hidden) {
            const limit = { signal: AbortSignal.timeout(LONGEST_LOOK_MS) };
            const answer = await fetch(`${page.dataset.state}?check=1`, limit).then((it) => it.json()).catch(() => null);
            if (answer?.connected) return arrived();
        }
        setTimeout(look, LOOK_MS);
    };
    setTimeout(look, LOOK_MS);
    document.getElementById("restore").addEventListener("submit", ({ submitter }) => {
        submitter.disabled = true; // Z-API may take its time with an answer
        submitter.textContent = submitter.dataset.doing;
    });
    // The button of a list says how many were chosen.
    for (const list of document.querySelectorAll("[data-choice]")) {
        const boxes = () => [...list.querySelectorAll("[name=chosen]")];
        const count = () => {
            const chosen = boxes().filter((box) => box.checked).length;
            for (const part of list.querySelectorAll("[data-chosen]")) part.textContent = chosen;
            const open = list.querySelector("[data-open]");
            if (open) open.disabled = !chosen; // none is left when nothing waits any more
        };
        list.addEventListener("change", ({ target }) => {
            if ("all" in target.dataset) for (const box of boxes()) box.checked = target.checked;
            count();
        });
        const begin = () => list.querySelector("[data-open][data-barred]") || count();
        list.addEventListener("live", begin);
        begin();
    }
})();
