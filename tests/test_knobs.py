"""Every chapter runs at both ends of every knob: what the parameters cell promises, the cells below it keep."""

import os
from pathlib import Path

import nbformat
import pytest

from bookkit import chapters, figures

ROOT = Path(__file__).resolve().parents[1]
CASES = [
    (name, knob.name, value)
    for name in chapters.names()
    for knob in chapters.knobs(chapters.parameters_source(nbformat.read(ROOT / chapters.path_of(name), as_version=4))).values()
    for value in (knob.choices or (knob.low, knob.high))
]


@pytest.mark.house
@pytest.mark.parametrize(("name", "knob", "value"), CASES)
def test_chapter_runs_at_the_end_of_a_knob(name, knob, value, monkeypatch):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    monkeypatch.setattr(figures, "use_style", lambda: None)
    monkeypatch.delitem(os.environ, "BOOK_OUTPUT", raising=False)
    namespace = {"print": lambda *_: None}
    for cell in nbformat.read(ROOT / chapters.path_of(name), as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, name, "exec"), namespace)
            if "parameters" in cell.metadata.get("tags", []):
                # a coarse scan will do for every other knob
                declared = chapters.knobs(cell.source)
                namespace |= {"points": declared["points"].low} if "points" in declared else {}
                namespace[knob] = value
    plt.close("all")
    assert namespace["table"].verdict
