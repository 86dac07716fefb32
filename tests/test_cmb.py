import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from darkhiggs import annihilation, cmb, direct_detection, kinetic_mixing, model, relic, scan, units, widths
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural

M_E, M_MU = natural("m_e"), natural("m_mu")
SECTOR = {"m_zp": 0.0115, "g_x": 5e-4, "m_x": 0.1, "m_h1": 1.0, "sin_theta": 3e-3, "lambda_phi_x": 1e-3}


# Another reading of figure 3 of arXiv:1506.03811, the one that the package hazma carries
@pytest.mark.published
@pytest.mark.parametrize(
    ("channel", "energy", "value"),
    [
        ("ee", 2.5e-5, 0.3032),
        ("ee", 3.615e-4, 0.1864),
        ("ee", 1.0632e-3, 0.1845),
        ("ee", 5.2606e-3, 0.8199),
        ("ee", 2.6363e-2, 0.9934),
        ("ee", 0.13045, 0.8266),
        ("ee", 1.1140, 0.4027),
        ("ee", 5.5825, 0.6396),
        ("ee", 27.80, 0.4892),
        ("ee", 137.55, 0.4094),
        ("gammagamma", 3.6512e-4, 0.3217),
        ("gammagamma", 5.251e-3, 0.4719),
        ("gammagamma", 7.719e-2, 0.7210),
        ("gammagamma", 1.9406, 0.3285),
        ("gammagamma", 16.032, 0.4225),
        ("gammagamma", 140.9, 0.4343),
    ],
)
def test_efficiency_against_another_reading(channel, energy, value):
    assert_allclose(cmb.f_eff(energy, channel), value, rtol=0.04)


@pytest.mark.published
def test_efficiency_against_coarse_readings():
    ee = {
        0.001: 0.18,
        0.005: 0.80,
        0.01: 0.94,
        0.02: 0.98,
        0.05: 0.97,
        0.1: 0.88,
        0.2: 0.73,
        0.5: 0.50,
        1: 0.41,
        2: 0.49,
        5: 0.63,
    }
    photons = {0.001: 0.15, 0.005: 0.46, 0.01: 0.63, 0.05: 0.73, 0.1: 0.71, 0.5: 0.50, 1: 0.38, 5: 0.38, 10: 0.43, 100: 0.41}
    assert_allclose(cmb.f_eff(list(ee)), list(ee.values()), rtol=1e-9)
    assert_allclose(cmb.f_eff(list(photons), "gammagamma"), list(photons.values()), rtol=0.02)
    assert get("p_ann").value == 3.2e-28 and get("p_ann.no_lensing").value == 3.5e-28
    assert get("talk.cmb_mass").value == 20.0 and get("talk.cmb_mass_backup").value == 10.0


@pytest.mark.identity
def test_efficiency_between_points():
    assert_allclose(cmb.f_eff(np.sqrt(0.1 * 0.2)), 0.5 * (0.88 + 0.73), rtol=1e-9)
    assert cmb.f_eff(np.ones((2, 3))).shape == (2, 3)
    for channel in cmb.CHANNELS:
        energy, value = natural(f"f_eff.{channel}.energy"), natural(f"f_eff.{channel}.value", "1")
        assert np.all(np.diff(energy) > 0) and np.all((value > 0.1) & (value < 1.0)) and energy.shape == value.shape


@pytest.mark.published
def test_limit_on_a_self_conjugate_particle():
    # f_eff = 0.88 at 0.1 GeV, 3.2e-28 cm^3/s/GeV
    limit = units.convert(cmb.annihilation_limit(0.1 + M_E, self_conjugate=True), "GeV^-2", "cm^3/s")
    assert_allclose(limit, 3.2e-28 * (0.1 + M_E) / 0.88, rtol=1e-9)
    limit = units.convert(cmb.annihilation_limit(0.5, "gammagamma", True), "GeV^-2", "cm^3/s")
    assert_allclose(limit, 3.2e-28 * 0.5 / 0.50, rtol=1e-9)
    assert_allclose(units.convert(cmb.p_ann_max(), "GeV^-3", "cm^3/s/GeV"), 3.2e-28, rtol=1e-12)


@pytest.mark.identity
def test_complex_particle_injects_half():
    masses = np.geomspace(1e-3, 1e3, 7)
    for channel in cmb.CHANNELS:
        ratio = cmb.annihilation_limit(masses, channel) / cmb.annihilation_limit(masses, channel, True)
        assert_allclose(ratio, 2.0, rtol=1e-12)


@pytest.mark.independent
@pytest.mark.parametrize(("energy", "mass"), [(0.0115, 0.0115), (0.05, 0.0115), (2.0, 0.0115), (0.3, 0.15)])
def test_box_against_quadrature(energy, mass):
    # dN/dE is flat between the boosted ends; weighted with the energy over the mean E/2
    gamma, p_star = energy / mass, np.sqrt(mass**2 / 4 - M_E**2)
    half = np.sqrt(gamma**2 - 1) * p_star
    low, high = energy / 2 - half, energy / 2 + half

    def weighted(e):
        return e * float(cmb.f_eff(max(e - M_E, 5e-6)))

    if half == 0.0:
        expected = cmb.f_eff(energy / 2 - M_E)
    else:
        points = [p + M_E for p in natural("f_eff.ee.energy") if low < p + M_E < high]
        value, _ = integrate.quad(weighted, low, high, points=points or None, limit=400)
        expected = value / (high - low) / (energy / 2)
    assert_allclose(cmb.f_eff_cascade(energy, mass), expected, rtol=2e-3)


@pytest.mark.independent
def test_two_steps_against_a_simulation():
    rng = np.random.default_rng(5)
    m_h1, m_zp, energy = 0.5, 0.0115, 0.8
    cosine = rng.uniform(-1, 1, (2, 400_000))
    e_zp = energy / m_h1 * (m_h1 / 2 + np.sqrt(1 - m_h1**2 / energy**2) * np.sqrt(m_h1**2 / 4 - m_zp**2) * cosine[0])
    p_zp = np.sqrt(e_zp**2 - m_zp**2)
    e_e = (e_zp * m_zp / 2 + p_zp * np.sqrt(m_zp**2 / 4 - M_E**2) * cosine[1]) / m_zp
    expected = np.sum(e_e * cmb.f_eff(np.maximum(e_e - M_E, 5e-6))) / np.sum(e_e)
    # a simulation of this size is good to 5e-4
    assert_allclose(cmb.f_eff_cascade(energy, m_h1, m_zp), expected, rtol=2e-3)


@pytest.mark.identity
def test_cascade_conserves_energy_and_has_the_right_limits(monkeypatch):
    # at rest: two electrons of half the mass
    assert_allclose(cmb.f_eff_cascade(0.2, 0.2), cmb.f_eff(0.1 - M_E), rtol=1e-9)
    # at the threshold of Z' -> e+e- the electrons keep the velocity of the Z'
    assert_allclose(cmb.f_eff_cascade(1.0, 2 * M_E), cmb.f_eff(0.5 - M_E), rtol=1e-9)
    # H1 at the threshold of Z'Z'
    assert_allclose(cmb.f_eff_cascade(1.0, 0.4, 0.2), cmb.f_eff_cascade(0.5, 0.2), rtol=1e-9)
    grid = cmb.f_eff_cascade(np.array([[0.5], [1.0]]), [0.0115, 0.1, 0.3])
    assert grid.shape == (2, 3)
    assert_allclose(grid[1, 2], cmb.f_eff_cascade(1.0, 0.3), rtol=1e-12)
    # an efficiency of one everywhere comes back as one
    monkeypatch.setattr(cmb, "_efficiency", lambda energy, channel: np.ones_like(energy))
    assert_allclose(cmb.f_eff_cascade(1.0, 0.4, 0.0115), 1.0, rtol=1e-12)


@pytest.mark.published
def test_thermal_line_of_electrons():
    # 2.2e-26 cm^3/s below some 30 GeV: Planck 2018 figure 46; a complex particle needs and may have twice as much
    thermal = units.convert(2.2e-26, "cm^3/s", "GeV^-2")
    mass = cmb.excluded_below(lambda m: thermal + 0 * m, self_conjugate=True)
    assert 28.0 < mass < 38.0
    assert_allclose(cmb.annihilation_limit(mass, "ee", True), thermal, rtol=1e-3)
    assert_allclose(cmb.excluded_below(lambda m: 2 * thermal + 0 * m), mass, rtol=1e-9)
    assert 20.0 < cmb.excluded_below(lambda m: thermal + 0 * m, "gammagamma", True) < mass
    # the highest crossing counts, and a line that never crosses
    limit = cmb.annihilation_limit
    assert_allclose(
        cmb.excluded_below(lambda m: limit(m) * np.where(m < 0.01, 2.0, np.where(m < 3.0, 0.5, 10 / m))), 10.0, rtol=1e-3
    )
    assert cmb.excluded_below(lambda m: 0.9 * limit(m)) == 0.0
    assert np.isinf(cmb.excluded_below(lambda m: 1.1 * limit(m)))


@pytest.mark.identity
@pytest.mark.parametrize("own", [True, False])
def test_efficiency_at_the_edge_of_a_thermal_relic(own):
    edges = [cmb.excluded_below(channel=channel, self_conjugate=own) for channel in cmb.CHANNELS]
    energy = np.array(edges) - [M_E, 0.0]
    expected = [cmb.f_eff(e, channel) for e, channel in zip(energy, cmb.CHANNELS, strict=True)]
    assert_allclose(cmb.f_eff_max(edges, own), expected, rtol=1e-3)
    assert edges[0] == cmb.excluded_below(lambda m: relic.thermal_cross_section(m, "s", own), "ee", own)


def rates(sector):
    return {c: float(annihilation.sigma_v(sector, 0.0, c)) for c in ("zpzp", "h1h1", "zph1", "nunu", "leptons")}


@pytest.mark.independent
@pytest.mark.parametrize("name", ["A", "A10", "B"])
def test_visible_part_of_the_z_prime(name):
    # (e eps(m^2)/g)^2 of the widths, by hand
    p = model.benchmark(name).replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    e = np.sqrt(4 * np.pi / natural("1/alpha(0)", "1"))
    r = (M_E / p.m_zp) ** 2
    share = (e * kinetic_mixing.epsilon(p.g_x, p.m_zp**2) / p.g_x) ** 2 * np.sqrt(1 - 4 * r) * (1 + 2 * r)
    assert_allclose(cmb.visible_fraction(p), share / (1 + share), rtol=1e-6)
    assert 1.8e-5 < cmb.visible_fraction(p) < 2.1e-5
    # p_ann: half of f_eff sigma v/m times this share
    expected = 0.5 * share / (1 + share) * rates(p)["zpzp"] * cmb.f_eff_cascade(0.1, p.m_zp) / 0.1
    assert_allclose(cmb.p_ann(p), expected, rtol=1e-6)


@pytest.mark.independent
def test_h1_pairs_channel_by_channel():
    # m_H1 = 80 MeV, below the muons: e+e- through the mixing, and Z'Z'
    sector = model.DarkSector(**(SECTOR | {"m_x": 0.3, "m_h1": 0.08, "sin_theta": 0.5, "lambda_phi_x": 1e-5, "g_x": 1e-5}))
    rate, visible = rates(sector), 1 - widths.br_zp_invisible(sector)
    total = widths.gamma_h1(sector)
    e_e, z_z = widths.gamma_h1_to_leptons(sector) / total, widths.gamma_h1_to_zpzp(sector) / total
    assert rate["h1h1"] > 0.01 * rate["zpzp"] and e_e > 1e-9
    seen = visible * rate["zpzp"] + (e_e + z_z * visible) * rate["h1h1"] + rate["leptons"]
    assert_allclose(cmb.visible_fraction(sector), seen / sum(rate.values()), rtol=1e-9)
    chain = cmb.f_eff_cascade(0.3, 0.08, 0.0115)
    taken = visible * rate["zpzp"] * cmb.f_eff_cascade(0.3, 0.0115)
    taken += rate["h1h1"] * (e_e * cmb.f_eff_cascade(0.3, 0.08) + z_z * visible * chain)
    taken += rate["leptons"] * 0.99
    assert_allclose(cmb.p_ann(sector), 0.5 * taken / 0.3, rtol=1e-9)
    # H1 -> e+e- alone: everything that goes to H1 H1 is seen
    alone = model.DarkSector(m_zp=0.5, g_x=1e-3, m_x=0.1, m_h1=0.05, sin_theta=1e-3, lambda_phi_x=1e-5)
    assert_allclose(cmb.visible_fraction(alone), 1.0, rtol=1e-9)
    assert_allclose(cmb.p_ann(alone), 5 * annihilation.sigma_v(alone, 0.0, "h1h1") * cmb.f_eff_cascade(0.1, 0.05), rtol=1e-2)
    # and with nothing to decay to it is not
    assert cmb.visible_fraction(alone.replace(sin_theta=0.0)) == 0.0


@pytest.mark.independent
def test_direct_leptons():
    # below the Z' and H1 only e+e- is left, through the mixing; above the muons the largest efficiency is used
    light = model.DarkSector(m_zp=0.5, g_x=1e-3, m_x=0.03, m_h1=0.2, sin_theta=0.1, lambda_phi_x=1e-2)
    assert_allclose(cmb.visible_fraction(light), 1.0, rtol=1e-12)
    sigma = annihilation.sigma_v(light, 0.0, "leptons")
    assert sigma > 0.0
    assert_allclose(cmb.p_ann(light), 0.5 * sigma * cmb.f_eff(0.03 - M_E) / 0.03, rtol=1e-9)
    heavier = light.replace(m_x=0.12, m_h1=1.0)
    sigma = annihilation.sigma_v(heavier, 0.0, "leptons")
    assert_allclose(cmb.p_ann(heavier), 0.5 * sigma * 0.99 / 0.12, rtol=1e-9)
    # without H1 and below the Z' there is no s-wave at all
    nothing = model.DarkSector(m_zp=0.5, g_x=1e-3, m_x=0.03, q_x=1.0)
    assert cmb.visible_fraction(nothing) == 0.0 and cmb.p_ann(nothing) == 0.0


@pytest.mark.identity
def test_muons_have_the_largest_efficiency_of_the_table():
    # a Z' and an H1 above 2 m_mu: the largest efficiency of the table
    for m_zp in (2 * M_MU * 1.001, 0.5):
        sector = model.DarkSector(m_zp=m_zp, g_x=1e-2, m_x=0.8, q_x=1.0)
        visible = 1 - widths.br_zp_invisible(sector)
        assert_allclose(cmb.p_ann(sector), 0.5 * 0.99 * visible * rates(sector)["zpzp"] / 0.8, rtol=1e-9)
    sector = model.DarkSector(**(SECTOR | {"m_zp": 0.3, "g_x": 1e-2, "m_x": 2.0, "sin_theta": 0.1}))
    assert_allclose(
        cmb.p_ann(sector) / (0.5 * annihilation.sigma_v(sector, 0.0) / 2.0), 0.99 * cmb.visible_fraction(sector), rtol=1e-9
    )
    assert cmb.visible_fraction(sector) > 0.1


@pytest.mark.talk
def test_model_evades_the_limit_at_all_benchmarks():
    # the talk: Z'Z', H1 H1 and Z' H1 are invisible. The thermal rate of a complex X is far below the limit, and e+e- above it
    thermal = units.convert(8.6e-26, "cm^3/s", "GeV^-2")
    for name in ("A", "A10", "B"):
        p = model.benchmark(name).replace(m_x=[0.02, 0.06, 0.1, 0.45, 1.2], m_h1=5.0, lambda_phi_x=1e-2)
        scaled = cmb.p_ann(p) * thermal / annihilation.sigma_v(p, 0.0)
        assert np.all(scaled < 0.2 * cmb.p_ann_max())
        assert np.all(thermal > 5.0 * cmb.annihilation_limit(p.m_x))


@pytest.mark.identity
def test_allowed_and_masked_points():
    sector = model.DarkSector(**(SECTOR | {"lambda_phi_x": np.array([[1e-3], [10.0]]), "m_h1": [1.0, -1.0, 0.5]}))
    values = cmb.p_ann(sector)
    assert values.shape == (2, 3) and np.isnan(values).tolist() == [[False, True, False]] * 2
    assert np.isnan(cmb.visible_fraction(sector)).tolist() == [[False, True, False]] * 2
    one = model.DarkSector(**(SECTOR | {"lambda_phi_x": 10.0, "m_h1": 0.5}))
    assert_allclose(values[1, 2], cmb.p_ann(one), rtol=1e-12)
    assert cmb.allowed(sector).tolist() == [[bool(x <= cmb.p_ann_max()) for x in row] for row in values]
    assert cmb.allowed(sector).tolist() == [[True, False, True], [False, False, False]]


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cmb.f_eff(1e-7), r"energy = 1e-07 GeV is outside its range \[5e-06, 1000\] GeV"),
        (lambda: cmb.f_eff(1.0, "bb"), "channel = 'bb' is not one of 'ee', 'gammagamma'"),
        (lambda: cmb.annihilation_limit(1e-4), r"mass = 0.0001 GeV is outside its range \[0.001, 1000\] GeV"),
        (lambda: cmb.annihilation_limit(1.0, "bb"), "channel = 'bb'"),
        (lambda: cmb.f_eff_cascade(1.0), "needs the mass of at least one"),
        (lambda: cmb.f_eff_cascade(0.01, 0.0115), "energy = 0.01 GeV is below the mass"),
        (lambda: cmb.f_eff_cascade(1.0, 0.02, 0.0115), "masses = 0.02 GeV is below twice"),
        (lambda: cmb.f_eff_cascade(1.0, 1e-3), "masses = 0.001 GeV is below twice"),
        (lambda: cmb.p_ann(model.benchmark("A")), "m_x is not set"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.identity
def test_light_h1_below_on_and_above_the_resonance():
    # 2.15 GeV, the mass that the spectrum of Belle II wants: everything is finite, and just above the pole the limit is exceeded
    m_x = 0.5 * 2.15 * np.array([0.02, 0.5, 0.99, 1.0, 1.0001, 1.5, 2.5])
    for mixing in (0.003, 0.1):
        line = scan.on_relic_line(model.benchmarks().replace(m_h1=2.15, sin_theta=mixing, m_x=m_x[:, None], q_x=0.7))
        assert (line.reason == "").all()
        ratio = cmb.p_ann(line) / cmb.p_ann_max()
        assert np.isfinite(ratio).all() and (ratio >= 0.0).all()
        assert np.array_equal(cmb.allowed(line), ratio <= 1.0)
        assert (ratio[[0, 1, 2, 5, 6]] < 1.0).all() and (ratio[4] > ratio[5]).all()
        for search in direct_detection.searches():
            assert np.isfinite(direct_detection.over_limit(line, search)).all()
