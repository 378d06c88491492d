/* Before the first words are painted: light or dark, and what Alpine will hide once it has come (console.css). */
(() => {
  "use strict";

  const kept = (name) => {
    try {
      return JSON.parse(localStorage.getItem(`_x_${name}`)); /* as Alpine's persist keeps it */
    } catch {
      return null;
    }
  };

  const page = document.documentElement;
  const theme = kept("adminTheme") ?? "auto";
  const isDark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  if (isDark) page.classList.add("dark");
  page.dataset.starting = kept("sidebarDesktopOpen") === false ? "narrow" : "wide";
  document.addEventListener("alpine:initialized", () => delete page.dataset.starting);
})();
