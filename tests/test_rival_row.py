"""The row of a rival and the list of all of them."""

import importlib
import pkgutil
import re
import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from darkhiggs import _rival_row, belle2, cmb, constraints, direct_detection, inputs, limits, rivals, standard_model
from darkhiggs.errors import ParameterError


@lru_cache
def summary(today):
    return rivals.summary(today=today)


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
    assert rivals.best_line() == (mass, rate, gain)


@pytest.mark.house
def test_a_row_takes_one_spectrum():
    with pytest.raises(ParameterError, match="one spectrum at a time"):
        _rival_row.against_the_data("lines", "two_body", belle2.Spectrum.line([1.0, 2.0]))
    with pytest.raises(ParameterError, match=r"kstar = -1 is outside"):
        _rival_row.against_the_data("a line", "two_body", belle2.Spectrum.line(2.0), kstar=-1.0)


def row(**limits):
    """A row of a line whose limits have these ratios of value to limit, by the kind of limit; 90 % confidence."""
    found = {kind: constraints.compare(ratio, "bound.kstar", 1.0) for kind, ratio in limits.items()}
    return _rival_row.against_the_data("a line", "two_body", belle2.Spectrum.line(2.0), cells={"other B": None, **found})


@pytest.mark.identity
def test_verdict_is_that_of_the_strictest_limit():
    assert (row(CMB=0.5).verdict, row(CMB=0.5).worst, row(CMB=0.5).sigma) == ("no dark matter", "", 0.0)
    assert row(**{"relic density": 1.0}).verdict == "alive"
    # 1.2816 standard deviations at the limit, so that 5 of them are at 3.9 times the limit
    for ratio, word in ((1.1, "in tension"), (3.9, "in tension"), (3.91, "excluded")):
        one = row(**{"relic density": 0.5, "Higgs": ratio, "CMB": 1.05})
        assert (one.verdict, one.worst) == (word, "Higgs")
        assert one.sigma == one.cells["Higgs"].sigma == pytest.approx(1.281552 * ratio, rel=1e-6)
    free = _rival_row.against_the_data("x", "two_body", belle2.Spectrum.line(2.0), free={"relic density": "any"})
    assert free.verdict == "alive" and list(free.cells) == ["other B"]


@pytest.mark.identity
def test_limits_of_a_row_are_those_of_the_library():
    one = _rival_row.annihilation(1e-9, 0.5, "ee", True)
    assert one.value / one.limit == pytest.approx(1e-9 / cmb.annihilation_limit(0.5, "ee", True), rel=1e-12)
    one = _rival_row.scattering(1e-15, 2.0)
    assert one.limit == pytest.approx(direct_detection.nucleon_limit(2.0), rel=1e-12)
    assert limits.curve(one.name).sigma_max(2.0) == pytest.approx(one.limit, rel=1e-12)
    assert _rival_row.scattering(1e-15, 0.01) is None and _rival_row.kaon_pair(1e-11) is None
    with inputs.use("today"):
        kaon = _rival_row.kaon_pair(1e-11)
        assert (kaon.value, kaon.limit) == (1e-11, pytest.approx(9.6e-11 + 2 * 1.85e-11))
    assert _rival_row.strictest([None, one, kaon]) is (one if one.value / one.limit > kaon.value / kaon.limit else kaon)
    assert _rival_row.strictest([None]) is None


@pytest.mark.identity
def test_other_decays_of_b_count_the_standard_model():
    rate, kstar = 1e-5, 2e-5
    life = inputs.value("tau_B0", "GeV^-1") / inputs.value("tau_B+", "GeV^-1")
    neutral = life * rate + standard_model.br_b_to_k_nunu(charge="0")
    one = _rival_row.other_b(rate, kstar)
    assert (one.name, one.value) == ("bound.k0", pytest.approx(neutral, rel=1e-12))
    with inputs.use("today"):
        one = _rival_row.other_b(rate, kstar)
        assert (one.name, one.value) == ("bound.xs_kaon", pytest.approx(rate + standard_model.br_b_to_k_nunu(), rel=1e-12))
        one = _rival_row.other_b(rate, 1e-4)
        assert (one.name, one.value) == ("bound.xs_kstar", pytest.approx(1e-4 + standard_model.br_b_to_kstar_nunu(), rel=1e-12))
        assert _rival_row.other_b(rate, np.nan).name == "bound.xs_kaon"


@pytest.mark.independent
def test_global_significance_of_a_row():
    line = belle2.Spectrum.line(_rival_row.best_line()[0])
    search = belle2.Likelihood().global_significance()
    assert _rival_row.against_the_data("a line", "two_body", line).z_global == pytest.approx(search.z_global, abs=0.01)
    # nothing to search: the local significance; the same spectrum twice is no other search
    alone = _rival_row.against_the_data("a line", "two_body", line, family=belle2.Spectrum(line.efficiency[None]))
    assert alone.z_global == pytest.approx(alone.z_local, abs=1e-9) and alone.z_local == pytest.approx(search.z_local, abs=2e-3)
    # a spectrum that the data do not need has no significance
    nothing = _rival_row.against_the_data("a line", "two_body", belle2.Spectrum.line(3.3))
    assert nothing.delta_chi2 < 1e-9 and nothing.z_local < 1e-4 and 0.0 <= nothing.z_global < 1e-4


# Inputs behind the limits of each kind
BEHIND = {
    "K*": ["bound.kstar"],
    "other B": ["bound.k0", "bound.xs_kaon", "bound.xs_kstar"],
    "Higgs": ["bound.higgs_invisible"],
    "CMB": ["p_ann"],
    "N_eff": ["bound.delta_n_eff"],
}


@pytest.mark.identity
def test_every_limit_follows_its_input():
    with inputs.use("today"):
        changes = {name: 2.0 * inputs.get(name).value for names in BEHIND.values() for name in names if name != "bound.kstar"}
        changes |= {"bound.kstar": inputs.value("published.br_kstar_low", "1") + 2.0 * limits.kstar_room()}
        searches = [f"limit.{name}.upper" for name in direct_detection.searches(electrons=False)]
        changes |= {name: 2.0 * inputs.get(name).value for name in searches}
    before = summary(True)
    # an override comes before every set
    with inputs.use("today"), inputs.override(changes):
        after = rivals.summary(today=True)
    seen = set()
    for one, two in zip(before, after, strict=True):
        for kind in {*BEHIND, "direct detection"} & set(one.cells):
            seen.add(kind)
            old, new = one.cells[kind], two.cells[kind]
            assert new.value / new.limit == pytest.approx(0.5 * old.value / old.limit, rel=1e-6), (one.name, kind)
    assert seen == {*BEHIND, "direct detection"}


@pytest.mark.house
def test_the_summary_has_a_row_for_every_rival():
    modules = {
        info.name: importlib.import_module(f"darkhiggs.rivals.{info.name}") for info in pkgutil.iter_modules(rivals.__path__)
    }
    assert [name for name, module in modules.items() if not {"row", "rows"} & set(dir(module))] == ["large_charges"]
    answers = [
        module.rows() if hasattr(module, "rows") else [module.row()]
        for name, module in modules.items()
        if name != "large_charges"
    ]
    # a ratio that is not predicted is nan, which equals nothing
    assert list(map(repr, summary(False))) == [repr(row) for rows in answers for row in rows]
    listed = (Path(__file__).parents[1] / "_toc.yml").read_text(encoding="utf-8").split()
    rows = [row for today in (False, True) for row in summary(today)]
    assert {row.chapter for row in rows} >= {f"rival_{name}" for name in modules if name not in ("dark_higgs", "large_charges")}
    for row in rows:
        assert isinstance(row, _rival_row.Row)
        assert row.name
        assert f"book/chapters/{row.chapter}" in listed
        assert all(row.bears)
        assert 0.0 <= row.minus <= row.rate
        assert row.delta_chi2_line == pytest.approx(_rival_row.best_line()[2])
        assert set(row.cells) <= set(rivals.KINDS) and set(row.free) <= set(rivals.KINDS) - set(row.cells)
        assert row.z_global < row.z_local


@pytest.mark.house
def test_statements_of_a_row_are_those_of_its_chapter():
    claims = Path(__file__).parents[1] / "book/claims"
    sections = tomllib.loads((claims / "statements.toml").read_text(encoding="utf-8"))["section"]
    order = [one["id"] for section in sections for one in section["statement"]]
    for row in summary(False):
        first, last = (order.index(name) for name in row.statements)
        assert first <= last
        if row.chapter.startswith("rival_"):
            told = (claims / f"{row.chapter}.toml").read_text(encoding="utf-8")
            found = [order.index(name) for name in re.findall(r'"(S\d+)"', told)]
            assert found and first <= min(found) and max(found) <= last
