"use strict";
// The QR code is renewed every 15 s, three times, then only by a click; the result is seen without a reload.
(() => {
    const RENEW_MS = 15000;
    const MOST_CODES = 3;
    const LOOK_MS = 3000;
    const page = document.getElementById("reconnect");
    if (!page) return;
    const part = (name) => page.querySelector(`[data-${name}]`);
    const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
    let renewal;

    const ask = async (address, fields = {}) => {
        const answer = await fetch(address, {
            method: "POST",
            headers: { "X-CSRFToken": token },
            body: new URLSearchParams(fields),
        });
        return answer.json();
    };
    const tell = (problem) => {
        part("problem").textContent = problem || "";
        part("problem").hidden = !problem;
    };
    const arrived = () => {
        clearTimeout(renewal);
        part("qr-image").hidden = true;
        part("connected").hidden = false;
    };
    const showQr = async (shown) => {
        if (shown >= MOST_CODES) {
            part("qr-image").hidden = true;
            part("qr-over").hidden = false;
            return;
        }
        const answer = await ask(page.dataset.qr).catch(() => ({ problem: " " }));
        tell(answer.problem);
        if (answer.connected) return arrived();
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
        tell(answer.problem);
        part("phone-code").textContent = answer.value || "";
        if (answer.connected) arrived();
    });
    setInterval(async () => {
        if (document.hidden || !part("connected").hidden) return;
        const answer = await fetch(`${page.dataset.state}?check=1`).catch(() => null);
        if (answer?.ok && (await answer.json()).connected) arrived();
    }, LOOK_MS);
    for (const button of document.querySelectorAll("[data-sure]")) {
        button.addEventListener("click", (event) => {
            if (!window.confirm(button.dataset.sure)) event.preventDefault();
        });
    }
})();
