"""The book as one PDF: Chromium prints the built pages one by one, and pypdf joins them.

``python -m bookkit.pdf`` writes ``_build/book.pdf``.
"""

import asyncio
import html
import io
import posixpath
import re
import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import Destination, Fit, NameObject, TextStringObject

from . import audit, chapters, lock, run
from .chapters import ROOT

__all__ = ["PDF", "bind", "main", "pages", "print_pages"]

PDF = ROOT / "_build/book.pdf"
# Pages to look things up in, on a screen; on paper they would be a third of the book.
_LEFT_OUT = ("book/api", "book/inputs")
_SERVED = re.compile(r"http://127\.0\.0\.1:\d+/([^#?]*)(?:#(.*))?")
# A sheet of A4 without its margins, in pixels of the style sheet.
_PAPER = {"width": 680, "height": 1009}

# Links to what is not printed become text. Chromium names a place only if a link of the same page leads there.
_PREPARE = """([printed, places]) => {
  const page = link => link.href.split("#")[0].slice(location.origin.length + 1);
  for (const link of document.querySelectorAll("a[href]"))
    if (link.origin === location.origin && !printed.includes(page(link))) link.removeAttribute("href");
  for (const place of places) document.body.append(Object.assign(document.createElement("a"), {href: `#${place}`}));
}"""
_SHEET = "<!doctype html><html lang='en'><style>@page {{ size: A4; margin: {} }} {}</style><body>{}</body></html>"
_CONTENTS = """
body { font: 9.5pt/1.25 sans-serif; } h1 { font-size: 22pt; line-height: 1.2; margin: 0 0 4mm; } p { margin: 0 0 4mm; }
h2 { font-size: 9.5pt; margin: 1.5mm 0 0; break-after: avoid; } a { color: inherit; text-decoration: none; }
div { display: flex; justify-content: space-between; padding-left: 5mm; }"""
_NUMBERS = """
body { margin: 0; font: 8pt sans-serif; }
div { height: 296mm; break-after: page; display: flex; align-items: end; justify-content: center; }
div:last-child { break-after: auto; } span { margin-bottom: 7mm; }"""


def pages() -> tuple[str, ...]:
    """List the pages of the PDF, as paths below the site: all of the table of contents but those to look things up in."""
    return tuple(f"{name}.html" for name in chapters.pages() if not name.startswith(_LEFT_OUT))


def _places(site: Path, names: Sequence[str]) -> dict[str, set[str]]:
    """Places on each page to which another page links."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for name in names:
        for path, place in re.findall(r'href="([^"#:]+)#([^"]+)"', (site / name).read_text(encoding="utf-8")):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(path)))
            if target in found:
                found[target].add(html.unescape(place))
    return found


def print_pages(site: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Print pages of a built site on A4.

    Parameters
    ----------
    site : Path
        Folder of the site.
    names : sequence of str
        Paths below it.

    Returns
    -------
    dict of str to bytes
        A PDF a page, in the order of the names.
    """
    places, found = _places(site, names), dict.fromkeys(names, b"")

    async def visit(page: Any, base: str, name: str) -> None:
        await page.emulate_media(media="print", color_scheme="light")
        # formulas are made to fit the width of the window
        await page.set_viewport_size(_PAPER)
        await audit.open_page(page, f"{base}{name}")
        await page.evaluate(_PREPARE, [list(names), sorted(places[name])])
        found[name] = await page.pdf(format="A4", tagged=True, outline=True, print_background=True)

    asyncio.run(audit.each_page(site, names, visit))
    return found


def _print_sheet(site: Path, margin: str, style: str, body: str) -> bytes:
    """Print a page that is not on the site but links to it."""
    found: list[bytes] = []

    async def visit(page: Any, base: str, name: str) -> None:
        await page.set_content(_SHEET.format(margin, style, body.replace("href='", f"href='{base}")))
        found.append(await page.pdf(format="A4"))

    asyncio.run(audit.each_page(site, ["index.html"], visit))
    return found[0]


def _title(site: Path, name: str) -> str:
    """Title of a built page, in letters."""
    found = re.search(r"<title>(.*?)( &#8212; [^<]*)?</title>", (site / name).read_text(encoding="utf-8"))
    return html.unescape(found[1]) if found else name


def _parts(names: Sequence[str]) -> dict[str, list[str]]:
    """Pages by the part of the book that they are in; the part of the first is ``""``."""
    content = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {"": [content["root"]]} | {part["caption"]: [x["file"] for x in part["chapters"]] for part in content["parts"]}
    found = {caption: [f"{file}.html" for file in files if f"{file}.html" in names] for caption, files in listed.items()}
    return {caption: part for caption, part in found.items() if part}


def _contents(site: Path, parts: Mapping[str, Sequence[str]], first: Mapping[str, int]) -> bytes:
    """Print the page that lists the others with their numbers."""
    about = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    title, *words = (html.escape(about[key]) for key in ("title", "author", "copyright"))
    lines = [f"<h1>{title}</h1><p>{'. '.join(words)}.</p>"]
    for caption, names in parts.items():
        lines += [f"<h2>{html.escape(caption)}</h2>"] if caption else []
        for name in names:
            lines.append(
                f"<div><a href='{name}'>{html.escape(_title(site, name))}</a><span>{first.get(name, 0) + 1}</span></div>"
            )
    return _print_sheet(site, "18mm 20mm", _CONTENTS, "".join(lines))


def _outline(writer: PdfWriter, reader: PdfReader, first: int, entries: Sequence[Any], parent: Any) -> None:
    """Add the headings of a page to the outline."""
    item = parent
    for entry in entries:
        if isinstance(entry, list):
            _outline(writer, reader, first, entry, item)
        else:
            number, fit = _spot(reader, first, entry)
            item = writer.add_outline_item(title=str(entry.title), page_number=number, fit=fit, parent=parent)


def _spot(reader: PdfReader, first: int, target: Destination) -> tuple[int, Fit]:
    """Return the number of a page in the book, and a place on it."""
    number = reader.get_destination_page_number(target)
    return first + (number or 0), Fit.xyz(target.left, target.top)


def bind(site: Path, names: Sequence[str]) -> PdfWriter:
    """Print pages and join them: with contents, page numbers and an outline, and with links that lead to their place.

    Parameters
    ----------
    site : Path
        Folder of the site.
    names : sequence of str
        Paths below it, in the order of the table of contents.

    Returns
    -------
    PdfWriter
        The book.
    """
    parts, first = _parts(names), dict[str, int]()
    readers = {"": PdfReader(io.BytesIO(_contents(site, parts, first)))}
    readers |= {name: PdfReader(io.BytesIO(sheet)) for name, sheet in print_pages(site, names).items()}
    first = dict(zip(readers, accumulate((len(reader.pages) for reader in readers.values()), initial=0), strict=False))
    # as many pages as before, now with the numbers
    readers[""] = PdfReader(io.BytesIO(_contents(site, parts, first)))
    there: dict[tuple[str, str], tuple[int, Fit]] = {}
    for name, reader in readers.items():
        for place, target in reader.named_destinations.items():
            there[name, unquote(place.removeprefix("/"))] = _spot(reader, first[name], target)
        there[name, ""] = (first[name], Fit.xyz(0, reader.pages[0].mediabox.top))

    writer, count = PdfWriter(), sum(len(reader.pages) for reader in readers.values())
    numbers = "".join(f"<div><span>{number + 1}</span></div>" for number in range(count))
    stamps = PdfReader(io.BytesIO(_print_sheet(site, "0", _NUMBERS, numbers))).pages
    for reader in readers.values():
        for source in reader.pages:
            page = writer.add_page(source, excluded_keys=["/Annots", "/StructParents"])
            page.merge_page(stamps[len(writer.pages) - 1])
            page.compress_content_streams()
    for name, reader in readers.items():
        for number, source in enumerate(reader.pages, first[name]):
            for annotation in source.annotations or ():
                link = annotation.get_object()
                address = str(link["/A"]["/URI"]) if "/A" in link else ""
                served = _SERVED.fullmatch(address)
                if address and not served:
                    writer.add_annotation(number, Link(rect=link["/Rect"], url=address))
                    continue
                goal = (
                    (served[1], unquote(served[2] or "")) if served else (name, unquote(str(link["/Dest"]).removeprefix("/")))
                )
                to, fit = there.get(goal, there[goal[0], ""])
                writer.add_annotation(number, Link(rect=link["/Rect"], target_page_index=to, fit=fit))

    writer.add_outline_item(title="Contents", page_number=0)
    for caption, part in parts.items():
        above = writer.add_outline_item(title=caption, page_number=first[part[0]], bold=True) if caption else None
        for name in part:
            _outline(writer, readers[name], first[name], readers[name].outline, above)
    writer.add_metadata({"/Title": _title(site, names[0])})
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    writer.page_mode = "/UseOutlines"
    writer.compress_identical_objects()
    return writer


def main(argv: Sequence[str]) -> int:
    """Run the command line."""
    lost = [name for name in pages() if not (audit.SITE / name).is_file()]
    reason = audit.missing(audit.SITE) or (f"the built book has no {lost[0]}; run 'make book'" if lost else "")
    if reason:
        run.say(f"error: {reason}", sys.stderr)
        return 1
    run.say(f"printing {len(pages())} pages of the book")
    writer = bind(audit.SITE, pages())
    temporary = PDF.with_suffix(".tmp")
    writer.write(temporary)
    temporary.replace(PDF)
    run.say(f"the book as PDF, {len(writer.pages)} pages, {PDF.stat().st_size / 1e6:.1f} MB: {PDF}")
    return 0


if __name__ == "__main__":
    sys.exit(lock.start(main))
