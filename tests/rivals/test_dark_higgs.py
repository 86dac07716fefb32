"""The talk's own model as one explanation among the others."""

from functools import lru_cache

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests.stored import numbers

from darkhiggs import belle2, constraints, inputs, meson_decays, model, scan
from darkhiggs._rival_row import best_line
from darkhiggs.rivals import dark_higgs

NAMES = ["A", "B", "30 MeV Z'"]


@lru_cache
def rows(label="talk"):
    return dark_higgs.rows(label)


def point(name, **changes):
    sector = model.DarkSector(m_zp=0.03, g_x=1e-4) if len(name) > 1 else model.benchmark(name)
    return scan.on_relic_line(sector.replace(q_phi=1.0, q_x=0.7, m_h1=best_line()[0], m_x=0.5, **changes))


@pytest.mark.identity
@pytest.mark.parametrize("label", ["talk", "today"])
def test_rows_of_two_bodies_are_the_table_of_limits(label):
    for name, row in zip(NAMES, rows(label)[:3], strict=True):
        with inputs.use(label):
            # a line needs the rate of the best line, whoever makes it
            assert_allclose(row.rate, best_line()[1], rtol=1e-9)
            sine = float(meson_decays.sin_theta_for(row.rate, meson_decays.br_b_to_k_scalar(best_line()[0], 1.0)))
            sector = point(name, sin_theta=sine)
            # nearly all H1 decay into X, so that the mixing is that of the two-body rate
            assert_allclose(meson_decays.br_b_to_k_invisible(sector), row.rate, rtol=2e-3)
            found = {one.name: one for one in constraints.table(sector)}
        for kind, one in row.cells.items():
            if kind not in ("other B", "kaons"):
                same = found["K*0"] if kind == "K*" else found[one.name]
                assert_allclose(one.value / one.limit, same.value / same.limit, rtol=5e-3)
        over = [name for name, one in found.items() if not one.allowed]
        assert (row.verdict == "alive") == (not over)
        # only these two rows are other readings of a limit that stands in the table
        told = [one.name for kind, one in row.cells.items() if not one.allowed]
        assert set(over) <= {*told, "N_eff", "muon g-2", "NA64mu"}


@pytest.mark.published
def test_verdicts():
    # the talk's benchmark B is alive with its inputs; today N_eff excludes it, and a heavier Z' is alive
    talk, today = rows(), rows("today")
    assert [row.verdict for row in talk[:3]] == ["in tension", "alive", "alive"]
    assert [row.worst for row in talk[:3]] == ["Higgs", "", ""]
    assert [(row.verdict, row.worst) for row in today[:3]] == [("excluded", "N_eff"), ("excluded", "N_eff"), ("alive", "")]
    # the limits of today, at the benchmarks A and B, as their chapter has them
    chapter = numbers("today", "$N_{\\rm eff}$ with $X$", "Value over limit")
    assert_allclose(
        [row.cells["N_eff"].value / row.cells["N_eff"].limit for row in today[:2]], [chapter[1], chapter[3]], atol=0.006
    )


@pytest.mark.identity
def test_row_of_three_bodies():
    row = rows()[3]
    sine = float(row.bears[0].removeprefix("sin(theta) = "))
    end = float(inputs.natural("m_B+") - inputs.natural("m_K+"))
    sector = model.benchmark("B").replace(q_phi=0.2, q_x=0.7, m_h1=end + 0.1, m_x=0.3, sin_theta=sine)
    sector = scan.on_relic_line(sector)
    assert_allclose(meson_decays.br_b_to_k_invisible(sector), row.rate, rtol=0.02)
    fit = belle2.Likelihood().fit_rate(belle2.Spectrum.from_sector(sector))
    assert_allclose([row.rate, row.delta_chi2], [fit.rate, fit.delta_chi2], rtol=1e-3)
    assert row.delta_chi2 < 6.6
    ratio = meson_decays.br_b_to_kstar_invisible(sector) / meson_decays.br_b_to_k_invisible(sector)
    assert_allclose(row.cells["K*"].value, ratio * row.rate, rtol=1e-3)
    assert np.isfinite(row.z_global)
