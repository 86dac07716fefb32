"""Every row of every check table, as nbval holds it, is a check of its own."""

import json
import math
from pathlib import Path

import pytest

from bookkit.checks import KINDS

ROOT = Path(__file__).resolve().parents[1]
CHAPTERS = json.loads((ROOT / "book/_static/verdicts.json").read_text(encoding="utf-8"))
MARKS = {"source": "talk", "ours": "regression"}
# what is open is explained by the parameter that the talk does not print
EXPLAINED = ("holds", "agrees", "not a test", "open")


def params() -> list[object]:
    return [*_params()]


def _params():
    for kind in KINDS:
        mark = getattr(pytest.mark, MARKS.get(kind, kind))
        for chapter in CHAPTERS:
            rows = (row for row in chapter["rows"] if row["kind"] == kind)
            yield from (pytest.param(row, id=f"{chapter['name']}-{row['key']}", marks=mark) for row in rows)


@pytest.mark.parametrize("row", params())
def test_row(row):
    """A row agrees, is open, or its deviation explains why it does not; and the printed numbers tell the same."""
    if row["outcome"] not in EXPLAINED:
        assert row["deviation"], (
            f"{row['quantity']}: {row['value']} against {row['reference']}; argue for it on the deviations page"
        )
    if row["value"] is None:
        assert not row["inside"]
        return
    value, reference, width = (row[key] for key in ("value", "reference", "tolerance"))
    # the printed numbers have a few digits
    slack = 0.05 * width + 0.5 * 10.0 ** (1 - row["digits"]) * max(abs(value), abs(reference))
    distances = {
        "=": lambda: abs(value - reference),
        "<=": lambda: value - reference,
        ">=": lambda: reference - value,
        "~": lambda: abs(math.log(value / reference)) if value > 0.0 else math.inf,
    }
    distance = distances[row["relation"]]()
    assert (distance <= width + slack) if row["inside"] else (distance >= width - slack)


@pytest.mark.house
def test_deviations_are_those_that_rows_speak_of():
    told = {row["deviation"] for chapter in CHAPTERS for row in chapter["rows"]} - {""}
    page = (ROOT / "book/deviations.md").read_text(encoding="utf-8")
    assert {name for name in told if f"({name.lower()})=" not in page} == set()
