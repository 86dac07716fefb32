"""Tables: what is shown on a page, and the text that nbval holds."""

import json
from typing import Any

import numpy as np
import pytest

from bookkit import tables
from bookkit.tables import MIME, Table, markdown

pytestmark = pytest.mark.house


def test_table_shows_numbers_by_the_format_of_their_column() -> None:
    found = Table(
        "name; x [GeV] .2f; share [1] .0%; n",
        [["a", 1 / 3, 0.5, 3], ["b", None, "none", 12], ["c", float("nan"), 0.25, 1]],
        caption="Said.",
    )
    assert repr(found).splitlines() == [
        "Said.",
        "name  x [GeV]  share [1]   n",
        "a        0.33        50%   3",
        "b           –       none  12",
        "c           –        25%   1",
    ]
    assert found.columns == {"name": "", "x [GeV]": ".2f", "share [1]": ".0%", "n": ""}


def test_bold_cells_are_written_as_numbers_are() -> None:
    found = tables.bold([[1 / 3, float("nan")], [2.0, -1e-9]], ".2f", [[True, False], [False, False]])
    assert found.tolist() == [["**0.33**", "–"], ["2.00", "0.00"]]
    assert Table("a; b", found, caption="c").rows == found.tolist()


def test_ranges_are_written_as_numbers_are() -> None:
    found = tables.spans([[1 / 3, float("nan")], [2.0, -1e-9]], [[2.0, 1.0], [2.0, 3.0]], ".2f")
    assert found.tolist() == [["0.33 to 2.00", "none"], ["2.00", "0.00 to 3.00"]]
    assert tables.spans(1.0, [2.0, float("nan")], ".0f").tolist() == ["1 to 2", "none"]


def test_formats_may_be_given_by_title() -> None:
    by_title = Table({"a; b": "", "|Q| [1]": "g"}, [["x", 0.25]], caption="c")
    assert by_title.columns == {"a; b": "", "|Q| [1]": "g"} and by_title.rows == [["x", "0.25"]]


def test_page_typesets_powers_of_ten() -> None:
    bundle = Table(r"$x$ [1e-6 GeV] .1e; n", [[3e-7, 2]], caption=r"At $m_{H_1}=2$ GeV.")._repr_mimebundle_()
    assert (
        '| $x$ <span class="unit">[$10^{-6}$ GeV]</span> | n |' in bundle["text/markdown"]
        and r"| $3.0 \times 10^{-7}$ | 2 |" in bundle["text/markdown"]
    )
    # the text has letters
    assert bundle["text/plain"].splitlines() == ["At m_H1 = 2 GeV.", "x [1e-6 GeV]  n", "     3.0e-07  2"]


def test_page_has_caption_and_escaped_bars() -> None:
    bundle = Table("|Q_Phi| [1] g; window", [[0.5, "**1 to 2**"]], caption="At A.")._repr_mimebundle_()
    assert bundle["text/markdown"].splitlines() == [
        '<div class="results" tabindex="0">',
        "",
        "```{table} At A.",
        "",
        '| \\|Q_Phi\\| <span class="unit">[1]</span> | window |',
        "|---:|---|",
        "| 0.5 | **1 to 2** |",
        "```",
        "",
        "</div>",
    ]
    # bold is for the page
    assert "**" not in bundle["text/plain"]
    assert tables.shown(json.loads(json.dumps(bundle[MIME]))) == bundle["text/markdown"]


@pytest.mark.parametrize(
    ("columns", "rows", "caption", "sentence"),
    [
        ("a; b", [[1]], "c", "a row of 1 cells does not fit 2 columns: [1]"),
        ("a; b", [], "  ", "a table needs a caption"),
        ("a; ; b", [], "c", "the columns 'a; ; b' have '', which is no title or stands twice"),
        ("a; a .2f", [], "c", "the columns 'a; a .2f' have 'a .2f', which is no title or stands twice"),
    ],
)
def test_table_that_does_not_fit_is_refused(columns: str, rows: list[Any], caption: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        Table(columns, rows, caption=caption)
    assert str(caught.value) == sentence


def test_last_bits_do_not_show() -> None:
    assert Table("x .1f", [[0.25 - 1e-17], [0.25 + 1e-17], [-1e-20]], caption="c").rows == [["0.2"], ["0.2"], ["0.0"]]


def test_unequal_errors() -> None:
    assert tables.errors(8.25, 2.94, 0.0) == "$8.2^{+2.9}_{0.0}$"
    shown_ = tables.errors([[1.0, 22.26]], 0.5, [[0.125, 7.0]], ".2f")
    assert shown_.tolist() == [["$1.00^{+0.50}_{-0.12}$", "$22.26^{+0.50}_{-7.00}$"]]


def test_markdown_aligns_numbers_to_the_right() -> None:
    assert markdown(["a", "b"], [["x", "1"]], right=[1]) == "| a | b |\n|---|---:|\n| x | 1 |"


def test_records_hold_the_numbers_in_full() -> None:
    found = Table("name; x [GeV] .2f; n", [["a", np.float64(1 / 3), 3], ["**b**", None, np.int64(12)]], caption="Said.")
    assert found.records() == [{"name": "a", "x [GeV]": 1 / 3, "n": 3}, {"name": "**b**", "x [GeV]": None, "n": 12}]
    assert [type(value) for value in found.records()[0].values()] == [str, float, int]
    assert found.rows[0] == ["a", "0.33", "3"], "the page shows them by their format"
