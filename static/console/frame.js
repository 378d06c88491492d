/* The state of the theme's parts, given to Alpine by name: its CSP build evaluates no script and knows no globals. */
(() => {
  "use strict";

  const palette = () => {
    const searching = window.searchCommand();
    return {
      ...searching,
      choose() {
        if (this.currentIndex) this.selectItem(false);
      },
      found(event) {
        this.handleContentLoaded(event);
        this.currentIndex = this.totalItems ? 1 : 0;
      },
      mark() {
        this.items?.forEach((item, place) => item.classList.toggle("c-here", place + 1 === this.currentIndex));
      },
    };
  };

  document.addEventListener("alpine:init", () => {
    const { Alpine, location, searchForm, theme } = window;
    Alpine.data("theme", theme);
    Alpine.data("searchForm", searchForm);
    Alpine.data("palette", palette);
    Alpine.data("frame", () => ({
      activeTab: "general",
      sidebarMobileOpen: false,
      sidebarDesktopOpen: Alpine.$persist(true).as("sidebarDesktopOpen"),
      window: { location: { pathname: location.pathname, search: location.search } }, /* the theme's forms name it */
    }));
  });
})();
