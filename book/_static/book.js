// Display formulas shrink until they fit their column, instead of hiding their end.
const fit = () => {
  for (const box of document.querySelectorAll("article div.math")) {
    const formula = box.querySelector("mjx-container[display]"), inner = formula?.querySelector("mjx-math");
    if (!inner) continue;
    formula.style.fontSize = "";
    const size = parseFloat(getComputedStyle(formula).fontSize), number = box.querySelector(".eqno");
    const room = box.clientWidth - 2 * (number ? number.getBoundingClientRect().width + 6 : 0);
    const width = inner.scrollWidth;
    if (width > room) formula.style.fontSize = `${Math.max(0.5, room / width) * size}px`;
  }
};
addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  fit();
  addEventListener("resize", fit);
});
// On paper the colours are those of the light theme.
const root = document.documentElement;
let theme;
addEventListener("beforeprint", () => { theme = root.dataset.theme; root.dataset.theme = "light"; });
addEventListener("afterprint", () => { root.dataset.theme = theme; });
