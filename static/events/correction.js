"use strict";
// What is typed is checked by the server, as it will be when it is sent: beside each field stands what is wrong.
(() => {
    const PAUSE_MS = 350;
    const form = document.querySelector("form[data-check]");
    if (!form) return;
    let timer, asked = 0;

    const show = (answer) => {
        for (const line of form.querySelectorAll("[data-field]")) {
            const problem = answer.problems[line.dataset.field] || "";
            line.querySelector("[data-problem]").textContent = problem;
            line.classList.toggle("c-wrong", Boolean(problem));
            line.querySelector(".c-input")?.setAttribute("aria-invalid", String(Boolean(problem)));
            const understood = line.querySelector("[data-understood]");
            if (understood) understood.textContent = answer.understood[line.dataset.field] || "";
        }
        form.querySelector("[data-others]").replaceChildren(...answer.others.map((sentence) => {
            return Object.assign(document.createElement("p"), { className: "c-error-text", textContent: sentence });
        }));
    };
    const check = async () => {
        const mine = ++asked;
        try {
            const answer = await fetch(form.dataset.check, { method: "POST", body: new FormData(form) });
            if (answer.ok && mine === asked) show(await answer.json());
        } catch {
            // without an answer nothing is said: the server checks again when the form is sent
        }
    };
    form.addEventListener("input", () => {
        clearTimeout(timer);
        timer = setTimeout(check, PAUSE_MS);
    });
    form.querySelector("[aria-invalid=true]")?.focus();
})();
