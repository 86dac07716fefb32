"""The row of a rival and the list of all of them."""

import importlib
import pkgutil
from pathlib import Path

import numpy as np
import pytest

from darkhiggs import _rival_row, belle2, limits, rivals
from darkhiggs.errors import ParameterError


@pytest.mark.identity
def test_a_row_is_the_fit_of_its_spectrum():
    line = belle2.Spectrum.line(2.0)
    row = _rival_row.against_the_data("a line", "two_body", line, kstar=0.5, bears=("nothing",))
    fit = belle2.Likelihood().fit_rate(line)
    assert (row.rate, row.minus, row.plus, row.delta_chi2) == (fit.rate, fit.minus, fit.plus, fit.delta_chi2)
    assert row.kstar == pytest.approx(0.5 * fit.rate / limits.kstar_room(), rel=1e-12)
    assert np.isnan(_rival_row.against_the_data("a line", "two_body", line).kstar)


@pytest.mark.regression
def test_the_best_line():
    mass, rate, gain = _rival_row.best_line()
    assert mass == pytest.approx(2.15, abs=0.02)
    assert rate == pytest.approx(8.3e-6, rel=0.02)
    assert gain == pytest.approx(13.6, abs=0.1)
    assert rivals.best_line() == (mass, rate, gain)


@pytest.mark.house
def test_a_row_takes_one_spectrum():
    with pytest.raises(ParameterError, match="one spectrum at a time"):
        _rival_row.against_the_data("lines", "two_body", belle2.Spectrum.line([1.0, 2.0]))
    with pytest.raises(ParameterError, match=r"kstar = -1 is outside"):
        _rival_row.against_the_data("a line", "two_body", belle2.Spectrum.line(2.0), kstar=-1.0)


@pytest.mark.house
def test_the_summary_has_a_row_for_every_rival():
    modules = [info.name for info in pkgutil.iter_modules(rivals.__path__)]
    assert [name for name in modules if not hasattr(importlib.import_module(f"darkhiggs.rivals.{name}"), "row")] == []
    listed = (Path(__file__).parents[1] / "_toc.yml").read_text(encoding="utf-8").split()
    for today in (False, True):
        rows = rivals.summary(today=today)
        assert [row.chapter for row in rows] == [f"rival_{name}" for name in modules]
        for row in rows:
            assert isinstance(row, _rival_row.Row)
            assert row.name
            assert f"book/chapters/{row.chapter}" in listed
            assert all(row.bears)
            assert 0.0 <= row.minus <= row.rate
            assert row.delta_chi2_line == pytest.approx(_rival_row.best_line()[2])
