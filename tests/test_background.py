"""The pages for a student: their code runs, their numbers are computed, and every symbol has its entry in the glossary."""

import doctest
import math
import re
from xml.etree import ElementTree

import pytest
import yaml

from bookkit import chapters, figures, leads, page
from bookkit.chapters import ROOT
from darkhiggs import inputs, model, rivals

pytestmark = pytest.mark.house

FOLDER = ROOT / "book/background"
BOXES = ("model", "freeze_out", "neutrinos", "checks")
FENCE = re.compile(r"^```pycon\n(.*?)^```$", re.M | re.S)
# a number in code or in what it prints
PLAIN = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")
EXERCISES = "exercises"
# letters that the box of a fold holds
WIDTH = 72
TERM = re.compile(r"\{term\}`(?:[^`<]*<([^`>]+)>|([^`]+))`")


def source(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def sections(name: str) -> dict[str, str]:
    """A box as it is, the exercises one by one."""
    text = source(name)
    if name != EXERCISES:
        return {name: text}
    return {part.partition("\n")[0]: part for part in re.split(r"^### ", text, flags=re.M)[1:]}


SECTIONS = {title: text for name in (*BOXES, EXERCISES) for title, text in sections(name).items()}


def report(session: str) -> str:
    """What the code of a page gives and its text does not say."""
    test = doctest.DocTestParser().get_doctest(session, {}, "page", None, 0)
    assert any(example.want for example in test.examples), "the code prints nothing"
    told: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    return "".join(told)


def unsaid(section: str) -> list[str]:
    """Numbers of the prose that stand neither in the code nor in its output."""
    known = [float(found) for session in FENCE.findall(section) for found in PLAIN.findall(session)]
    prose = re.sub(r"^:\w+:.*$", "", FENCE.sub("", section), flags=re.M)
    return [said.text for said in leads.numbers(prose) if not any(map(said.meets, known))]


@pytest.mark.parametrize("title", SECTIONS)
def test_code_gives_what_the_page_says(title: str) -> None:
    (session,) = FENCE.findall(SECTIONS[title])
    assert report(session) == ""
    assert max(map(len, session.splitlines())) <= WIDTH


@pytest.mark.parametrize("title", SECTIONS)
def test_numbers_of_the_prose_are_computed(title: str) -> None:
    assert unsaid(SECTIONS[title]) == []


@pytest.mark.parametrize(("old", "new"), [("temperature of 48", "49"), (r"8.7\times10^{-26}", r"8.8\times10^{-26}")])
def test_wrong_number_is_found(old: str, new: str) -> None:
    text = SECTIONS["freeze_out"]
    assert old in text and unsaid(text.replace(old, new)) == [new]


def test_wrong_output_is_found() -> None:
    (session,) = FENCE.findall(SECTIONS["freeze_out"])
    assert "Expected:\n    x_f 22" in report(session.replace("x_f 21", "x_f 22"))


@pytest.mark.parametrize("name", BOXES)
def test_box_is_half_a_page_and_linked_from_a_chapter(name: str) -> None:
    prose = re.sub(r"````\{dropdown\}.*?^````|```\{math\}.*?^```|^:\w+:.*$", "", source(name), flags=re.M | re.S)
    assert len(prose.split()) <= 350
    link = f"](../background/{name}.md)"
    cells = (cell.source for chapter in chapters.names() for cell in chapters.read(chapter).cells)
    assert link in page.HOW or any(link in cell for cell in cells)


def test_every_part_has_two_or_three_exercises_with_solutions() -> None:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [part["caption"] for part in contents["parts"] if "book/chapters/" in part["chapters"][0]["file"]]
    found = re.split(r"^## ", source(EXERCISES), flags=re.M)[1:]
    assert [part.partition("\n")[0] for part in found] == parts
    assert {len(re.findall(r"^### ", part, re.M)) for part in found} <= {2, 3}
    assert all(text.count("````{dropdown} Solution\n") == 1 for text in sections(EXERCISES).values())


# --- the glossary


def terms(text: str) -> list[str]:
    """Terms of the glossary, as `{term}` calls them."""
    lists = re.findall(r"^```\{glossary\}\n(.*?)^```$", text, re.M | re.S)
    lines = (line for entries in lists for line in entries.splitlines() if line and not line.startswith(" "))
    return [re.sub(r"\{\w+\}`([^`]*)`|\*", lambda found: found[1] or "", line) for line in lines]


def unexplained(text: str) -> list[str]:
    """Parameters of the chapters, and names of the table of symbols, that the glossary does not have."""
    there = set(re.findall(r"(?<!\})`(\w+)`", text))
    knobs = (knob for name in chapters.names() for knob in chapters.knobs(chapters.parameters_source(chapters.read(name))))
    table = (ROOT / "book/conventions.md").read_text(encoding="utf-8").partition("## Symbols")[2].partition("\n## ")[0]
    symbols = [name for row in re.findall(r"^\|.*\| (`[^|]+) \|$", table, re.M) for name in re.findall(r"(\w+)\W*`", row)]
    assert len(symbols) > 20
    return sorted({*knobs, *symbols} - there)


def test_every_symbol_is_in_the_glossary() -> None:
    text = source("glossary")
    assert unexplained(text) == []
    assert unexplained(text.replace("`q_phi_small`", "it").replace("`delta_a_mu`", "it")) == ["delta_a_mu", "q_phi_small"]


def test_term_is_explained_once_and_briefly() -> None:
    text, found = source("glossary"), terms(source("glossary"))
    assert len(found) > 80 and len(set(found)) == len(found)
    definitions = re.findall(r"^  (.+(?:\n  .+)*)$", text, re.M)
    assert max(len(definition.split()) for definition in definitions) <= 60


def test_terms_of_the_chapters_exist() -> None:
    cells = [cell.source for name in chapters.names() for cell in chapters.read(name).cells if cell.cell_type == "markdown"]
    used = {(long or short).strip() for cell in cells for long, short in TERM.findall(cell)}
    assert used and used <= set(terms(source("glossary")))


# --- the drawing


def test_drawing_shows_the_masses_of_the_book_in_the_style_of_its_figures() -> None:
    text = (ROOT / "book/_static/model.svg").read_text(encoding="utf-8")
    drawing = ElementTree.fromstring(text)
    best, _, _ = rivals.best_line()
    masses = {"mu": inputs.value("m_mu"), "B": inputs.value("m_B+"), "H2": inputs.value("m_h"), "H1": best}
    masses["Zp"] = float(model.benchmark("A").m_zp)
    for name, mass in masses.items():
        (mark,) = drawing.findall(f".//*[@id='{name}']")
        assert float(re.match(r"M([\d.]+)", mark.attrib["d"])[1]) == pytest.approx(30 + 100 * math.log10(mass / 5e-3), abs=0.5)
        shown = f"{1e3 * mass:.3g} MeV" if mass < 1 else f"{mass:.3g} GeV"
        assert f">{shown}<" in text
    assert set(re.findall(r"#\w{6}", text)) <= {*figures.PALETTE.values(), "#ffffff"}
    assert "href" not in text and "<style" not in text
    # on a phone the drawing is 368 pixels wide, and letters have 9 points or 12 pixels
    sizes = [float(size) for size in re.findall(r'font-size="(\d+)"', text)]
    assert min(sizes) * 368 / float(drawing.attrib["width"]) >= 12
