// Ranks the results of the search: chapters by how much the words of the query say about them, those of the rivals second,
// before pages of the library and of the inputs. Read by Sphinx at the build; extension.py writes the weights of the words.
const weight = page => {
  const number = Search._index.docnames.indexOf(page);
  const words = Search._parseQuery(new URLSearchParams(location.search).get("q"))[1];
  return [...words].reduce((sum, word) => sum + (Search._index.weights[word]?.[number] ?? 0), 0);
};
var Scorer = {
  score: ([page, title, anchor, description, score]) => {
    if (page.startsWith("book/chapters/rival_")) return score + 39 + weight(page);
    if (page.startsWith("book/chapters/")) return score + 40 + weight(page);
    if (/^book\/(api|inputs|status)|^genindex$/.test(page) || description) return score - 20;
    return score;
  },
  objNameMatch: 11, objPartialMatch: 6, objPrio: {0: 15, 1: 5, 2: -5}, objPrioDefault: 0,
  title: 15, partialTitle: 7, term: 5, partialTerm: 2,
};
// The text below a result has no code, no formulas in TeX, no list of downloads and no headings of table cells.
const textOf = Search.htmlToText;
Search.htmlToText = (source, anchor) => {
  const page = new DOMParser().parseFromString(source, "text/html");
  page.querySelectorAll("pre, .math, .take, .label, .prev-next-footer").forEach(element => element.remove());
  return textOf(page.documentElement.outerHTML, anchor);
};
