"""The page of a chapter: the order of its rooms, tables for a phone, the words of the search, and figures that can be read."""

import itertools
import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bookkit import chapters, checks, extension, figures, page
from bookkit.checks import Check, CheckTable, Tolerance
from bookkit.tables import Table
from darkhiggs.errors import ParameterError

pytestmark = pytest.mark.house
matplotlib.use("agg")


def record(*kinds: str) -> dict[str, object]:
    """Record of a check table with one row of each kind, or of a row that differs, ``published!``."""
    table = CheckTable("x", reason="nothing is compared")
    for number, kind in enumerate(kinds):
        value = 2.0 if kind.endswith("!") else 1.0
        told = ("S1",) if kind.startswith(("talk", "source")) else ()
        row = Check(
            f"{kind}-{number}", "q", kind.rstrip("!"), 1.0, value, Tolerance(0.1, why="w", effect=1.0), "somewhere", told
        )
        table.add(row)
    return table.record()


def executed() -> nbformat.NotebookNode:
    """A chapter in running order, as the runner leaves it."""
    table = new_output("display_data", Table("a", [["1"]], caption="Results.")._repr_mimebundle_())
    digest = new_output("display_data", {figures.DIGEST: "", "text/plain": "curves"})
    picture = new_output("display_data", {"image/svg+xml": "<svg/>", "text/plain": "<Figure>"})
    rows = CheckTable("two_body", reason="none")
    rows.add(Check("k", "q", "identity", 1.0, 1.0, Tolerance(0.1, why="w", effect=1.0), "s"))
    cells = [
        new_markdown_cell("# T\n\n<!-- verdict -->\n\nAn answer.\n\n<!-- why: a reason -->"),
        new_markdown_cell("## What the talk states\n\nText."),
        new_code_cell("m = 2.0  # GeV, 1 to 3: mass", metadata={"tags": ["parameters"]}),
        new_code_cell("import numpy"),
        new_code_cell("Table()", outputs=[table]),
        new_code_cell("draw()", outputs=[digest, picture], metadata={"mystnb": {"figure": {"name": "fig:x"}}}),
        new_markdown_cell("## What to see\n\nA line."),
        new_markdown_cell("## Checks"),
        new_code_cell("table", outputs=[new_output("execute_result", rows._repr_mimebundle_(), execution_count=1)]),
        new_markdown_cell("## Known differences\n\nNone."),
    ]
    return new_notebook(cells=cells)


def test_page_has_the_figure_below_the_answer_and_the_code_at_its_end() -> None:
    before = executed()
    shown = page.arrange(before, "two_body", record("identity"), ":::{container} take\nCurves.\n:::")
    heads = [cell.source.splitlines()[0] for cell in shown.cells if cell.cell_type == "markdown"]
    wanted = [
        "# T",
        "## What to see",
        "## What the talk states",
        "## Results",
        "## Checks",
        "## Known differences",
        "## The code",
    ]
    *heads, command, after = heads
    assert heads == wanted and after.startswith("**Next**: ")
    assert command == "This command, in the folder of the book, runs the chapter again with a value of yours:"
    assert f"## Checks\n\n{page.HOW}" in [cell.source for cell in shown.cells]
    answer, figure = shown.cells[0], shown.cells[1]
    assert "An answer." in answer.source and "<!--" not in answer.source and "verdict-agrees" in answer.source
    assert [list(output.data) for output in figure.outputs] == [["image/svg+xml", "text/plain"]]
    assert figure.metadata == {"tags": ["remove-input"], "mystnb": {"figure": {"name": "fig:x"}}}
    # all code but the parameters is folded, in running order
    (knobs,) = (cell for cell in shown.cells if cell.cell_type == "code" and not cell.metadata.get("tags"))
    (rest,) = (cell for cell in shown.cells if "hide-input" in cell.metadata.get("tags", []))
    assert knobs.source == before.cells[2].source and not knobs.outputs
    assert rest.source.split() == ["import", "numpy", "Table()", "draw()", "table"] and not rest.outputs
    assert rest.metadata.mystnb.code_prompt_show == "Show the other 10 lines of code"
    assert 'make chapter NAME=two_body ARGS="m=2.0"' in shown.cells[-3].source
    # the downloads stand between verdicts and answer
    assert re.search(r"</span>\n\n:::\{container\} take\nCurves\.\n:::\n\nAn answer\.$", answer.source)
    assert before == executed() | {"cells": before.cells} and len({cell.id for cell in shown.cells}) == len(shown.cells)


FILES = ["cmb.bib", "cmb.csv", "cmb.ipynb", "cmb.json", "cmb.png", "cmb.svg", "cmb_dwarf_galaxies.csv"]
OFFERED = (
    "Downloads: {download}`executed notebook (.ipynb) <data/cmb/cmb.ipynb>`, {download}`figure (SVG) <data/cmb/cmb.svg>`, "
    "{download}`figure (PNG) <data/cmb/cmb.png>`, {download}`curves (CSV) <data/cmb/cmb.csv>`, "
    "{download}`curves, dwarf galaxies (CSV) <data/cmb/cmb_dwarf_galaxies.csv>`, {download}`checks (JSON) <data/cmb/cmb.json>`, "
    "{download}`references (BibTeX) <data/cmb/cmb.bib>`."
)


def test_chapter_is_taken_along_by_files_and_command() -> None:
    lines = page.take_along("cmb", FILES).splitlines()
    assert lines == [":::{container} take", OFFERED, "Run it again: `make chapter NAME=cmb`.", ":::"]
    assert page.take_along("cmb", reversed(FILES)).splitlines() == lines, "in whatever order a folder lists them"


def test_chapter_names_source_and_binder_where_the_repository_is_known() -> None:
    lines = page.take_along("cmb", FILES, "https://github.com/someone/dark-higgs").splitlines()
    assert lines[:3] == page.take_along("cmb", FILES).splitlines()[:3]
    assert lines[3:] == [
        "Elsewhere: [source on GitHub](https://github.com/someone/dark-higgs/blob/HEAD/book/chapters/cmb.ipynb), [notebook on Binder]"
        "(https://mybinder.org/v2/gh/someone/dark-higgs/HEAD?urlpath=lab%2Ftree%2Fbook%2Fchapters%2Fcmb.ipynb).",
        ":::",
    ]


def setting(folder: Path, text: str) -> str:
    """The repository that a configuration names."""
    (folder / "_config.yml").write_text(f"title: A book\n{text}\n", encoding="utf-8")
    return page.repository(folder)


@pytest.mark.parametrize("text", ["", "repository:", "repository: ''", "repository:\n  url:", "repository:\n  url: ''"])
def test_repository_may_be_empty(text: str, tmp_path: Path) -> None:
    assert setting(tmp_path, text) == ""


@pytest.mark.parametrize("ending", ["", "/", ".git"])
def test_repository_is_one_address(ending: str, tmp_path: Path) -> None:
    assert setting(tmp_path, f"repository:\n  url: https://github.com/a/b.c{ending}") == "https://github.com/a/b.c"


@pytest.mark.parametrize("url", ["https://example.org/a/b", "https://github.com/a", "git@github.com:a/b.git", "a/b", "3"])
def test_repository_that_is_none_is_refused(url: str, tmp_path: Path) -> None:
    sentence = rf"^repository: url: .*{re.escape(url)}.* in _config\.yml is not of the form https://github\.com/OWNER/NAME$"
    with pytest.raises(ParameterError, match=sentence):
        setting(tmp_path, f"repository:\n  url: {url}")


def test_own_headings_of_the_results_are_kept() -> None:
    notebook = executed()
    notebook.cells.insert(4, new_markdown_cell("## The rate"))
    shown = page.arrange(notebook, "two_body", record("identity"), "")
    heads = [cell.source for cell in shown.cells if cell.source.startswith("## ")]
    assert "## The rate" in heads and "## Results" not in heads


def test_next_follows_the_table_of_contents_with_a_reason() -> None:
    names = chapters.names()
    for here, there in itertools.pairwise(names):
        sentence = page.following(here)
        assert f"]({there}.ipynb)" in sentence
        assert len(sentence.partition("): ")[2].split()) >= 4 and sentence.endswith("."), sentence
    assert "](../status.md)" in page.following(names[-1])


def test_next_changes_with_the_table_of_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = ("book/intro", "book/chapters/solar", "book/chapters/excess")
    monkeypatch.setattr(chapters, "pages", lambda: listed)
    assert "](excess.ipynb)" in page.following("solar") and page.following("excess") == ""


def test_check_table_folds_what_agrees_and_puts_failures_on_top() -> None:
    kinds = ("published", "published", "talk", "identity", "talk!", "published!")
    text = checks._markdown(record(*kinds))
    top, _, rest = text.partition("<details")
    assert [top.index(f"row-x-{key}") for key in ("talk-4", "published-5", "talk-2")] == sorted(
        top.index(f"row-x-{key}") for key in ("talk-4", "published-5", "talk-2")
    )
    assert "<summary>3 more rows agree: " in rest and all(f"row-x-{key}" in rest for key in ("published-0", "identity-3"))
    assert top.index("| outcome |") < top.index("| reference |")
    # few rows are not worth a fold, and a table is never empty on top
    assert "<details" not in checks._markdown(record("published", "talk"))
    assert "<details" not in checks._markdown(record(*["published"] * 9))


WIDE = (
    "<table><thead><tr><th>quantity</th><th>outcome</th><th>reference</th><th>this book</th></tr></thead>"
    "<tbody><tr><td>a rate at rest</td><td>holds</td><td>0.82 of the talk</td><td><i>0.817</i></td></tr></tbody></table>"
)


def test_wide_table_has_its_headings_in_each_cell() -> None:
    soup = BeautifulSoup(extension.with_labels(WIDE), "html.parser")
    assert soup.table is not None and "cards" in soup.table["class"]
    row = soup.select("tbody tr > *")
    assert [cell.name for cell in row] == ["th", "td", "td", "td"] and row[0]["scope"] == "row"
    assert [label.text for label in soup.select("div.label")] == ["quantity", "outcome", "reference", "this book"]
    assert str(row[3].select_one("div.value")) == '<div class="value"><i>0.817</i></div>'


def test_table_that_fits_a_phone_has_headings_of_its_rows_only() -> None:
    table = WIDE.replace("a rate at rest", "a").replace("0.82 of the talk", "1")
    assert extension.with_labels(table) == table.replace("<td>a</td>", '<th scope="row">a</th>')


@pytest.mark.parametrize("table", [WIDE.replace("thead", "tbody"), "<table></table>"])
def test_table_without_headings_stays(table: str) -> None:
    assert extension.with_labels(table) == table


def test_search_reads_formulas_in_letters_and_no_code() -> None:
    document = new_document("a page")
    paragraph = nodes.paragraph("", "", nodes.Text("sterile "), nodes.math("", r"\Delta N_{\rm eff}"), nodes.Text(" dwarf"))
    document += [paragraph, nodes.literal_block("", "geomspace"), nodes.math_block("", r"\omega"), nodes.paragraph("", "kaon")]
    document += [nodes.container("", nodes.paragraph("", "notebook"), classes=["take"]), nodes.container("", nodes.Text("end"))]
    before = document.pformat()
    assert extension.readable(document).astext().split() == ["sterile", "Delta", "N_eff", "dwarf", "kaon", "end"]
    assert document.pformat() == before


def test_word_says_more_about_a_page_that_has_it_more_often_and_among_fewer_words() -> None:
    found = extension.weights({0: {"a": 4, "b": 4}, 1: {"a": 1, "b": 4}, 2: {"a": 4, "b": 40}, 3: {"c": 4}})
    assert found["a"][0] > found["a"][1] and found["a"][0] > found["a"][2]
    assert found["c"][3] > found["a"][0], "and more if fewer pages have it"


# --- figures


def drawn() -> Figure:
    import matplotlib.pyplot as plt

    plt.close("all")
    figures.use_style()
    figure, ax = plt.subplots()
    figures.draw(ax, np.linspace(0.0, 1.0, 5), {"rising": (np.linspace(0.0, 1.0, 5), "blue")})
    figures.frame(ax, "$m$ [GeV]", (0.0, 1.0), "rate", (0.0, 1.0))
    figures.label(ax, {"a name": (0.3, 0.7, "blue")})
    return figure


def test_figure_of_the_style_is_readable() -> None:
    figure = drawn()
    figures.legend(figure, {"a band": {"fill": "sky"}})
    assert figures.faults(figure) == []


def test_small_letters_are_found() -> None:
    figure = drawn()
    figure.axes[0].set_title("small", fontsize=11.0)
    (fault,) = figures.faults(figure)
    assert fault == "the text 'small' has 8.5 points on a phone, not 9"
    wide = drawn()
    wide.set_figwidth(6.4)
    assert any("7.8 points" in fault for fault in figures.faults(wide))


def test_outline_is_open_where_the_axis_ends() -> None:
    x, nan = [0.0, 1.0, 2.0, 3.0, 4.0], np.nan
    cases = {
        # in the middle of the axis: a closed line
        "closed": ([nan, 1.0, 1.0, nan, nan], [1.0, 2.0, 2.0, 1.0, 1.0], [1.0, 1.0, 2.0, 2.0, 1.0]),
        "left": ([1.0, 1.0, nan, nan, nan], [0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 2.0, 2.0]),
        "right": ([nan, nan, nan, 1.0, 1.0], [3.0, 4.0, nan, 4.0, 3.0, 3.0], [1.0, 1.0, nan, 2.0, 2.0, 1.0]),
    }
    ax = drawn().axes[0]
    for low, across, up in cases.values():
        figures.outline(ax, x, low, [2.0] * 5, "red")
        np.testing.assert_array_equal(ax.lines[-1].get_xydata(), np.transpose([across, up]))
    before = len(ax.lines)
    figures.outline(ax, x, [nan] * 5, [2.0] * 5)
    assert len(ax.lines) == before and ax.lines[-1].get_color() == figures.PALETTE["red"]


@pytest.mark.parametrize(("place", "hidden"), [("lower right", False), ("upper right", True), ("center", True)])
def test_line_under_a_legend_is_found(place: str, hidden: bool) -> None:
    figure = drawn()
    figure.axes[0].texts[0].remove()
    figure.axes[0].legend(loc=place)
    assert (figures.faults(figure) == ["the line 'rising' runs under the legend of its panel"]) == hidden


def test_pale_colours_are_darkened_for_letters() -> None:
    figure = drawn()
    figures.label(figure.axes[0], {"pale": (0.5, 0.2, "sky"), "dark": (0.8, 0.5, "black")})
    pale, dark = (np.array(text.get_color()) for text in figure.axes[0].texts[1:])
    assert (pale < np.array(matplotlib.colors.to_rgb(figures.PALETTE["sky"]))).all() and pale.max() > 0.5
    assert (dark == 0.0).all()


def test_texts_on_each_other_are_found() -> None:
    figure = drawn()
    figures.label(figure.axes[0], {"another": (0.32, 0.7, "red")})
    assert figures.faults(figure) == ["the texts 'a name' and 'another' stand on each other"]


def test_board_has_a_cell_for_each_column() -> None:
    figures.use_style()
    figure, ax = plt.subplots(figsize=(5.4, 3.0))
    rows = {"one": {"a": ("allowed", "", "allowed"), "b": ("excluded", "7.1", "in tension")}, "two": {"b": ("free", "", "")}}
    figures.board(ax, {"alive": rows}, ["a", "b", "c"], {"one": "1.5", "two": "2.5"}, "gain")
    words = [text.get_text() for text in ax.texts]
    assert words == ["alive", "one", "1.5", "\u2713", "7.1", "two", "2.5", "\u2713", "gain", "a", "b", "c"]
    boxes, corners = ([x for x in ax.patches if len(x.get_path()) > 4] for _ in "ab")
    corners = [x for x in ax.patches if x not in boxes]
    colours = [matplotlib.colors.to_hex(x.get_facecolor()).upper() for x in (*boxes, *corners)]
    # the corner is the other mark, where it is another one
    assert colours == [figures.PALETTE["green"], figures.PALETTE["red"], "#FFFFFF", figures.PALETTE["orange"]]
    assert matplotlib.colors.to_hex(boxes[2].get_edgecolor()).upper() == figures.PALETTE["green"]
    # a dot where nothing is said
    assert [(line.get_xdata(), line.get_ydata()) for line in ax.lines if line.get_marker() == "."] == [
        ([2], [1.0]),
        ([0], [2.0]),
        ([2], [2.0]),
    ]
    assert figures.faults(figure) == []


def test_faulty_figure_is_refused_only_in_the_book(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn().axes[0].set_title("small", fontsize=8.0)
    monkeypatch.delenv("BOOK_FIGURES", raising=False)
    figures.show()
    drawn().axes[0].set_title("small", fontsize=8.0)
    monkeypatch.setenv("BOOK_FIGURES", "strict")
    with pytest.raises(figures.FigureError, match=r"^the text 'small' has "):
        figures.show()


def test_figure_is_saved_for_slides_where_the_curves_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BOOK_OUTPUT", raising=False)
    drawn()
    figures.show()
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("BOOK_OUTPUT", str(tmp_path / "data"))
    width = drawn().get_figwidth()
    figures.show()
    height, across, _ = plt.imread(tmp_path / "data" / figures.PNG).shape
    assert across == pytest.approx(300 * width, rel=0.1) and 0.5 < height / across < 1.0


@pytest.mark.parametrize(
    ("label", "letters"),
    [
        (r"${\rm Br}(B^+\to K^+H_1)$ [1e-6]", "Br(B+ -> K+ H1) [1e-6]"),
        (r"$\lvert Q_\Phi\rvert\le0.5$", "|Q_Phi| <= 0.5"),
        (r"$\Delta\chi^2$, $\Delta N_{\rm eff}$", "Delta chi^2, Delta N_eff"),
        (r"$B^0\to K^{*0}\nu\bar\nu$", "B0 -> K*0 nu nubar"),
        (r"$8.3\times10^{-6}$, $\sin\theta$", "8.3 x 10^-6, sin(theta)"),
    ],
)
def test_labels_are_written_in_letters(label: str, letters: str) -> None:
    assert figures.plain(label) == letters


def test_link_to_the_glossary_has_the_definition_as_its_title() -> None:
    math = nodes.math("", r"\sin\theta")
    term = nodes.term("", "mixing", ids=["term-mixing"])
    meaning = nodes.definition("", nodes.paragraph("", "", nodes.Text('Called "'), math, nodes.Text('".')))
    glossary = new_document("glossary")
    glossary += nodes.definition_list("", nodes.definition_list_item("", term, meaning))
    texts = extension.definitions(glossary)
    assert texts == {"term-mixing": 'Called "sin(theta)".'}
    link = '<a class="reference internal" href="g.html#term-mixing">'
    assert extension.with_titles(link, texts) == link[:-1] + ' title="Called &quot;sin(theta)&quot;.">'
    for other in (link.replace("mixing", "pull"), link.replace("term-", "")):
        assert extension.with_titles(other, texts) == other
