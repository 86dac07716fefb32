// What the audit does in a page, as functions of window.book; audit.py calls them.

window.book = {
  // Waits until formulas and pictures stand, opens what is folded, and holds animations still.
  settle: async () => {
    await window.MathJax?.startup?.promise;
    const still = document.createElement("style");
    still.textContent = "*, *::before, *::after {transition: none !important; animation: none !important}";
    document.head.append(still);
    document.querySelectorAll("details").forEach(details => { details.open = true; });
    await document.fonts.ready;
    await Promise.all([...document.images].map(image => { image.loading = "eager"; return image.decode().catch(() => 0); }));
  },

  probe: () => {
    const found = {picture: [], math: [], figures: [], links: []};
    for (const image of document.images)
      if (!image.complete || image.naturalWidth === 0) found.picture.push(image.getAttribute("src") ?? "(no src)");
    const raw = /\$[^$]+\$|\\[()[\]]|\\[A-Za-z]{2,}|[\^_]\{|\{[a-z]+(:[a-z]+)*\}`/;
    const skip = "code, pre, script, style, template, noscript, textarea, mjx-container";
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
      if (raw.test(texts.currentNode.data) && !texts.currentNode.parentElement.closest(skip))
        found.math.push(texts.currentNode.data.trim().slice(0, 100));
    for (const element of document.querySelectorAll("title, [title], [alt], [aria-label]"))
      for (const text of [element.localName === "title" ? element.textContent : "", ...["title", "alt", "aria-label"].map(
          name => element.getAttribute(name) ?? "")])
        if (raw.test(text) && !element.closest("mjx-container")) found.math.push(`${element.localName}: ${text.slice(0, 100)}`);
    for (const error of document.querySelectorAll("mjx-merror, merror, [data-mjx-error]"))
      found.math.push(`formula with an error: ${error.getAttribute("data-mjx-error") ?? error.textContent.slice(0, 100)}`);
    for (const word of document.querySelectorAll("mjx-mtext"))
      if (getComputedStyle(word).color === "rgb(255, 0, 0)") found.math.push(`formula with a command that is not known: ${word.outerHTML.slice(0, 100)}`);
    for (const element of (document.querySelector("article") ?? document.body).querySelectorAll("*"))
      if (element instanceof HTMLUnknownElement) found.math.push(`text taken for a tag: ${element.outerHTML.slice(0, 60)}`);
    const root = document.querySelector("article") ?? document.body;
    // a figure with sliders has its picture in the page
    const picture = figure => figure.querySelector("img, svg[role=img]") ?? figure;
    for (const image of root.querySelectorAll("figure, img:not(figure img, .toggler)"))
      found.figures.push({
        inside: image.localName === "figure",
        source: picture(image).getAttribute("src") ?? "figure with sliders",
        alt: picture(image).getAttribute("alt") ?? picture(image).getAttribute("aria-label") ?? "",
        number: image.querySelector(".caption-number")?.textContent ?? "",
        caption: (image.querySelector(".caption-text") ?? image.querySelector("figcaption"))?.textContent ?? "",
      });
    found.links = [...new Set([...document.querySelectorAll("a[href]")].map(anchor => anchor.href))];
    return found;
  },

  // Contrast takes axe milliseconds an element. Text of one style on grounds of one style is of one kind; the longest three
  // of each are marked for axe, as it passes over a text of one character or partly out of sight.
  mark: () => {
    const numbers = new Map(), chains = new Map([[null, 0]]), kinds = new Map();
    const number = text => numbers.get(text) ?? numbers.set(text, numbers.size + 1).get(text);
    const ground = (element, pseudo) => {
      const style = getComputedStyle(element, pseudo);
      if (pseudo && style.content === "none") return "";
      return [style.backgroundColor, style.backgroundImage, style.opacity, style.filter, style.mixBlendMode, style.position,
        style.transform, style.clipPath].join();
    };
    const chain = element => {
      if (!chains.has(element)) {
        const own = [ground(element), ground(element, "::before"), ground(element, "::after")].join("|");
        chains.set(element, number(`${chain(element.parentElement)}|${own}`));
      }
      return chains.get(element);
    };
    document.querySelectorAll("[data-contrast]").forEach(element => element.removeAttribute("data-contrast"));
    for (const element of document.body.querySelectorAll("*")) {
      const text = [...element.childNodes].map(node => node.nodeType === Node.TEXT_NODE ? node.data.trim() : "").join("");
      if (!(text || element.localName === "input") || !element.checkVisibility({visibilityProperty: true})) continue;
      const style = getComputedStyle(element);
      const kind = [chain(element), style.color, style.fontSize, style.fontWeight, style.textShadow,
        element.matches(":disabled, :disabled *")].join("|");
      kinds.set(kind, [...(kinds.get(kind) ?? []), [text.length, element]]);
    }
    for (const found of kinds.values())
      for (const [, element] of found.sort(([a], [b]) => b - a).slice(0, 3)) element.dataset.contrast = "";
    return kinds.size;
  },

  // Some thousand spans take axe seconds even so: formulas, and spans of a kind that is marked elsewhere, become plain text.
  thin: () => {
    document.querySelectorAll("mjx-container").forEach(formula => formula.replaceChildren("x"));
    for (const span of [...document.querySelectorAll("article span[class]:not([id], [data-contrast])")].reverse())
      if (!span.childElementCount) span.replaceWith(span.textContent);
  },

  // preload would fetch the style sheets once more, from wrong places
  axe: async ([context, options, allowed]) => {
    const {violations} = await axe.run(context, {resultTypes: ["violations"], preload: false, ...options});
    const element = node => document.querySelector(node.target[0]);
    const theirs = (id, node) => allowed.some(([rule, selector]) => rule === id && element(node)?.matches(selector));
    const found = {};
    for (const {id, nodes} of violations)
      for (const node of nodes.filter(node => ["serious", "critical"].includes(node.impact) && !theirs(id, node))) {
        const reason = node.failureSummary.split("\n").slice(1).map(line => line.trim()).join("; ");
        (found[`${id} (${node.impact}): ${reason}`] ??= []).push(node.target.join(" ").replaceAll('[data-contrast=""]', ""));
      }
    return Object.entries(found).map(([fault, places]) => `${fault}: ${places.length} x, first ${places[0]}`);
  },

  // Top of the first figure, 0 on a page without.
  figure: () => {
    const figure = document.querySelector("article figure, body > main figure");
    return figure ? figure.getBoundingClientRect().top + scrollY : 0;
  },

  height: () => (document.querySelector("article") ?? document.body).getBoundingClientRect().height,

  // What hides its end, and formulas below six tenths of their size. On a phone code is folded, so that it is not cut there.
  cut: () => {
    const found = [], article = document.querySelector("article") ?? document.body;
    dispatchEvent(new Event("resize"));
    for (const box of article.querySelectorAll("*"))
      if (box.scrollWidth > box.clientWidth + 2 && ["auto", "scroll"].includes(getComputedStyle(box).overflowX) && box.checkVisibility())
        found.push(`${box.localName}.${box.className} is ${box.scrollWidth} px wide in ${box.clientWidth} px: ${box.textContent.trim().slice(0, 50)}`);
    for (const formula of article.querySelectorAll("div.math mjx-container")) {
      const share = parseFloat(formula.style.fontSize) / (1.195 * parseFloat(getComputedStyle(formula.parentElement).fontSize));
      if (share < 0.6) found.push(`a formula is shown at ${Math.round(100 * share)} % of its size: ${formula.closest("div.math").id}`);
    }
    return found;
  },

  // The article and all that holds it must not scroll sideways; a table or a formula inside it may.
  overflow: () => {
    const width = document.documentElement.clientWidth, wide = [];
    for (let box = document.querySelector("article") ?? document.body; box; box = box.parentElement)
      if (box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).display !== "inline") wide.push(box);
    if (!wide.length) return "";
    const scrolls = element => element !== null && element !== wide[0] &&
      (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
    const culprit = [...wide[0].querySelectorAll("*")].find(
      element => element.getBoundingClientRect().right > width + 1 && !scrolls(element.parentElement)) ?? wide[0];
    return `${wide[0].localName}.${wide[0].className} is ${wide[0].scrollWidth} px wide in a window of ${width} px, because of ` +
      culprit.outerHTML.slice(0, 100);
  },
};
