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
    const arrived = () => {
        clearTimeout(renewal);
        tell("");
        part("steps").hidden = true;
        part("connected").hidden = false;
        const health = document.querySelector("[data-health]");
        health.textContent = page.dataset.connectedWord;
        health.className = "c-badge c-success";
    };
    const isHere = () => !part("connected").hidden;
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
    part("show-qr").addEventListener("click", () => {
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
    for (const button of document.querySelectorAll("[data-sure]")) {
        button.addEventListener("click", (event) => {
            if (!window.confirm(button.dataset.sure)) event.preventDefault();
        });
    }
})();
