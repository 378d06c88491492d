/* Draws the charts from the numbers in the page, again whenever they were refreshed. */
(() => {
  "use strict";

  const TONES = {
    light: { good: "#4AA99A", bad: "#c9362c", watch: "#a15c00", quiet: "#C6D1D4", before: "#35464D", grid: "#DFE6E8", text: "#47585F" },
    dark: { good: "#5BBFAD", bad: "#ff8a80", watch: "#f5c6aa", quiet: "#5F7077", before: "#C6D1D4", grid: "#35464D", text: "#C6D1D4" },
  };
  const LINES = {
    light: ["#1C6359", "#b3261e", "#1d5f8a", "#a15c00", "#6b4fa0", "#2f7d32", "#8c4a6b"],
    dark: ["#8DD4C7", "#ffb4ab", "#9fd0f0", "#f5c6aa", "#cdbcf0", "#a5d6a7", "#f0b8d2"],
  };
  const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [3, 6], [1, 4]];
  const drawn = new Map();

  const mode = () => (document.documentElement.classList.contains("dark") ? "dark" : "light");

  const dataset = (series, place) => {
    const colour = TONES[mode()][series.tone] || LINES[mode()][place % LINES.light.length];
    const isBar = series.shape === "bar";
    return {
      type: isBar ? "bar" : "line",
      label: series.label,
      data: series.numbers,
      backgroundColor: colour,
      borderColor: colour,
      borderWidth: isBar ? 0 : 2,
      borderDash: isBar ? [] : series.tone ? (series.tone === "before" ? [5, 4] : []) : DASHES[place % DASHES.length],
      pointRadius: isBar ? 0 : 2,
      spanGaps: true,
      stack: isBar ? "now" : `line-${place}`,
      order: isBar ? 1 : 0,
    };
  };

  const options = (chart) => {
    const { grid, text } = TONES[mode()];
    const axis = { grid: { color: grid }, ticks: { color: text, maxRotation: 0, autoSkipPadding: 12 } };
    return {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { ...axis, stacked: true, grid: { display: false } },
        y: { ...axis, stacked: true, beginAtZero: true, max: chart.most || undefined, ticks: { ...axis.ticks, callback: (value) => `${value.toLocaleString("pt-BR")} ${chart.unit}`.trim() } },
      },
      plugins: { legend: { position: "bottom", labels: { color: text, boxWidth: 14, usePointStyle: true } } },
    };
  };

  const draw = (canvas) => {
    const source = document.getElementById(canvas.dataset.chart);
    const chart = JSON.parse(source.textContent);
    drawn.get(canvas.dataset.chart)?.destroy();
    const data = { labels: chart.labels, datasets: chart.series.map(dataset) };
    drawn.set(canvas.dataset.chart, new Chart(canvas, { data, options: options(chart) }));
  };

  const drawAll = () => document.querySelectorAll("canvas[data-chart]").forEach(draw);

  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["class"] });
    document.addEventListener("live", drawAll);
    document.querySelectorAll(".m-print").forEach((button) => button.addEventListener("click", () => window.print()));
  });
})();
