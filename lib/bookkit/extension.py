"""The part of the page kit that runs inside Sphinx: tables that a phone can show, and a search that finds chapters.

Named under ``extra_extensions`` in ``_config.yml``.
"""

import re
from importlib.resources import files
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx import search

from .figures import plain

__all__ = ["setup", "with_labels"]

# Letters of a line that a window of 400 pixels holds; a table that is wider becomes a list of cards there.
_NARROW = 40
# A cell with more letters is folded.
_FOLDS = 18
_TABLE = re.compile(r"<table\b.*?</table>", re.S)


class _Words(search.WordCollector):
    """Words for the index of the search: code, formulas and the line of downloads are left out."""

    def dispatch_visit(self, node: nodes.Node) -> None:
        """Pass over what no reader types into a search box."""
        line = isinstance(node, nodes.container) and "take" in node["classes"]
        if line or isinstance(node, (nodes.literal_block, nodes.math, nodes.math_block)):
            raise nodes.SkipNode
        super().dispatch_visit(node)


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


def _tables(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    if doctree is not None and page != "book/api":
        context["body"] = _TABLE.sub(lambda match: with_labels(match[0]), context["body"])


def _ranked(app: Any, config: Any) -> None:
    config.html_search_scorer = str(files("bookkit") / "search.js")


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    search.WordCollector = _Words  # type: ignore[misc]
    app.connect("config-inited", _ranked)
    app.connect("html-page-context", _tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
