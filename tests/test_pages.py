"""The built book, page by page, and the alt texts of the chapters without a build."""

import importlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag

from bookkit import audit, chapters, checks, library, page

PAGES = audit.page_names()
CHAPTERS = chapters.names()
DOWNLOADS = (".csv", ".json", ".bib", ".ipynb", ".svg", ".png")


@pytest.fixture(scope="session")
def findings(request: pytest.FixtureRequest) -> dict[tuple[str, str], list[str]]:
    """Faults of the pages that the selected checks ask about; no other page is opened."""
    if reason := audit.missing(audit.SITE):
        pytest.skip(reason)
    asked = [item for item in request.session.items if "findings" in getattr(item, "fixturenames", ())]
    found: dict[tuple[str, str], list[str]] = {}
    for finding in audit.audit(pages=list(dict.fromkeys(item.callspec.params["page"] for item in asked))):
        found.setdefault((finding.page, finding.kind), []).append(finding.text)
    return found


@cache  # each page is parsed once
def article(chapter: str) -> Tag:
    path = audit.SITE / chapters.path_of(chapter).with_suffix(".html")
    if not path.is_file():
        pytest.skip(f"{path} is not there; run 'make book'")
    found = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find("article")
    assert isinstance(found, Tag)
    return found


def library_page(module: str) -> Tag:
    path = audit.SITE / f"book/api/{module}.html"
    if not (audit.SITE / "index.html").is_file():
        pytest.skip(f"{audit.SITE} holds no site; run 'make book'")
    found = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find("article")
    assert isinstance(found, Tag)
    return found


@pytest.mark.page
@pytest.mark.parametrize("kind", audit.KINDS)
@pytest.mark.parametrize("page", PAGES)
def test_page_has_no_fault(findings: dict[tuple[str, str], list[str]], page: str, kind: str) -> None:
    faults = findings.get((page, kind), [])
    assert faults == [], "\n".join(faults)


@pytest.mark.page
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_has_a_numbered_figure(chapter: str) -> None:
    figure = article(chapter).find("figure")
    assert isinstance(figure, Tag)
    assert figure.select_one("img, svg[role=img]") is not None
    assert figure.select_one(".caption-number").text.startswith("Fig. ")
    assert figure.select_one(".caption-text").text.strip()


@pytest.mark.page
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_has_a_numbered_equation(chapter: str) -> None:
    assert article(chapter).select(".math .eqno")


@pytest.mark.page
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_has_a_check_table(chapter: str) -> None:
    heads = [{cell.text.strip() for cell in table.select("thead th")} for table in article(chapter).select("table")]
    assert {"quantity", "reference", "this book", "tolerance and its reason", "outcome"} in heads


@pytest.mark.page
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_badge_is_the_verdict_of_the_table(chapter: str) -> None:
    page = article(chapter)
    link = page.select_one(f'a.download[href$="{chapter}.json"]')
    assert link is not None
    record = json.loads((audit.SITE / chapters.path_of(chapter).parent / str(link["href"])).read_text(encoding="utf-8"))
    assert [badge.text for badge in page.select("span.verdict")] == list(checks.headline(record))
    assert record["calculation"] in checks.CALCULATION and record["talk"] in checks.OUTCOMES


@pytest.mark.page
@pytest.mark.parametrize("ending", DOWNLOADS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_download_is_there_and_not_empty(chapter: str, ending: str) -> None:
    links = [str(link["href"]) for link in article(chapter).select("a.download") if str(link["href"]).endswith(ending)]
    assert links
    for link in links:
        assert (audit.SITE / chapters.path_of(chapter).parent / link).stat().st_size > 0


@pytest.mark.page
@pytest.mark.parametrize(("module", "names"), library.modules().items())
def test_module_has_a_page_with_source_and_links(module: str, names: tuple[str, ...]) -> None:
    page = library_page(module)
    members = {name: getattr(importlib.import_module(f"darkhiggs.{module}"), name) for name in names}
    # a constant, and a second name of a function, have no source of their own
    for name in (name for name, member in members.items() if getattr(member, "__name__", "") == name):
        term = page.find(id=f"darkhiggs.{module}.{name}")
        assert isinstance(term, Tag), name
        source = term.select_one("a:has(.viewcode-link)")
        assert source is not None and str(source["href"]).endswith(
            f"_modules/darkhiggs/{module.replace('.', '/')}.html#{name}"
        ), name
        assert isinstance(term.parent, Tag) and term.parent.select_one(".highlight"), f"{name} shows no example"
    # a name in a docstring that is public in its own module is a link
    dead = {code.text for code in page.select("code.xref.py") if code.find_parent("a") is None}
    assert not dead & set(names)


@pytest.mark.page
def test_docstring_links_to_another_module_and_to_a_chapter() -> None:
    links = [str(link["href"]) for link in library_page("standard_model").select("a.reference.internal")]
    assert "form_factors.html#darkhiggs.form_factors.b_to_k" in links
    assert "../chapters/excess.html" in links


@pytest.mark.page
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_line_under_the_title_offers_the_chapter(chapter: str) -> None:
    (line,) = article(chapter).select("h1 + p + div.take")
    assert f"make chapter NAME={chapter}" in {code.text for code in line.select("code")}
    assert len(line.select("a.download")) == len(article(chapter).select("a.download"))
    address, source = page.repository(), chapters.path_of(chapter).as_posix()
    places = [str(link["href"]) for link in line.select("a.external")]
    assert [place.partition("?")[0] for place in places] == (
        [f"{address}/blob/HEAD/{source}", f"{address.replace('github.com', 'mybinder.org/v2/gh')}/HEAD"] if address else []
    )


# What a physicist would type, and the chapter that answers.
QUESTIONS = {
    "invisible Higgs": "higgs_invisible",
    "Hubble tension": "n_eff",
    "white dwarfs": "z_plane",
    "relic density resonance": "relic_resonance",
    "look-elsewhere": "belle2_one_particle",
    "global significance": "belle2_one_particle",
    "NA62": "two_body",
    "muon g-2 2025": "muon_g2",
    "world average": "excess",
    "Migdal": "direct_detection",
    "CMB annihilation": "cmb",
    "Borexino limit": "solar",
    "trident CCFR": "trident",
    "1 ab": "prospects",
    "B_s invisible": "belle2_dark_higgs",
}

# What a reader would type who knows the subject and not the book, and the chapter that comes first.
FIRST = {
    "Belle II excess": "excess",
    "muon g-2": "muon_g2",
    "Hubble tension": "n_eff",
    "neutrino trident": "trident",
    "white dwarfs": "z_plane",
    "solar neutrinos": "solar",
    "CMB annihilation": "cmb",
    "direct detection": "direct_detection",
    "axion-like particle": "rival_alp",
    "global significance": "belle2_one_particle",
    "world average": "excess",
}


@pytest.fixture(scope="session")
def answers() -> dict[str, list[str]]:
    if reason := audit.missing(audit.SITE):
        pytest.skip(reason)
    return audit.searched(audit.SITE, list(dict.fromkeys([*QUESTIONS, *FIRST])))


@pytest.mark.page
@pytest.mark.parametrize("question", QUESTIONS)
def test_search_finds_the_chapter_among_the_first_three(answers: dict[str, list[str]], question: str) -> None:
    assert f"book/chapters/{QUESTIONS[question]}" in answers[question]


@pytest.mark.page
@pytest.mark.parametrize("question", FIRST)
def test_search_finds_the_chapter_first(answers: dict[str, list[str]], question: str) -> None:
    assert answers[question][0] == f"book/chapters/{FIRST[question]}"


@pytest.mark.house
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_committed_figures_have_name_caption_and_alt_text(chapter: str) -> None:
    assert audit.figure_findings(nbformat.read(chapters.ROOT / chapters.path_of(chapter), as_version=4)) == []


@pytest.mark.house
@pytest.mark.parametrize("names", [["chapters/muon_g2"], ["cite", "chapters/two_body"]])
def test_only_selected_pages_are_opened(names: list[str], tmp_path: Path) -> None:
    """This file again, with an audit that only writes down what it is asked for."""
    asked = tmp_path / "asked.txt"
    plugin = f"""
from pathlib import Path
from bookkit import audit

audit.missing = lambda site=None: ""
audit.audit = lambda pages: Path({str(asked)!r}).write_text("\\n".join(pages)) and []
"""
    (tmp_path / "listening.py").write_text(plugin, encoding="utf-8")
    command = ["-m", "pytest", "-q", "-p", "listening", __file__, "-k", "page_has_no_fault and (" + " or ".join(names) + ")"]
    result = subprocess.run(
        [sys.executable, *command], cwd=chapters.ROOT, env=os.environ | {"PYTHONPATH": f"{tmp_path}:{chapters.ROOT / 'lib'}"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert sorted(asked.read_text(encoding="utf-8").split()) == sorted(f"book/{name}.html" for name in names)


# The audit itself -----------------------------------------------------------------------------------------------------

HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title></head><body><main><h1 id="top">A page</h1>'
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><rect width="20" height="20"/></svg>'
ALT = "A black square of twenty by twenty pixels, which stands for a curve against the mass on a logarithmic axis."
SOUND = (
    f'<figure><img src="square.svg" alt="{ALT}"><figcaption><span class="caption-number">Fig. 1 </span>'
    '<span class="caption-text">A square.</span></figcaption></figure><a href="#top">Up</a> <code>$x^2$ \\frac</code>'
    '<pre style="white-space: pre-wrap; overflow-wrap: anywhere">' + 200 * "x" + "</pre>"
)
CELL = "<td>cell</td>"
FAULTS = {
    "external": ('<script src="https://example.org/x.js"></script>', "https://example.org/x.js"),
    "network": ('<link rel="stylesheet" href="none.css">', "status 404: none.css"),
    "picture": (f'<img src="none.png" alt="{ALT}">', "none.png"),
    "figure": ('<figure><img src="square.svg" alt="square"><figcaption>Square</figcaption></figure>', "the alt text repeats"),
    "math": ("<p>The square $x^2$.</p>", "$x^2$"),
    "console": ("<script>console.error('ouch')</script>", "ouch"),
    "axe": ('<img src="square.svg">', "image-alt (critical)"),
    "overflow": ('<p style="width: 500px">wide</p>', "body"),
    "cut": ('<pre style="overflow: auto" tabindex="0">' + 200 * "x" + "</pre>", "px wide in"),
    "first": (f'<div style="height: 1800px">text</div>{SOUND}', "the figure begins at"),
    "long": ('<div style="height: 45000px">text</div>', "the page has 50 screens"),
    "link": ('<a href="none.html">nowhere</a>', "none.html is not there"),
}
MORE = {
    "formula with an error": (
        '<p><span data-mjx-error="Undefined control sequence">\\oops</span></p>',
        "math",
        "Undefined control",
    ),
    "command that is not known": (
        '<mjx-mtext style="color: red">\\\\rvertv</mjx-mtext>',
        "math",
        "a command that is not known",
    ),
    "name taken for a tag": ("<p>constant <sigma v>, 0.12</p>", "math", "text taken for a tag"),
    "outcome beside the screen": (
        '<div style="overflow-x: auto" tabindex="0"><table><tr><td style="min-width: 450px">cell</td><td>holds</td></tr></table></div>',
        "cut",
        "(400 px)",
    ),
    "formula that is too small": (
        '<div class="math" id="eq"><mjx-container style="font-size: 8px">x</mjx-container></div>',
        "cut",
        "a formula is shown at 42 %",
    ),
    "command without dollars": (r"<p>The width \Gamma.</p>", "math", r"\Gamma"),
    "uncaught error": ("<script>throw new Error('ouch')</script>", "console", "ouch"),
    "dark only": ("<style>@media (prefers-color-scheme: dark) {h1 {color: #eee}}</style>", "axe", "(dark, 1280 px)"),
    "one of many": (f"<table><tr>{40 * CELL}<td style='color: #ddd'>cell</td></tr></table>", "axe", "(light, 1280 px)"),
    "ground of one row": (
        f"<table><tr>{CELL}</tr><tr style='background: #444'>{40 * CELL}</tr></table>",
        "axe",
        "first tr:nth-child(2) > td:",
    ),
    "below one letter": ("<style>i {color: #ddd}</style><p><i>a</i></p><p><i>ab</i></p>", "axe", "color-contrast"),
    "no such place": ('<a href="index.html#none">nowhere</a>', "link", "index.html has no place #none"),
    "outside a figure": (f'<img src="square.svg" alt="{ALT}">', "figure", "outside a figure"),
    "no alt text of a picture in the page": ("<figure><svg role='img'></svg></figure>", "figure", "0 characters"),
    "no alt text": ('<figure><img src="square.svg"></figure>', "figure", "0 characters"),
}
SAMPLES = {kind: (text, kind, words) for kind, (text, words) in FAULTS.items()} | MORE


@pytest.fixture(scope="module")
def sample_findings(tmp_path_factory: pytest.TempPathFactory) -> list[audit.Finding]:
    if reason := audit.missing():
        pytest.skip(reason)
    site: Path = tmp_path_factory.mktemp("site")
    (site / "square.svg").write_text(PICTURE)
    pages = {"sound": SOUND} | {name.replace(" ", "_"): text for name, (text, _, _) in SAMPLES.items()}
    for name, text in (pages | {"index": SOUND}).items():
        (site / f"{name}.html").write_text(f"{HEAD}{text}</main></body></html>", encoding="utf-8")
    return audit.audit(site, [f"{name}.html" for name in pages])


@pytest.mark.house
def test_audit_finds_nothing_in_a_sound_page(sample_findings: list[audit.Finding]) -> None:
    assert [str(finding) for finding in sample_findings if finding.page == "sound.html"] == []


@pytest.mark.house
def test_every_kind_of_fault_has_a_sample() -> None:
    assert set(FAULTS) == set(audit.KINDS)


@pytest.mark.house
@pytest.mark.parametrize("name", SAMPLES)
def test_audit_finds_the_fault(sample_findings: list[audit.Finding], name: str) -> None:
    _, kind, words = SAMPLES[name]
    found = [finding for finding in sample_findings if finding.page == f"{name.replace(' ', '_')}.html"]
    assert any(finding.kind == kind and words in finding.text for finding in found), [str(finding) for finding in found]


def figure_cell(alt: str = ALT, **figure: str) -> nbformat.NotebookNode:
    output = nbformat.v4.new_output("display_data", {"text/plain": "<Figure size 640x440 with 1 Axes>"})
    settings = {"mystnb": {"figure": figure, "image": {"alt": alt}}} if figure else {}
    return nbformat.v4.new_code_cell("plt.show()", outputs=[output], metadata=settings)


@pytest.mark.house
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (figure_cell(), "no mystnb.figure"),
        (figure_cell(name="fig-x"), "no caption"),
        (figure_cell(caption="A square."), "no name"),
        (figure_cell("", name="fig-x", caption="A square."), "0 characters"),
        (figure_cell("a" * 79, name="fig-x", caption="A square."), "79 characters"),
        (figure_cell("a" * 401, name="fig-x", caption="A square."), "401 characters"),
        (figure_cell(name="fig-x", caption=ALT), "repeats the caption"),
    ],
)
def test_figure_without_its_texts_is_found(cell: nbformat.NotebookNode, words: str) -> None:
    (sentence,) = audit.figure_findings(nbformat.v4.new_notebook(cells=[cell]))
    assert words in sentence


@pytest.mark.house
def test_figure_with_its_texts_passes() -> None:
    assert audit.figure_findings(nbformat.v4.new_notebook(cells=[figure_cell(name="fig-x", caption="A square.")])) == []
