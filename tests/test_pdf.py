"""The book on paper: a chapter as its reader prints it, and a few pages joined as `make pdf` joins all."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from bookkit import audit, pdf

NAMES = ("book/intro.html", "book/chapters/excess.html", "book/chapters/two_body.html", "book/references.html")
CHAPTERS = ("two_body", "cmb", "belle2_refit")
SECTIONS = ["What to see", "What the talk states", "Results", "Checks", "What moves it"]


@pytest.fixture(scope="module")
def book() -> PdfReader:
    if reason := audit.missing(audit.SITE):
        pytest.skip(reason)
    file = io.BytesIO()
    pdf.bind(audit.SITE, NAMES).write(file)
    return PdfReader(file)


def links(book: PdfReader) -> list[tuple[int, Any]]:
    """Each link: number of its page, and what is in it."""
    return [(number, link.get_object()) for number, page in enumerate(book.pages) for link in page.annotations or ()]


def target(book: PdfReader, link: Any) -> tuple[int, float]:
    """Number of the page that an inner link leads to, and the height on it."""
    page, kind, _, top, _ = link["/Dest"]
    assert kind == "/XYZ"
    return next(number for number, here in enumerate(book.pages) if here == page.get_object()), float(top)


def titles(book: PdfReader, entries: list[Any], depth: int = 0) -> list[tuple[int, str, int]]:
    """Outline as depth, title and number of the page."""
    found = []
    for entry in entries:
        if isinstance(entry, list):
            found += titles(book, entry, depth + 1)
        else:
            found.append((depth, str(entry.title), book.get_destination_page_number(entry)))
    return found


def text(book: PdfReader, number: int) -> str:
    return " ".join(book.pages[number].extract_text().split())


@pytest.mark.page
def test_pages_are_numbered_through(book: PdfReader) -> None:
    assert len(book.pages) > 10 and {tuple(page.mediabox[2:]) for page in book.pages} == {tuple(book.pages[0].mediabox[2:])}
    for number in range(len(book.pages)):
        assert text(book, number).endswith(f" {number + 1}"), number


@pytest.mark.page
def test_links_lead_to_pages_of_the_book_or_to_the_web(book: PdfReader) -> None:
    addresses = [str(link["/A"]["/URI"]) for _, link in links(book) if "/A" in link]
    assert addresses and all(address.startswith("https://") for address in addresses)
    goals = [target(book, link) for _, link in links(book) if "/Dest" in link]
    assert len(goals) > 100 and len(goals) + len(addresses) == len(links(book))
    assert all(0.0 <= top <= book.pages[number].mediabox.top for number, top in goals)


@pytest.mark.page
def test_contents_lead_to_the_pages_that_they_name(book: PdfReader) -> None:
    named = ("B → K + invisible and a light dark Higgs", "The excess", "Two-body decay", "References")
    goals = [target(book, link)[0] for number, link in links(book) if number == 0]
    assert goals[0] == 1 and goals == sorted(goals)
    for number, title in zip(goals, named, strict=True):
        assert text(book, number).startswith(title)
        assert f"{title} {number + 1} " in text(book, 0)


@pytest.mark.page
def test_citations_lead_to_the_lines_of_their_papers(book: PdfReader) -> None:
    """Places that the page of the references names by no link of its own."""
    first = next(number for _, title, number in titles(book, book.outline) if title == "References")
    goals = {target(book, link) for number, link in links(book) if number < first and "/Dest" in link}
    assert len({goal for goal in goals if goal[0] >= first}) > 10


@pytest.mark.page
def test_outline_has_parts_chapters_and_sections(book: PdfReader) -> None:
    found = titles(book, book.outline)
    parts = ["Contents", "B → K + invisible and a light dark Higgs", "B → K + invisible", "Using the book"]
    assert [title for depth, title, _ in found if depth == 0] == parts
    named = {title: (place, depth) for place, (depth, title, _) in enumerate(found)}
    assert [named[title][1] for title in ("The excess", "Two-body decay", "References")] == [1, 1, 1]
    chapter = found[named["Two-body decay"][0] + 1 : named["Using the book"][0]]
    assert [title for depth, title, _ in chapter if title in SECTIONS] == SECTIONS and {depth for depth, *_ in chapter} == {2}
    numbers = [number for _, _, number in found]
    assert numbers == sorted(numbers) and numbers[0] == 0 and numbers[-1] < len(book.pages)


@pytest.mark.page
def test_book_has_title_and_language(book: PdfReader) -> None:
    assert book.metadata and book.metadata.title == "B → K + invisible and a light dark Higgs"
    assert book.root_object["/Lang"] == "en"


@pytest.mark.house
def test_tables_to_look_things_up_in_are_left_out() -> None:
    assert "book/chapters/two_body.html" in pdf.pages() and not [
        name for name in pdf.pages() if "api" in name or "inputs" in name
    ]


# --- one chapter


@pytest.fixture(scope="module")
def sheets() -> dict[tuple[str, str], PdfReader]:
    """Chapters printed from a reader's browser, by name and theme: folded as they are, in a window of a desktop."""
    if reason := audit.missing(audit.SITE):
        pytest.skip(reason)
    found: dict[tuple[str, str], PdfReader] = {}

    async def visit(page: Any, base: str, name: str) -> None:
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.goto(f"{base}{name}")
            await page.evaluate("window.MathJax?.startup?.promise.then(() => document.fonts.ready)")
            assert await page.evaluate("document.documentElement.dataset.theme") == scheme
            sheet = await page.pdf(format="A4", print_background=True)
            found[Path(name).stem, scheme] = PdfReader(io.BytesIO(sheet))

    asyncio.run(audit.each_page(audit.SITE, [f"book/chapters/{name}.html" for name in CHAPTERS], visit))
    return found


@pytest.mark.page
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_prints_on_about_four_pages(sheets: dict[tuple[str, str], PdfReader], chapter: str) -> None:
    assert len(sheets[chapter, "light"].pages) in (3, 4, 5)


@pytest.mark.page
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_sheet_has_text_and_no_screen(sheets: dict[tuple[str, str], PdfReader], chapter: str) -> None:
    words = " ".join(page.extract_text() for page in sheets[chapter, "light"].pages)
    assert all(title in words for title in ("What to see", "Checks", "Known differences"))
    assert not [word for word in ("Search this book", "Contents", "Downloads:", "Show the other") if word in words]


@pytest.mark.page
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_dark_theme_prints_as_the_light_one(sheets: dict[tuple[str, str], PdfReader], chapter: str) -> None:
    light, dark = ([page.get_contents().get_data() for page in sheets[chapter, scheme].pages] for scheme in ("light", "dark"))  # type: ignore[union-attr]
    assert light == dark


# --- what stops it


@pytest.mark.house
@pytest.mark.parametrize("lost", ["book", "page", "browser"])
def test_missing_part_is_named_in_one_sentence(lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(audit, "SITE", tmp_path / "html")
    monkeypatch.setattr(pdf, "PDF", tmp_path / "book.pdf")
    which = {"browser": None}.get(lost, "/usr/bin/chromium")
    monkeypatch.setattr(audit.shutil, "which", lambda _: which)
    for name in () if lost == "book" else ("index.html", *pdf.pages()[1:]):
        path = tmp_path / "html" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<title>A page</title>")
    assert pdf.main([]) == 1
    assert capsys.readouterr() == ("", {
        "book": f"error: {tmp_path}/html holds no site; run 'make book'\n",
        "page": "error: the built book has no book/intro.html; run 'make book'\n",
        "browser": "error: no chromium on the PATH (apt-get install -y --no-install-recommends chromium)\n",
    }[lost])  # fmt: skip
    assert not (tmp_path / "book.pdf").exists()
