"""Every chapter runs at the ends of its knobs: what the parameters cell promises, the cells below it keep.

Any two ends of two different knobs meet in a run. A failure that needs three ends at once can hide; one that needs one or two cannot.
"""

import os
import pickle
from functools import wraps
from itertools import combinations, count, product

import nbformat
import pytest

from bookkit import chapters, figures
from darkhiggs import belle2, cmb, inputs, neutrinos, relic

# Pure functions in which the time goes; the runs of a chapter ask them in part for the same.
DEAR = {
    belle2.Likelihood: ("chi2", "fit_mu", "fit_rate", "toys", "upper_limit"),
    cmb: ("annihilation_limit", "f_eff_cascade", "p_ann"),
    neutrinos: ("delta_n_eff_zp", "history", "n_eff"),
    relic: ("bath_shift", "coupling_for", "evolve", "omega_h2", "thermal_cross_section"),
}
ANSWERS = {}
WORK = {"points", "toys"}  # they only set how much is computed


def ends(knob):
    return knob.choices or (knob.low, knob.high)


def columns(sizes, rows, chosen=()):
    """Columns of numbers below their sizes in which any two columns show all pairs; None if the rows are too few.

    The order of rows, of equal columns and of numbers is free: the first column ascends, columns of a size ascend, each begins with 0.
    """
    place = len(chosen)
    if place == len(sizes):
        return chosen
    size = sizes[place]
    last = chosen[-1] if place and sizes[place - 1] == size else ()
    for column in product(range(size), repeat=rows):
        if column[0] or column <= last or len({*column}) < size or (not place and [*column] != sorted(column)):
            continue
        if all(len({*zip(column, other, strict=True)}) == size * its for other, its in zip(chosen, sizes, strict=False)):
            found = columns(sizes, rows, (*chosen, column))
            if found:
                return found
    return None


def design(knobs):
    """The fewest runs in which any two ends meet; and the most work, alone."""
    free = sorted((knob for knob in knobs.values() if knob.name not in WORK), key=lambda knob: -len(ends(knob)))
    work = [knob for knob in knobs.values() if knob.name in WORK]
    found = next(filter(None, (columns([len(ends(knob)) for knob in free], rows) for rows in count(1))))
    runs = [{knob.name: ends(knob)[number] for knob, number in zip(free, row, strict=True)} for row in zip(*found, strict=True)]
    return [{knob.name: knob.high} for knob in work] + [run | {knob.name: knob.low for knob in work} for run in runs]


def apart(knobs, runs):
    """Pairs of ends that meet in no run; the work counts at its low end."""
    wanted = {name: (knob.low,) if name in WORK else ends(knob) for name, knob in knobs.items()}
    return [
        (a, x, b, y)
        for a, b in combinations(wanted, 2)
        for x, y in product(wanted[a], wanted[b])
        if not any((run.get(a), run.get(b)) == (x, y) for run in runs)
    ]


NOTEBOOKS = {name: nbformat.read(chapters.ROOT / chapters.path_of(name), as_version=4) for name in chapters.names()}
KNOBS = {name: chapters.knobs(chapters.parameters_source(notebook)) for name, notebook in NOTEBOOKS.items()}
DESIGNS = {name: design(knobs) for name, knobs in KNOBS.items()}
CASES = [pytest.param(name, run, id=f"{name}-{number}") for name, runs in DESIGNS.items() for number, run in enumerate(runs)]


@pytest.mark.house
@pytest.mark.parametrize(("name", "knobs"), KNOBS.items(), ids=KNOBS)
def test_runs_contain_every_pair_of_ends(name, knobs):
    runs = DESIGNS[name]
    assert apart(knobs, runs) == []
    # no run is idle, and the search for pairs apart sees one that is gone; a single knob has no pairs
    assert apart(knobs, runs[:-1]) != [] or len(knobs) == 1
    for knob in knobs.values():
        assert {run[knob.name] for run in runs if knob.name in run} == set(ends(knob)), knob.name
    assert [run for run in runs if any(run.get(name) == knobs[name].high for name in WORK & knobs.keys())] == [
        {name: knobs[name].high} for name in knobs if name in WORK
    ]


def remembered(function):
    """Answer a question that was asked before from memory."""

    @wraps(function)
    def call(*args, **kwargs):
        try:
            key = function.__qualname__, inputs.active(), pickle.dumps((args, kwargs))
        except (pickle.PicklingError, AttributeError, TypeError):
            return function(*args, **kwargs)
        if key not in ANSWERS:
            ANSWERS[key] = function(*args, **kwargs)
        return ANSWERS[key]

    return call


@pytest.mark.house
@pytest.mark.parametrize(("name", "knobs"), CASES)
def test_chapter_runs_at_ends_of_its_knobs(name, knobs, monkeypatch):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    monkeypatch.setattr(figures, "use_style", lambda: None)
    # a chapter chooses the inputs of its process
    monkeypatch.setattr(inputs, "_everywhere", inputs._everywhere)
    monkeypatch.delitem(os.environ, "BOOK_OUTPUT", raising=False)
    for owner, functions in DEAR.items():
        for function in functions:
            monkeypatch.setattr(owner, function, remembered(getattr(owner, function)))
    namespace = {"display": lambda *_: None}
    for cell in NOTEBOOKS[name].cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, name, "exec"), namespace)
            if "parameters" in cell.metadata.get("tags", []):
                namespace |= knobs
    plt.close("all")
    assert namespace["table"].record()["rows"]
