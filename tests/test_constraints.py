import pickle

import numpy as np
import pandas
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from darkhiggs import (
    belle2,
    borexino,
    cmb,
    constraints,
    direct_detection,
    inputs,
    limits,
    meson_decays,
    model,
    muon,
    neutrinos,
    relic,
    trident,
    widths,
)
from darkhiggs.errors import DataError, ParameterError

POINT = model.benchmark("A").replace(m_h1=2.0, m_x=1.5, sin_theta=0.004, lambda_phi_x=0.003, q_x=0.7)
ROWS = {row.name: row for row in constraints.table(POINT)}


@pytest.mark.identity
def test_values_are_those_of_the_modules():
    expected = {
        "Higgs": (widths.br_higgs_invisible(POINT), 0.13),
        "K*0": (meson_decays.br_b_to_kstar_invisible(POINT), 1.8e-5 - 8.5e-6),
        "K*0 literal": (meson_decays.br_b_to_kstar_invisible(POINT), 1.8e-5),
        "Bs": (meson_decays.br_bs_invisible(POINT), 5.6e-4),
        "B0": (meson_decays.br_b0_invisible(POINT), 2.4e-5),
        "NA62": (0.0, np.inf),
        "KOTO": (0.0, np.inf),
        "N_eff": (neutrinos.delta_n_eff_zp(0.0115, 5e-4), 0.5),
        "N_eff with X": (neutrinos.delta_n_eff_zp(0.0115, 5e-4), 0.5),  # so heavy an X is gone long before
        "trident": (5e-4, trident.coupling_limit(0.0115)),
        "NA64mu": (5e-4, 5.3e-4),
        "muon g-2": (muon.delta_a_mu(0.0115, 5e-4), 3.45e-9),
        "Borexino": (5e-4, borexino.coupling_limit(0.0115, 1.24)),
        "relic density": (relic.omega_h2(POINT), 0.1224),
        "CMB": (cmb.p_ann(POINT), cmb.p_ann_max()),
    }
    searches = {"CRESST-III": "oxygen", "XENON1T-Migdal": "xenon", "DarkSide-50": "argon", "PandaX-4T": "xenon", "LZ": "xenon"}
    searches |= {"DAMIC-M": "electron", "XENON1T-electron": "electron"}
    for name, target in searches.items():
        q = direct_detection.momentum_transfer(1.5, target, largest=True)
        higgs = direct_detection.sigma_electron if target == "electron" else direct_detection.sigma_nucleon
        both = higgs(POINT) + direct_detection.sigma_zp(POINT, target, q=q)
        expected[name] = both, limits.curve(name).sigma_max(1.5)
    assert tuple(ROWS) == tuple(expected) == constraints.names()
    for name, (value, limit) in expected.items():
        assert_allclose(ROWS[name].value, value, rtol=1e-4 if name in searches else 1e-6, err_msg=name)
        assert_allclose(ROWS[name].limit, limit, rtol=1e-9, err_msg=name)
        assert ROWS[name].allowed == (value <= limit)


@pytest.mark.identity
def test_every_kind_of_limit_allows_and_excludes_a_point():
    # DarkSide-50 through the Z': 1.5 GeV is above the edge of 1.31 GeV at Q_X = 0.7
    assert {name for name, row in ROWS.items() if not row.allowed} == {"Higgs", "DarkSide-50"}
    assert constraints.table(POINT.replace(m_x=1.3), ["DarkSide-50"])[0].allowed
    # and through the Higgs bosons alone
    assert constraints.table(POINT.replace(q_x=0.0), ["DarkSide-50"])[0].allowed
    light = POINT.replace(m_h1=0.2, m_x=0.05, sin_theta=1e-3, lambda_phi_x=1e-4)
    rows = {row.name: row for row in constraints.table(light)}
    br = widths.br_h1_invisible(light)
    assert_allclose(rows["NA62"].value, meson_decays.br_k_to_pi_scalar(0.2, 1e-3) * br, rtol=1e-12)
    assert_allclose(rows["KOTO"].value, meson_decays.br_kl_to_pi0_scalar(0.2, 1e-3) * br, rtol=1e-12)
    assert_allclose(rows["NA62"].limit, 8.3e-12)
    assert_allclose(rows["KOTO"].limit, 2.93e-9)
    # below and inside the window of the neutral pion another curve takes over
    for m, upper in ((0.04, 1.9e-11), (0.135, 9.3e-10)):
        assert_allclose(constraints.table(light.replace(m_h1=m), ["NA62"])[0].limit, upper, rtol=1e-6)
    assert not rows["NA62"].allowed and not rows["KOTO"].allowed
    strong = model.benchmark("A").replace(g_x=2e-3)
    rows = constraints.table(strong, ["trident", "NA64mu", "muon g-2", "Borexino"])
    assert [row.allowed for row in rows] == [False] * 4
    assert not constraints.table(model.benchmark("A10"), ["N_eff"])[0].allowed
    assert not constraints.table(POINT.replace(m_x=2e-3), ["N_eff with X"])[0].allowed
    assert not constraints.table(POINT.replace(lambda_phi_x=1e-4), ["relic density"])[0].allowed
    assert not constraints.table(POINT.replace(sin_theta=0.5, lambda_phi_x=1.0, q_x=0.0), ["DarkSide-50"])[0].allowed
    electrons = model.benchmark("A").replace(m_h1=1.0, m_x=0.1, sin_theta=0.0, lambda_phi_x=0.0, q_x=[0.7, 1e3])
    assert constraints.table(electrons, ["XENON1T-electron"])[0].allowed.tolist() == [True, False]
    resonant = POINT.replace(m_h1=[5.0, 5.3669], m_x=0.05, sin_theta=0.01, lambda_phi_x=0.0)
    assert constraints.table(resonant, ["Bs"])[0].allowed.tolist() == [True, False]
    assert constraints.table(resonant.replace(m_h1=[5.0, 5.2797]), ["B0"])[0].allowed.tolist() == [True, False]
    assert not constraints.table(POINT.replace(sin_theta=0.006), ["K*0"])[0].allowed
    assert constraints.table(POINT.replace(sin_theta=0.005), ["K*0 literal"])[0].allowed
    # on the resonance today, not at freeze-out
    assert not constraints.table(light.replace(m_x=0.1, lambda_phi_x=0.02), ["CMB"])[0].allowed


@pytest.mark.identity
def test_distance_in_standard_deviations():
    by_name = {row.name: row for row in constraints.table(POINT, inputs="today")}
    with inputs.use("today"):
        gap, n_eff = inputs.get("measured.delta_a_mu"), inputs.get("measured.n_eff")
    assert_allclose(by_name["muon g-2"].sigma, (muon.delta_a_mu(0.0115, 5e-4) - 38e-11) / 63e-11, rtol=1e-12)
    assert_allclose(by_name["muon g-2"].limit, gap.value + 2.0 * gap.uncertainty, rtol=1e-12)
    total = neutrinos.n_eff() + neutrinos.delta_n_eff_zp(0.0115, 5e-4)
    assert_allclose(by_name["N_eff"].sigma, (total - n_eff.value) / n_eff.uncertainty, rtol=1e-9)
    # a limit at 95 % is 1.645 standard deviations of a measurement of zero, one at 90 % is 1.282
    assert_allclose(by_name["Higgs"].sigma, 1.6448536 * by_name["Higgs"].value / 0.107, rtol=1e-7)
    assert_allclose(by_name["B0"].sigma, 1.2815516 * by_name["B0"].value / 2.4e-5, rtol=1e-7)
    # what states no level is taken for 95 %
    assert_allclose(ROWS["Higgs"].sigma, 1.6448536 * ROWS["Higgs"].value / 0.13, rtol=1e-7)
    assert by_name["NA62"].sigma == 0.0


@pytest.mark.identity
def test_the_verdict_in_a_word():
    grid = model.DarkSector(m_zp=[0.03, 0.03, 0.0115, -1.0], g_x=[1e-4, 5.2e-4, 5e-4, 1e-4])
    found = constraints.verdict(grid, inputs="today")
    assert found.word.tolist() == ["alive", "in tension", "excluded", ""]
    rows = [row.sigma for row in constraints.table(grid, inputs="today")]
    assert_allclose(found.sigma, np.max(rows, axis=0), rtol=1e-12)
    assert constraints.verdict(grid.select([2])).word.tolist() == ["alive"], "the talk's limits leave benchmark A alone"
    with pytest.raises(DataError, match="input set"):
        constraints.verdict(grid, inputs="tomorrow")


@pytest.mark.identity
def test_rows_carry_unit_level_and_source():
    for name, row in ROWS.items():
        assert row.unit in ("1", "GeV^-2", "GeV^-3") and 0.0 <= row.cl <= 0.98
        assert row.source and row.cite, name
    assert ROWS["DarkSide-50"].unit == "GeV^-2" and ROWS["CMB"].unit == "GeV^-3"
    assert ROWS["Higgs"].cl == 0.0 and ROWS["K*0"].cl == 0.9
    assert constraints.table(POINT, ["Higgs"], inputs="today")[0].cl == 0.95
    assert ROWS["Bs"].cl == ROWS["B0"].cl == 0.9 and ROWS["B0"].cite == inputs.get("bound.b0_invisible").cite
    assert ROWS["Higgs"].cite == "Talk25" and ROWS["K*0"].cite == inputs.get("published.br_kstar_limit").cite


@pytest.mark.identity
def test_the_set_of_today_has_other_limits():
    today = {row.name: row for row in constraints.table(POINT, inputs="today")}
    assert tuple(name for name in today if name in ROWS) == tuple(ROWS)
    expected = {"Higgs": 0.107, "N_eff": 0.107, "N_eff with X": 0.107, "muon g-2": 1.64e-9}
    for name, limit in expected.items():
        assert_allclose(today[name].limit, limit, rtol=1e-9, err_msg=name)
        assert today[name].value == ROWS[name].value and today[name].limit < ROWS[name].limit
    # and without the keyword it is what is in use
    with inputs.use("today"):
        assert constraints.table(POINT, ["Higgs"])[0].limit == 0.107
        assert constraints.table(POINT, ["Higgs"], inputs="talk")[0].limit == 0.13
    assert constraints.table(POINT, ["Higgs"])[0].limit == 0.13
    assert ROWS["muon g-2"].allowed and not today["muon g-2"].allowed


@pytest.mark.identity
def test_defaults_follow_the_set_in_use():
    before = widths.sin_theta_max(23.0), constraints.mixing_limits(1.0)["K*0"], borexino.coupling_limit(0.01)
    reach = constraints.reach(POINT).sin_theta
    changes = {"bound.higgs_invisible": 0.05, "bound.kstar": 1.2e-5, "bound.solar_ratio": 1.1}
    with inputs.override(changes):
        assert_allclose(widths.sin_theta_max(23.0), widths.sin_theta_max(23.0, 0.05), rtol=1e-12)
        assert constraints.mixing_limits(1.0)["K*0"] < before[1] and borexino.coupling_limit(0.01) < before[2]
        assert constraints.reach(POINT).sin_theta < reach
    assert before == (widths.sin_theta_max(23.0), constraints.mixing_limits(1.0)["K*0"], borexino.coupling_limit(0.01))


@pytest.mark.identity
def test_table_has_only_rows_that_the_sector_can_answer():
    bare = [row.name for row in constraints.table(model.benchmark("B"))]
    assert bare == ["N_eff", "trident", "NA64mu", "muon g-2", "Borexino"]
    assert [row.name for row in constraints.table(model.benchmark("B").replace(m_h1=1.0))] == bare
    scalar = [row.name for row in constraints.table(model.benchmark("B").replace(m_h1=1.0, sin_theta=0.0))]
    assert scalar == ["Higgs", "K*0", "K*0 literal", "Bs", "B0", "NA62", "KOTO", *bare]
    # with an X its coupling belongs to every rate of H1
    dark = model.benchmark("B").replace(m_h1=1.0, sin_theta=0.01, m_x=0.1)
    assert [row.name for row in constraints.table(dark)] == [*bare[:1], "N_eff with X", *bare[1:]]
    assert {"Higgs", "Bs", "CMB", "DarkSide-50"} <= set(constraints.verdict(dark).left_out)
    for name in ("Higgs", "K*0", "Bs", "NA62", "CMB", "relic density"):
        with pytest.raises(ParameterError, match="lambda_phi_x is not set"):
            constraints.table(dark, [name])
        with pytest.raises(ParameterError, match="sin_theta is not set" if name not in ("CMB", "relic density") else "m_x is"):
            constraints.table(model.benchmark("B").replace(m_h1=1.0), [name])
    # without a charge a direct search would be the Higgs bosons alone: it is not asked, or asks back
    uncharged = POINT.replace(q_x=None)
    assert not {row.name for row in constraints.table(uncharged)} & set(direct_detection.EXPERIMENTS)
    assert set(constraints.verdict(uncharged).left_out) == set(direct_detection.searches())
    with pytest.raises(ParameterError, match="q_x is not set"):
        constraints.table(uncharged, ["DarkSide-50"])


@pytest.mark.identity
def test_a_search_has_a_row_where_it_has_a_curve():
    new = {"CRESST-III-2024", "DarkSide-50-Migdal", "XENONnT", "LZ-light", "DAMIC-M-Migdal", "XENONnT-electron"}
    rows = {name: {row.name for row in constraints.table(POINT, inputs=name)} for name in ("talk", "today")}
    assert rows["today"] - rows["talk"] == new and not rows["talk"] - rows["today"]
    assert set(constraints.verdict(POINT, inputs="today").rows) == rows["today"]
    with inputs.use("today"):
        assert new < set(constraints.names()) and not new & set(rows["talk"])
        assert constraints.table(POINT, ["XENONnT"])[0].cite == "XENONnT26"
    with pytest.raises(ParameterError, match="which = 'XENONnT'"):
        constraints.table(POINT, ["XENONnT"])
    with pytest.raises(ParameterError, match="without = 'XENONnT'"):
        constraints.verdict(POINT, without=["XENONnT"])
    assert set(constraints.verdict(POINT.replace(q_x=None), inputs="today").left_out) > new


@pytest.mark.identity
def test_verdict_is_that_of_all_rows():
    grid = POINT.replace(m_x=[[0.5], [-1.0], [1.5]], sin_theta=[0.0005, 0.004])
    which = [name for name in constraints.names() if name not in ("N_eff", "N_eff with X", "relic density")]
    rows, found = constraints.table(grid, which), constraints.verdict(grid, which)
    assert found.rows == tuple(which) and found.left_out == ()
    assert np.array_equal(found.allowed, np.all([row.allowed for row in rows], axis=0))
    assert found.allowed.tolist() == [[True, False], [False, False], [False, False]]
    assert found.limit.tolist() == [["NA64mu", "Higgs"], ["", ""], ["DarkSide-50", "DarkSide-50"]]
    assert np.isnan(found.ratio[1]).all()
    by_name = {row.name: row for row in rows}
    for at in ((0, 0), (0, 1), (2, 0)):
        row = by_name[str(found.limit[at])]
        assert_allclose(found.ratio[at], row.value[at] / row.limit[at], rtol=1e-12)
        assert found.ratio[at] == max(row.value[at] / row.limit[at] for row in rows)
        assert found.allowed[at] == (found.ratio[at] <= 1.0)
    whole = constraints.verdict(POINT)
    assert whole.rows == constraints.names() and whole.left_out == () and not whole.allowed and whole.limit == "DarkSide-50"
    with pytest.raises(ParameterError, match="which is empty"):
        constraints.verdict(POINT, [])


@pytest.mark.identity
def test_slow_limits_are_computed_once_per_distinct_point(monkeypatch):
    asked = []

    def n_eff(species, variant, *_):
        asked.append(np.size(species[-1].mass) if species else 0)
        return np.float64(3.0) if not species else 3.0 + np.asarray(100.0 * species[-1].mass)

    standard = neutrinos._standard_n_eff("common")
    monkeypatch.setattr(neutrinos, "_n_eff", n_eff)
    grid = model.benchmarks().replace(m_h1=np.linspace(1.0, 4.0, 50)[:, None])
    row = constraints.table(grid, ["N_eff"])[0]
    assert max(asked) == 3
    assert_allclose(row.value, np.broadcast_to(3.0 + 100.0 * grid.m_zp - standard, (50, 3)), rtol=1e-12)
    # and a rate that two rows compare with different limits only once
    rates = []
    monkeypatch.setattr(meson_decays, "br_b_to_kstar_invisible", lambda sector: rates.append(1) or np.full(sector.shape, 1e-6))
    found = constraints.table(POINT, ["K*0", "K*0 literal"])
    assert rates == [1] and found[0].value == found[1].value == 1e-6


@pytest.mark.identity
def test_many_distinct_points_are_interpolated(monkeypatch):
    grid = POINT.replace(m_x=[1.5, 0.01, 0.004], m_zp=[0.0115, 0.02, 0.012])
    exact = constraints.table(grid, ["N_eff", "N_eff with X"])
    asked = []
    real = neutrinos.delta_n_eff
    monkeypatch.setattr(neutrinos, "delta_n_eff", lambda *a, interpolated: asked.append(interpolated) or real(*a))
    monkeypatch.setattr(constraints, "_MANY", 3)
    for wanted, part in ((True, grid), (False, grid.select([0, 1, 1]))):
        found = constraints.table(part, ["N_eff", "N_eff with X"])
        assert asked == [wanted, wanted]
        asked.clear()
        if wanted:
            for one, other in zip(found, exact, strict=True):
                assert_allclose(one.value, other.value, rtol=1e-12)


@pytest.mark.identity
def test_point_on_its_limit_is_allowed():
    sector = POINT.replace(m_x=0.3, lambda_phi_x=0.8, q_phi=[1.0, 0.2])
    top = widths.sin_theta_max(sector.v_phi, m_h1=2.0, m_zp=0.0115, m_x=0.3, lambda_phi_x=0.8)
    for factor, allowed in ((1.0, True), (1.0 + 1e-6, False)):
        row = constraints.table(sector.replace(sin_theta=factor * top), ["Higgs"])[0]
        assert row.allowed.tolist() == [allowed, allowed]


@pytest.mark.identity
def test_grids_are_masked():
    grid = POINT.replace(m_x=[[0.5], [-1.0], [1.5]], m_h1=[2.0, 200.0])
    for row in constraints.table(grid):
        assert row.value.shape == row.limit.shape == row.allowed.shape == (3, 2)
        assert np.isnan(row.value[1]).all() and np.isnan(row.value[:, 1]).all()
        assert not row.allowed[1].any()
        assert_allclose(row.value[2, 0], ROWS[row.name].value, rtol=1e-9)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: constraints.table(POINT, ["Higs"]), "which = 'Higs' is not one of 'Higgs'"),
        (lambda: constraints.table(model.benchmark("A"), ["Higgs"]), "m_h1 is not set"),
        (lambda: constraints.table(model.benchmark("A"), ["N_eff with X"]), "m_x is not set"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.identity
def test_mixing_limits_agree_with_the_table():
    masses = np.array([0.15, 0.25, 1.0, 3.0])
    for name, top in constraints.mixing_limits(masses).items():
        for mass, sine in zip(masses, top, strict=True):
            if not np.isfinite(sine):
                continue
            sector = model.benchmark("B").replace(m_h1=mass, sin_theta=sine * np.array([0.999, 1.001]))
            row = constraints.table(sector, [name])[0]
            assert row.allowed.tolist() == [True, False], (name, mass)


@pytest.mark.identity
def test_mixing_limits_outside_phase_space_and_range_exclude_nothing():
    found = constraints.mixing_limits([0.01, 0.5, 4.39, 5.0])
    assert np.isinf(found["K*0"][2:]).all() and np.isfinite(found["K*0"][:2]).all()
    assert np.isinf(found["NA62"][1:]).all() and np.isinf(found["KOTO"][2:]).all()


@pytest.mark.identity
def test_reach_agrees_with_the_verdict_of_the_table():
    sector = model.benchmark("A").replace(m_h1=2.0, q_phi=[1.0, 0.2])
    found = constraints.reach(sector)
    assert found.limit.tolist() == ["Higgs", "K*0"] and found.reached.tolist() == [False, True]
    for factor, allowed in ((0.999, True), (1.001, False)):
        near = sector.replace(sin_theta=factor * found.sin_theta)
        assert constraints.verdict(near, ["Higgs", "K*0", "Bs", "B0", "NA62", "KOTO"]).allowed.tolist() == [allowed, allowed]
    assert_allclose(found.rate, meson_decays.br_b_to_k_invisible(sector.replace(sin_theta=found.sin_theta)), rtol=1e-4)


@pytest.mark.identity
@pytest.mark.parametrize(("m_h1", "limit"), [(5.3669, "Bs"), (5.2797, "B0"), (4.2, "K*0")])
def test_reach_ends_at_the_resonant_decays(m_h1, limit):
    # the width of H1 and what the decay takes from the meson itself make the rate no pure square of the mixing
    sector = model.benchmark("B").replace(m_h1=m_h1, m_x=0.5, lambda_phi_x=1e-4, q_phi=0.02)
    found = constraints.reach(sector)
    assert found.limit == limit
    for factor, allowed in ((0.999, True), (1.001, False)):
        near = sector.replace(sin_theta=factor * found.sin_theta)
        assert constraints.verdict(near, ["Higgs", "K*0", "Bs", "B0"]).allowed == allowed


@pytest.mark.identity
def test_gain_of_reach_is_that_of_the_likelihood():
    likelihood, line = belle2.Likelihood(), belle2.Spectrum.line(2.0)
    found = constraints.reach(model.benchmark("A").replace(m_h1=2.0, q_phi=[1.0, 0.2]))
    gain = likelihood.chi2(line, 0.0) - likelihood.chi2(line, np.minimum(found.rate, found.wanted))
    assert_allclose(found.gain, gain, rtol=1e-3)
    assert found.gain[0] < found.free[0] and found.gain[1] == pytest.approx(found.free[1], rel=1e-6)


@pytest.mark.identity
def test_reach_keeps_masked_points_in_their_places():
    found = constraints.reach(POINT.replace(m_x=[[0.5], [-1.0]], m_h1=[2.0, 5.0]))
    assert found.rate.shape == found.limit.shape == found.reached.shape == (2, 2)
    assert np.isnan(found.gain[1]).all() and not found.reached[1].any() and (found.limit[1] == "").all()
    assert_allclose(found.gain[0, 0], constraints.reach(POINT.replace(m_x=0.5)).gain, rtol=1e-6)


@pytest.mark.identity
@pytest.mark.parametrize(("meson", "row"), [("m_Bs", "Bs"), ("m_B0", "B0")])
def test_the_largest_mixing_on_a_resonant_meson_is_at_its_limit(meson, row):
    # H1 as heavy as the meson, narrow: the decay takes a part of the mesons that is not small, and the rate is no square
    sector = POINT.replace(m_h1=inputs.value(meson), m_x=0.5, lambda_phi_x=1e-3, q_phi=0.2)
    found = constraints.reach(sector)
    assert str(found.limit) == row
    there = constraints.table(sector.replace(sin_theta=found.sin_theta), [row])[0]
    assert_allclose(there.value, there.limit, rtol=1e-9)


@pytest.mark.identity
def test_first_of_equal_limits_is_named():
    # X of 0.5 GeV is long gone: N_eff with X and without it differ in their last bits only
    sector = model.DarkSector(m_zp=0.02, g_x=1e-4, m_x=0.5)
    assert str(constraints.verdict(sector, ["N_eff", "N_eff with X"]).limit) == "N_eff"
    assert str(constraints.verdict(sector, ["N_eff with X", "N_eff"]).limit) == "N_eff with X"


@pytest.mark.identity
def test_any_number_against_an_input():
    # an upper limit of 90 % is at 1.2816 standard deviations; another limit has the same level
    row = constraints.compare([0.9e-5, 1.8e-5, 1.9e-5], "bound.kstar")
    assert_allclose(row.sigma, 1.281552 * np.array([0.5, 1.0, 19.0 / 18.0]), rtol=1e-6)
    assert row.allowed.tolist() == [True, True, False]
    assert_allclose(constraints.compare(1e-5, "bound.kstar", 5e-6).sigma, 2.0 * 1.281552, rtol=1e-6)
    # a measured value allows up to two standard deviations more
    density = inputs.get("Omega h^2")
    row = constraints.compare(density.value + np.array([-1.0, 1.9, 2.1]) * density.uncertainty, "Omega h^2")
    assert_allclose(row.sigma, [-1.0, 1.9, 2.1], rtol=1e-9)
    assert row.allowed.tolist() == [True, True, False]
    # five standard deviations are at 3.9 times a limit of 90 %
    words = constraints.compare(1.8e-5 * np.array([1.0, 1.01, 3.9, 3.91]), "bound.kstar").word
    assert words.tolist() == ["allowed", "in tension", "in tension", "excluded"]
    # the rows of a table are compared in the same way
    sector = model.benchmark("B").replace(m_h1=2.0, sin_theta=0.0057)
    higgs = constraints.table(sector, ["Higgs"])[0]
    same = constraints.compare(higgs.value, "bound.higgs_invisible")
    assert (same.limit, same.sigma, same.allowed, same.cl) == (higgs.limit, higgs.sigma, higgs.allowed, higgs.cl)


@pytest.mark.identity
def test_records_are_the_rows_point_by_point():
    grid = model.benchmark("B").replace(m_h1=[[2.0], [3.0]], sin_theta=[0.001, 0.01, np.nan])
    rows = constraints.table(grid, ["Higgs", "trident"])
    assert isinstance(rows, tuple) and rows == tuple(rows) and rows[1].name == "trident"
    records = rows.records()
    assert [(record["name"], record["point"]) for record in records] == [(row.name, i) for row in rows for i in range(6)]
    for i, row in enumerate(rows):
        part = records[6 * i : 6 * i + 6]
        for name in ("value", "limit", "allowed", "sigma", "word"):
            assert_array_equal([record[name] for record in part], np.broadcast_to(getattr(row, name), (2, 3)).ravel())
        assert {(r["unit"], r["cl"], r["source"], r["cite"]) for r in part} == {(row.unit, row.cl, row.source, row.cite)}
    # every column has one type, which is a plain one: what a data frame of any library takes
    plain = {"name": str, "point": int, "value": float, "limit": float, "allowed": bool, "sigma": float, "word": str}
    plain |= {"unit": str, "cl": float, "source": str, "cite": str}
    assert all({name: type(value) for name, value in record.items()} == plain for record in records)
    assert [record["point"] for record in constraints.table(POINT, ["Higgs", "CMB"]).records()] == [0, 0]
    again = pickle.loads(pickle.dumps(rows))
    assert type(again) is constraints.Rows and again == rows and constraints.Rows().records() == []


@pytest.mark.house
def test_records_become_a_data_frame():
    frame = pandas.DataFrame(constraints.table(POINT).records()).set_index("name")
    assert frame.loc["Higgs", "value"] == ROWS["Higgs"].value and frame["allowed"].dtype == bool
