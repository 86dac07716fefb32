"""The part of the page kit that runs inside Sphinx: tables for a phone, sliders, words that explain themselves, search, links.

Named under ``extra_extensions`` in ``_config.yml``.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx import search

from . import play
from .figures import plain

__all__ = ["definitions", "readable", "setup", "weights", "with_labels", "with_titles"]

# Letters of a line that a window of 400 pixels holds; a table that is wider becomes a list of cards there.
_NARROW = 40
# A cell with more letters is folded.
_FOLDS = 18
_GLOSSARY = "book/background/glossary"
_TO_TERM = re.compile(r'(<a class="[^"]*" href="[^"#]*#(term-[^"]+)")>')
# A word of a heading counts as often more, one of the title again as often.
_HEADING, _TITLE = 3, 10
_FEED, _FREEZE = search.IndexBuilder.feed, search.IndexBuilder.freeze
_counts: dict[str, Counter[str]] = {}
_TABLE = re.compile(r"<table\b.*?</table>", re.S)
_SLIDERS = re.compile(r'<div class="play">.*?</script></div>\n?', re.S)


def readable(doctree: nodes.document) -> nodes.document:
    """Return a page as the search reads it: formulas of the text in letters; no code, equations and list of downloads.

    Parameters
    ----------
    doctree : document
        The page; it is not changed.
    """
    page = doctree.deepcopy()
    for node in list(page.findall(nodes.Element)):
        listed = isinstance(node, nodes.container) and "take" in node["classes"]
        if listed or isinstance(node, (nodes.literal_block, nodes.doctest_block, nodes.math_block)):
            node.parent.remove(node)
        elif isinstance(node, nodes.math):
            node.parent.replace(node, nodes.Text(plain(f"${node.astext()}$")))
    return page


def weights(counts: Mapping[int, Mapping[str, int]]) -> dict[str, dict[int, int]]:
    """Return how much each word says about each page, by the formula BM25, in tenths.

    Parameters
    ----------
    counts : mapping of int to mapping of str to int
        How often each word stands on each page.

    Returns
    -------
    dict of str to dict of int to int
        Large for a word that stands often on a page and on few pages.

    Examples
    --------
    >>> from bookkit import extension
    >>> extension.weights({0: {"kaon": 9, "mass": 1}, 1: {"kaon": 1, "mass": 1}, 2: {"mass": 3}})
    {'kaon': {0: 9, 1: 7}, 'mass': {0: 1, 1: 2, 2: 3}}
    """
    pages = Counter(word for words in counts.values() for word in words)
    mean = sum(sum(words.values()) for words in counts.values()) / max(len(counts), 1)
    found: dict[str, dict[int, int]] = {}
    for number, words in counts.items():
        often = 1.6 * (0.25 + 0.75 * sum(words.values()) / mean)
        for word, count in words.items():
            rare = math.log(1.0 + (len(counts) - pages[word] + 0.5) / (pages[word] + 0.5))
            found.setdefault(word, {})[number] = round(10.0 * rare * 2.6 * count / (count + often))
    return found


def _feed(self: Any, docname: str, filename: str, title: str, doctree: nodes.document) -> None:
    page = readable(doctree)
    _FEED(self, docname, filename, title, page)
    if docname.startswith("book/chapters/"):
        store = self._word_collector(page)
        title_words = [word for text, _ in store.titles[:1] for word in self.lang.split(text)]
        words = [*store.words, *_HEADING * store.title_words, *_TITLE * title_words]
        _counts[docname] = Counter(self.lang.stem(word).lower() for word in words)


def _freeze(self: Any) -> dict[str, Any]:
    frozen: dict[str, Any] = _FREEZE(self)
    numbers = {name: number for number, name in enumerate(frozen["docnames"])}
    return frozen | {"weights": weights({numbers[name]: words for name, words in sorted(_counts.items())})}


def _wide(soup: BeautifulSoup) -> bool:
    """Whether a table is wider than a phone: by the longest cell of each column and the longest word of its heading."""
    widths: dict[int, int] = {}
    for row in soup.find_all("tr"):
        for number, cell in enumerate(row.find_all(["td", "th"], recursive=False)):
            text = plain(re.sub(r"\\[()]", "$", cell.get_text(" ", strip=True)))
            longest = max(map(len, text.split()), default=0)
            width = longest if cell.find_parent("thead") else max(longest, min(len(text), _FOLDS))
            widths[number] = max(widths.get(number, 0), width)
    return sum(widths.values()) + 2 * len(widths) > _NARROW


def with_labels(table: str) -> str:
    """Make the first cell of each row its heading, and give every cell that of its column where a phone is too narrow.

    Parameters
    ----------
    table : str
        A table in HTML, with one row of headings.

    Returns
    -------
    str
        The same; unchanged if it has no heading.
    """
    soup = BeautifulSoup(table, "html.parser")
    heads, box = soup.select("thead th"), soup.table
    if box is None or not heads:
        return table
    for cell in soup.select("tbody tr > :first-child"):
        cell.name, cell["scope"] = "th", "row"
    if not _wide(soup):
        return str(soup)
    box["class"] = " ".join([*map(str, box.get_attribute_list("class")), "cards"]).strip()
    for row in soup.select("tbody tr"):
        for cell, head in zip(row.find_all(["td", "th"], recursive=False), heads, strict=False):
            value = soup.new_tag("div", attrs={"class": "value"})
            value.extend(list(cell.contents))
            label = soup.new_tag("div", attrs={"class": "label"})
            label.append(BeautifulSoup(head.decode_contents(), "html.parser"))
            cell.extend([label, value])
    return str(soup)


def definitions(glossary: nodes.document) -> dict[str, str]:
    """Read the definitions of a glossary in plain letters.

    Parameters
    ----------
    glossary : docutils.nodes.document
        The page.

    Returns
    -------
    dict of str to str
        Text by the id of its term.
    """
    found = {}
    for item in glossary.findall(nodes.definition_list_item):
        text = "".join(
            f"${leaf}$" if isinstance(leaf.parent, nodes.math) else leaf
            for definition in item.findall(nodes.definition)
            for leaf in definition.findall(nodes.Text)
        )
        found.update({name: plain(text) for term in item.findall(nodes.term) for name in term["ids"]})
    return found


def with_titles(body: str, texts: Mapping[str, str]) -> str:
    """Give each link to the glossary the definition as its title, which a browser shows where the mouse rests.

    Parameters
    ----------
    body : str
        A page in HTML.
    texts : mapping of str to str
        Text by the id of its term.

    Returns
    -------
    str
        The same with titles; a link to another term is left alone.

    Examples
    --------
    >>> from bookkit import extension
    >>> extension.with_titles('<a class="x" href="g.html#term-pull">pull</a>', {"term-pull": "A fitted value."})
    '<a class="x" href="g.html#term-pull" title="A fitted value.">pull</a>'
    """
    return _TO_TERM.sub(lambda link: f'{link[1]} title="{escape(texts[link[2]])}">' if link[2] in texts else link[0], body)


@cache  # one page asks for all
def _explained(environment: Any) -> dict[str, str]:
    return definitions(environment.get_doctree(_GLOSSARY)) if _GLOSSARY in environment.all_docs else {}


def _titles(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if doctree is not None:
        context["body"] = with_titles(context["body"], _explained(app.env))


def _tables(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if doctree is not None and not page.startswith("book/api"):
        context["body"] = _TABLE.sub(lambda match: with_labels(match[0]), context["body"])


def _of_library(app: Any, env: Any, node: Any, text: Any) -> Any:
    """Find what a docstring calls by its module, `form_factors.b_to_k`, or a module itself."""
    if node.get("refdomain") != "py":
        return None
    target = f"darkhiggs.{node['reftarget']}"
    return env.get_domain("py").resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, text)


def _playable(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the picture of a figure with sliders into the page, where its parts can move, and the sliders below it."""
    sliders = _SLIDERS.search(context.get("body", ""))
    if sliders is None:
        return
    sources = {name: Path(app.srcdir) / source for source, name in app.builder.images.items()}

    def picture(match: re.Match[str]) -> str:
        image = BeautifulSoup(match[2], "html.parser").img
        assert image is not None
        svg = sources[Path(str(image["src"])).name].read_text(encoding="utf-8")
        return match[1] + play.inline(svg, str(image["alt"])) + sliders[0]

    body = _SLIDERS.sub("", context["body"], count=1)
    context["body"] = re.sub(r"(<figure\b[^>]*>\s*)(<img\b[^>]*>)", picture, body, count=1)


def _ranked(app: Any, config: Any) -> None:
    config.html_search_scorer = str(files("bookkit") / "search.js")


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    search.IndexBuilder.feed, search.IndexBuilder.freeze = _feed, _freeze  # type: ignore[method-assign]
    app.connect("config-inited", _ranked)
    app.connect("html-page-context", _tables)
    app.connect("html-page-context", _titles)
    app.connect("missing-reference", _of_library)
    app.connect("html-page-context", _playable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
