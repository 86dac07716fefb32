"""Leads: every number of a chapter's first paragraph stands in a table of the chapter, that of a link in the linked one."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookkit import chapters, leads
from bookkit.tables import Table

pytestmark = pytest.mark.house

# Numbers of a lead that no table has, with the reason. One that is in a table by now has to go from here.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "windows_b": dict.fromkeys(("90", "450"), "window of the talk, in the check table of what the windows imply"),
}


@pytest.mark.parametrize("name", chapters.names())
def test_numbers_of_the_lead_stand_in_a_table(name: str) -> None:
    assert leads.missing(chapters.read(name)) == list(EXCEPTIONS.get(name, {}))


def test_findings_of_the_front_page_stand_in_the_chapters_they_link() -> None:
    found = leads.findings((chapters.ROOT / "book/intro.md").read_text(encoding="utf-8"))
    assert len(found) == 6 and all(".ipynb)" in finding for finding in found)
    assert [leads.unlinked(finding) for finding in found] == [[]] * 6
    assert leads.unlinked(found[0].replace("2.7", "2.2")) == ["2.2"]


def test_exceptions_have_chapters_and_reasons() -> None:
    assert EXCEPTIONS.keys() <= set(chapters.names())
    assert all(len(reason.split()) >= 4 for reasons in EXCEPTIONS.values() for reason in reasons.values())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"$(2.3\pm0.7)\times10^{-5}$", [2.3e-5, 0.7e-5]),
        (r"7.8 to $9.5\times10^{-6}$", [7.8, 9.5e-6]),
        (r"$g_X\approx5\times10^{-4}$, $10^{-10}$, 3·4", [5e-4, 1e-10, 3.0, 4.0]),
        (r"$|Q_\Phi|=0.29$, 94 %, 2.73–2.85 GeV, 1-3 MeV", [0.29, 94.0, 2.73, 2.85, 1.0, 3.0]),
        (r"$H_1$, $K^{*0}$, $^7$Be, $m_{H_{12}}$, $q^2$, g−2, A10, NA64, DarkSide-50, 95 %, in 2025", []),
        (r"$2m_X$, $4\pi$, $4/\pi$, $1/(4\pi)$, but $3.0\,m_X$", [3.0]),
        (r"[7 chapters](windows_7.ipynb), {cite:p}`Kim25`, `f(8)`, <!-- 9 -->", [7.0]),
    ],
)
def test_numbers_are_told_from_names_and_indices(text: str, found: list[float]) -> None:
    assert [said.value for said in leads.numbers(text)] == pytest.approx(found)


def chapter(lead: str, *rows: list[object]) -> nbformat.NotebookNode:
    """A chapter of a lead, a knob and a table."""
    table = Table("name; BR [1e-6] .2f; m [GeV] .3f; share [%] .1f", rows, caption="At a charge of 0.7.")
    output = new_output("display_data", table._repr_mimebundle_())
    knob = new_code_cell("q = 0.3  # 0 to 1: charge")
    knob.metadata["tags"] = ["parameters"]
    return new_notebook(
        cells=[new_markdown_cell(f"# 99\n\n<!-- verdict -->\n\n{lead}"), knob, new_code_cell("", outputs=[output])]
    )


@pytest.mark.parametrize(
    ("lead", "missing"),
    [
        (r"$8.3\times10^{-6}$ or 8.3 at 2.15 GeV, 2145 MeV, 12 % and 12.3", []),
        (r"a charge of 0.7, or 0.3; 12 to 13 % is a range", ["13"]),
        (r"$8.4\times10^{-6}$, $8.3\times10^{-5}$, 2.16 GeV, 13 %", [r"8.4\times10^{-6}", r"8.3\times10^{-5}", "2.16", "13"]),
        ("8.260 has a digit more than the table can show, 8.261 too", ["8.261"]),
        ("0.4, and 0.4 again", ["0.4"]),
    ],
)
def test_number_is_found_within_its_printed_digits(lead: str, missing: list[str]) -> None:
    assert leads.missing(chapter(lead, ["a line", 8.26, 2.145, 12.3])) == missing


def test_text_of_a_link_is_held_against_the_linked_chapter() -> None:
    number = f"{max(leads.shown(chapters.read('two_body'))):.6e}".replace("e+", "e")
    assert leads.missing(chapter(f"[It is {number}](two_body.ipynb).")) == []
    assert leads.missing(chapter(f"[It](two_body.ipynb) is {number}.")) == [number]
    assert leads.missing(chapter("[It is 8.26](two_body.ipynb#x).", ["a line", 1.0, 2.0, 3.0])) == []
    assert leads.missing(chapter("[It is 8.27123](two_body.ipynb).", ["a line", 8.27123, 2.0, 3.0])) == ["8.27123"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.0039", "0.0043"), ("8.3", "8.9"), ("7.5", "7.1"), ("2.85", "2.95"), ("0.74", "0.79"), ("3.7 σ", "4.4 σ")],
)
def test_stale_lead_fails(old: str, new: str) -> None:
    notebook = chapters.read("two_body")
    (cell, *_) = (cell for cell in notebook.cells if old in cell.source and cell.cell_type == "markdown")
    assert cell is notebook.cells[0] or cell.source.startswith(leads.SEE)
    cell.source = cell.source.replace(old, new)
    assert any(new.split()[0] in found for found in leads.missing(notebook))


def test_moved_table_fails() -> None:
    notebook = chapters.read("two_body")
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for record in output.get("data", {}).values():
                if isinstance(record, dict) and "columns" in record:
                    record["rows"] = [[re.sub(r"^8\.26$", "9.11", text) for text in row] for row in record["rows"]]
    assert leads.missing(notebook) == [r"8.3\times10^{-6}"]
