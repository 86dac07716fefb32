"""The pages of the library: one for each module, with all public names and the chapters that use them."""

import re

import pytest
from tests import fences

import darkhiggs
from bookkit import chapters, library
from bookkit.chapters import ROOT

pytestmark = pytest.mark.house
PAGES = library.pages()


def test_every_public_name_has_its_place() -> None:
    assert fences.page_faults((ROOT / "book/api.md").read_text(encoding="utf-8"), PAGES, darkhiggs) == []


def test_names_stand_in_the_order_of_the_source() -> None:
    source = (ROOT / "lib/darkhiggs/widths.py").read_text(encoding="utf-8")
    assert library.modules()["widths"] == tuple(re.findall(r"^def ([a-z]\w+)", source, re.M))


def test_module_with_a_fault_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str) -> None:
        raise SyntaxError("'(' was never closed")

    monkeypatch.setattr(library.importlib, "import_module", fails)
    with pytest.raises(ImportError, match=r"^module darkhiggs\.annihilation cannot be imported: '\(' was never closed"):
        library.modules()


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from darkhiggs import widths\nwidths.gamma_h1(x)", ["widths", "widths.gamma_h1"]),
        ("from darkhiggs import widths as w\nf = [w.gamma_h1 for _ in x]", ["widths", "widths.gamma_h1"]),
        ("from darkhiggs.widths import gamma_h1 as g\ng(x).real", ["widths.gamma_h1"]),
        ("import darkhiggs\ndarkhiggs.rivals.alp.width", ["rivals", "rivals.alp", "rivals.alp.width"]),
        ("import darkhiggs.rivals.alp as alp\nalp.width", ["rivals.alp", "rivals.alp.width"]),
        ("from darkhiggs.rivals import alp\nalp", ["rivals.alp"]),
        ("import numpy as np\nfrom bookkit import figures\nwidths = figures.widths\nwidths.gamma_h1", []),
    ],
)
def test_code_uses_what_it_reads(code: str, names: list[str]) -> None:
    assert sorted(name.removeprefix("darkhiggs.") for name in library.used(code)) == names


def test_page_names_the_chapters_in_the_order_of_the_book() -> None:
    """Against a search for the words `muon.delta_a_mu` in the notebooks."""
    using = [
        name
        for name in chapters.names()
        if any("muon.delta_a_mu(" in cell.source for cell in chapters.read(name).cells if cell.cell_type == "code")
    ]
    assert len(using) > 1
    _, _, text = PAGES["api/muon.rst"].partition(".. autofunction:: darkhiggs.muon.delta_a_mu\n")
    assert re.findall(r":doc:`/book/chapters/(\w+)`", text.partition(".. auto")[0]) == using


def test_chapter_of_one_rival_does_not_use_the_package_of_all() -> None:
    """`from darkhiggs.rivals import alp` reads no name of `darkhiggs.rivals` itself."""
    code = {
        name: "".join(cell.source for cell in chapters.read(name).cells if cell.cell_type == "code")
        for name in chapters.names()
    }
    mine = [name for name in code if re.search(r"\b(best_line|rivals\.summary|rivals\.KINDS)\b", code[name])]
    assert "rival_alp" not in mine and "darkhiggs.rivals import alp" in code["rival_alp"]
    head = PAGES["api/rivals.rst"].partition(".. currentmodule::")[0]
    assert re.findall(r":doc:`/book/chapters/(\w+)`", head) == mine
