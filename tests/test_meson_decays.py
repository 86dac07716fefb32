from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from darkhiggs import form_factors, kinematics, model, widths
from darkhiggs import meson_decays as md
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural

THREE = model.DarkSector(m_zp=0.3, g_x=0.03, m_h1=5.0, m_x=0.4, sin_theta=0.01, lambda_phi_x=0.3)


# mpmath, 15 digits, from the penguin operator without reference to this library
@pytest.mark.independent
@pytest.mark.parametrize(
    ("m", "value"),
    [
        (0.05, 0.52537199725),
        (0.5, 0.52689173563),
        (1.0, 0.53152713618),
        (2.0, 0.550398005),
        (3.0, 0.58108200076),
        (4.0, 0.59713483),
        (4.7, 0.33351931665),
    ],
)
def test_b_to_k_against_mpmath(m, value):
    assert_allclose(md.br_b_to_k_scalar(m, 1.0), value, rtol=1e-9)


@pytest.mark.independent
@pytest.mark.parametrize(
    ("m", "value"),
    [(0.05, 0.51591448947), (1.0, 0.51535280662), (2.0, 0.5043791621), (3.0, 0.4413597361), (4.0, 0.18022122776)],
)
def test_b_to_kstar_against_mpmath(m, value):
    # mpmath used the four-digit coefficients of the BSZ15 table
    assert_allclose(md.br_b_to_kstar_scalar(m, 1.0), value, rtol=5e-5)


@pytest.mark.independent
@pytest.mark.parametrize(
    ("m", "charged", "neutral"),
    [
        (0.05, 1.4879459961e-3, 5.4180655053e-3),
        (0.15, 1.326889989e-3, 4.8535382919e-3),
        (0.3, 7.0541258207e-4, 2.7140864826e-3),
    ],
)
def test_kaons_against_mpmath(m, charged, neutral):
    # mpmath used pion masses rounded to 1e-5 GeV
    assert_allclose(md.br_k_to_pi_scalar(m, 1.0), charged, rtol=2e-5)
    assert_allclose(md.br_kl_to_pi0_scalar(m, 1.0), neutral, rtol=2e-5)


@pytest.mark.independent
@pytest.mark.parametrize(
    ("m", "value"),
    [(0.5, 0.00584488), (1.0, 0.00581934), (2.0, 0.00571871), (3.0, 0.00556567), (4.0, 0.00549035), (4.5, 0.00595623)],
)
def test_mixing_for_a_rate_against_mpmath(m, value):
    assert_allclose(md.sin_theta_for(1.8e-5, md.br_b_to_k_scalar(m, 1.0)), value, rtol=2e-6)


@pytest.mark.independent
def test_b_to_k_from_the_amplitude():
    # |M|^2 = |kappa sin <K|s P_R b|B>|^2 with <K|s b|B> = f_0 (m_B^2 - m_K^2)/(m_b - m_s), Gamma = p |M|^2/(8 pi m_B^2)
    m, m_b, m_k = 2.0, natural("m_B+"), natural("m_K+")
    element = 0.5 * form_factors.b_to_k(m**2, "f0") * (m_b**2 - m_k**2) / (4.18 - 0.0934)
    width = kinematics.momentum(m_b, m_k, m) / (8 * np.pi * m_b**2) * (6.7e-6 * element) ** 2
    assert_allclose(md.br_b_to_k_scalar(m, 1.0), width * 1.638e-12 / 6.582119569e-25, rtol=1e-10)


@pytest.mark.independent
def test_b_to_kstar_from_the_amplitude():
    # <K*|s gamma_5 b|B> = 2 m_K* A_0 (e.q)/(m_b + m_s), only the longitudinal polarisation: e.q = m_B p/m_K*
    m, m_b, m_v = 2.0, natural("m_B0"), natural("m_K*0")
    p = kinematics.momentum(m_b, m_v, m)
    element = 0.5 * 2 * m_v * form_factors.b_to_kstar(m**2, "A0") / (4.18 + 0.0934) * m_b * p / m_v
    width = p / (8 * np.pi * m_b**2) * (6.7e-6 * element) ** 2
    assert_allclose(md.br_b_to_kstar_scalar(m, 1.0), width * 1.5113e-12 / 6.582119569e-25, rtol=1e-10)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("rate", "edge"),
    [
        (md.br_b_to_k_scalar, ("m_B+", "m_K+")),
        (md.br_b_to_kstar_scalar, ("m_B0", "m_K*0")),
        (md.br_k_to_pi_scalar, ("m_K+", "m_pi+")),
        (md.br_kl_to_pi0_scalar, ("m_K0", "m_pi0")),
    ],
)
def test_thresholds_and_scaling(rate, edge):
    end = natural(edge[0]) - natural(edge[1])
    assert rate(end * (1 + 1e-12), 1.0) == 0.0
    assert rate(end * (1 - 1e-9), 1.0) > 0.0
    # momentum to the power 1 for a pseudoscalar, 3 for a vector
    near = rate(end - np.array([1e-6, 4e-6]), 1.0)
    assert_allclose(near[1] / near[0], 8.0 if rate is md.br_b_to_kstar_scalar else 2.0, rtol=1e-4)
    assert_allclose(rate(0.1, 2e-3) / rate(0.1, 1e-3), 4.0, rtol=1e-12)
    assert_allclose(rate(0.1, 1e-3, kappa=2e-6) / rate(0.1, 1e-3, kappa=1e-6), 4.0, rtol=1e-12)
    assert_allclose(rate(0.1, -1e-3), rate(0.1, 1e-3), rtol=1e-15)
    assert rate(0.1, 0.0) == 0.0
    grid = rate(np.linspace(0.0, 6.0, 5)[:, None], np.array([1e-3, 1e-2]))
    assert grid.shape == (5, 2)


@pytest.mark.identity
def test_isospin_and_inputs():
    # neutral over charged is the lifetime ratio up to masses
    ratio = md.br_b_to_k_scalar(1.0, 1.0, "0") / md.br_b_to_k_scalar(1.0, 1.0)
    assert_allclose(ratio, 1.5113 / 1.638, rtol=2e-3)
    assert_allclose(md.br_b_to_kstar_scalar(1.0, 1.0, "+") / md.br_b_to_kstar_scalar(1.0, 1.0), 1.638 / 1.5113, rtol=5e-3)
    assert_allclose(md.br_b_to_k_scalar(1.0, 1.0, inputs="pdg2026") / md.br_b_to_k_scalar(1.0, 1.0), 1.637 / 1.638, rtol=1e-12)
    # f_0 enters squared
    f = form_factors.b_to_k(4.0, "f0", "BallZwicky") / form_factors.b_to_k(4.0, "f0")
    assert_allclose(md.br_b_to_k_scalar(2.0, 1.0, form_factor="BallZwicky") / md.br_b_to_k_scalar(2.0, 1.0), f**2, rtol=1e-12)
    # K_L over K+: lifetimes and the real part of the CKM product, up to masses
    ratio = md.br_kl_to_pi0_scalar(0.1, 1.0) / md.br_k_to_pi_scalar(0.1, 1.0)
    assert_allclose(ratio, 5.116e-8 / 1.238e-8 * (3.24 / 3.53) ** 2, rtol=0.06)


@pytest.mark.identity
def test_toys_have_the_propagated_spread():
    toys = np.random.default_rng(6).standard_normal((500, 8))
    rates = md.br_b_to_k_scalar([1.0, 2.0], 1.0, nuisance=toys)
    assert rates.shape == (500, 2)
    spread = form_factors.band(lambda n: md.br_b_to_k_scalar([1.0, 2.0], 1.0, nuisance=n))
    assert_allclose(rates.std(axis=0), spread, rtol=0.1)


@pytest.mark.identity
def test_mixing_gives_the_rate_it_was_asked_for():
    unit = md.br_b_to_k_scalar([1.0, 4.0, 5.0], 1.0)
    value = md.sin_theta_for(1e-5, unit)
    assert_allclose(md.br_b_to_k_scalar([1.0, 4.0], value[:2]), 1e-5, rtol=1e-12)
    assert np.isinf(value[2])
    assert np.isinf(md.sin_theta_for(0.9, 0.5))
    assert md.sin_theta_for(0.5, 0.5) == 1.0
    assert md.sin_theta_for(0.0, 0.5) == 0.0


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: md.br_b_to_k_scalar(-1.0, 0.1), r"m_scalar = -1 GeV is outside its range \[0, 1000\] GeV"),
        (lambda: md.br_b_to_k_scalar(1.0, 2.0), "sin_theta = 2"),
        (lambda: md.br_b_to_k_scalar(1.0, 0.1, "x"), "charge = 'x'"),
        (lambda: md.br_b_to_kstar_scalar(1.0, 0.1, "x"), "charge = 'x'"),
        (lambda: md.br_k_to_pi_scalar(np.nan, 0.1), "m_scalar = nan GeV"),
        (lambda: md.br_kl_to_pi0_scalar(0.1, 0.1, kappa=1.0), "kappa = 1 is outside"),
        (lambda: md.sin_theta_for(-1.0, 0.1), "br = -1"),
        (lambda: md.sin_theta_for(0.1, -1.0), "br_at_unit_mixing = -1"),
        (lambda: md.br_b_to_k_invisible(THREE, "x"), "final_state = 'x' is not one of 'xx', 'zpzp'"),
        (lambda: md.br_b_to_kstar_invisible(THREE, charge="-"), "charge = '-'"),
        (lambda: md.br_b_to_k_invisible(THREE, kappa=[1e-6, 2e-6]), "kappa has to be one number"),
        (lambda: md.br_b_to_k_invisible(THREE, nuisance=np.zeros((2, 8))), "nuisance one vector"),
        (lambda: md.br_b_to_k_invisible(model.benchmark("A")), "m_h1 is not set"),
        (lambda: md.dbr_dq2_b_to_k_invisible(0.0, THREE), r"q2 = 0 GeV\^2 is outside its range \[1e-20, 1e\+06\]"),
        (lambda: md.dbr_dq2_b_to_kstar_invisible(np.nan, THREE), r"q2 = nan GeV\^2"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


def three_body(sector, q2, meson, final_state):
    """Spectrum from the squared amplitude and the three-body phase space, without the widths of the library."""
    m_b, m_k = (natural("m_B+"), natural("m_K+")) if meson == "K" else (natural("m_B0"), natural("m_K*0"))
    m_1, s = float(sector.m_h1), float(sector.sin_theta)
    c_2, lam_v, v = 1.0 - s**2, float(sector.lambda_phi_x * sector.v_phi), float(sector.v_phi)
    beta_x = np.sqrt(max(1 - 4 * float(sector.m_x) ** 2 / q2, 0.0))
    r = float(sector.m_zp) ** 2 / q2
    beta_v = np.sqrt(max(1 - 4 * r, 0.0))
    # squared couplings, summed over polarisations: L = -lambda v phi |X|^2 and (m^2/v) phi Z'.Z' (two identical Z')
    xx = lam_v**2 * beta_x / (8 * np.pi)
    vv = (
        0.5
        * (2 * float(sector.m_zp) ** 2 / v) ** 2
        * (2 + (q2 / (2 * float(sector.m_zp) ** 2) - 1) ** 2)
        * beta_v
        / (8 * np.pi)
    )
    # Im Pi = sqrt(q2) Gamma = (1/2) sum |M|^2 Phi_2
    absorptive = 0.5 * c_2 * (xx + vv)
    propagator = abs(1 / (q2 - m_1**2 + 1j * absorptive) - 1 / (q2 - natural("m_h") ** 2)) ** 2
    root = np.sqrt(max((m_b**2 - m_k**2 - q2) ** 2 - 4 * m_k**2 * q2, 0.0))
    if meson == "K":
        hadron = (m_b**2 - m_k**2) / (natural("m_b") - natural("m_s")) / 2 * form_factors.b_to_k(q2, "f0")
    else:
        hadron = (
            root / (natural("m_b") + natural("m_s")) / 2 * form_factors.b_to_kstar(min(q2, 19.2), "A0")
        )  # zero phase space beyond
    penguin = (6.7e-6 * s * hadron) ** 2 * root / (8 * np.pi * m_b**2)
    pairs = {"xx": xx, "zpzp": vv * float(widths.br_zp_invisible(sector)) ** 2}
    open_ = sum(pairs.values()) if final_state is None else pairs[final_state]
    lifetime = natural("tau_B+" if meson == "K" else "tau_B0", "GeV^-1", "belle2")
    return lifetime / (2 * m_b) * penguin * c_2 * open_ * propagator / (2 * np.pi)


@pytest.mark.independent
@pytest.mark.parametrize("final_state", [None, "xx", "zpzp"])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"m_h1": 2.0},
        {"m_h1": 4.79, "lambda_phi_x": 0.02},
        {"m_h1": 0.8002, "lambda_phi_x": 2.0},  # just above the threshold of X
        {"m_h1": 0.81, "lambda_phi_x": 0.002},
        {"m_x": 0.004, "m_zp": 0.01, "m_h1": 6.0, "g_x": 1e-4},
        {"m_h1": 40.0, "sin_theta": 0.9},
    ],
)
def test_against_the_squared_amplitude(change, final_state):
    # XX and Z'Z' alone make up the width here: leptons are below 1e-6 of it at these v_Phi, 2e-4 at sin(theta) = 0.9
    sector = THREE.replace(**change)
    for meson, spectrum, rate, q_max in (
        ("K", md.dbr_dq2_b_to_k_invisible, md.br_b_to_k_invisible, natural("m_B+") - natural("m_K+")),
        ("K*", md.dbr_dq2_b_to_kstar_invisible, md.br_b_to_kstar_invisible, natural("m_B0") - natural("m_K*0")),
    ):
        for q2 in (0.2, 0.7, 3.9, 15.0, 22.0):
            expected = three_body(sector, q2, meson, final_state)
            assert_allclose(spectrum(q2, sector, final_state), expected, rtol=1e-6, atol=1e-300)
        if final_state is not None:
            continue  # the same integral
        low = 4 * min(sector.m_x, sector.m_zp) ** 2
        width = float(sector.m_h1 * widths.gamma_h1(sector))
        pole = float(sector.m_h1) ** 2
        edges = {low, 4 * float(sector.m_x) ** 2, 4 * float(sector.m_zp) ** 2, q_max**2}
        edges |= {pole + sign * n * width for n in (0, 1, 10, 100, 1000, 10000) for sign in (-1, 1)}
        edges |= {4 * float(sector.m_x) ** 2 * (1 + 10.0**n) for n in range(-9, 1)}
        edges = sorted(edge for edge in edges if low <= edge <= q_max**2)
        total = sum(
            quad(lambda q2, meson=meson: three_body(sector, q2, meson, final_state), a, b, epsabs=0, epsrel=1e-7, limit=200)[0]
            for a, b in pairwise(edges)
        )
        assert_allclose(rate(sector, final_state), total, rtol=2e-4)


@pytest.mark.identity
@pytest.mark.parametrize("m_h1", [1.0, 3.0, 4.5])
def test_a_narrow_dark_higgs_gives_the_two_body_rate(m_h1):
    sector = model.benchmark("A").replace(m_h1=m_h1, sin_theta=5e-3, m_x=0.05)
    # lambda for Gamma_1/m_1 = 1e-3, of which Z' Z' takes a part
    unit = widths.gamma_h1_to_xx(sector.replace(lambda_phi_x=1.0))
    sector = sector.replace(lambda_phi_x=np.sqrt((1e-3 * m_h1 - widths.gamma_h1_to_zpzp(sector)) / unit))
    assert_allclose(widths.gamma_h1(sector) / m_h1, 1e-3, rtol=1e-6)
    for rate, two_body in (
        (md.br_b_to_k_invisible, md.br_b_to_k_scalar),
        (md.br_b_to_kstar_invisible, md.br_b_to_kstar_scalar),
    ):
        if m_h1 == 4.5 and rate is md.br_b_to_kstar_invisible:
            continue  # closed: m_B - m_K* = 4.384 GeV
        assert_allclose(rate(sector), two_body(m_h1, 5e-3) * widths.br_h1_invisible(sector), rtol=0.01)
        for final_state, width in (("xx", widths.gamma_h1_to_xx), ("zpzp", widths.gamma_h1_to_zpzp)):
            share = width(sector) / widths.gamma_h1(sector)
            assert_allclose(rate(sector, final_state), two_body(m_h1, 5e-3) * share, rtol=0.015)
        narrow = sector.replace(lambda_phi_x=0.0)  # Gamma_1/m_1 of 1e-5 to 4e-4 by Z' Z' alone
        assert_allclose(rate(narrow), two_body(m_h1, 5e-3) * widths.br_h1_invisible(narrow), rtol=2e-3)


@pytest.mark.identity
def test_a_line_narrower_than_floating_point_keeps_its_area():
    # Gamma_1/m_1 = 1e-17 at v_Phi of 10 TeV and above
    m_h1 = np.array([[0.03], [3.0]])
    sector = model.DarkSector(m_zp=0.0115, g_x=[1e-6, 1e-8, 1e-10], m_h1=m_h1, sin_theta=1e-4)
    assert widths.gamma_h1(sector).min() < 1e-15
    rate = md.br_b_to_k_scalar(m_h1, 1e-4) * widths.br_h1_invisible(sector)
    assert_allclose(md.br_b_to_k_invisible(sector), rate, rtol=1e-3)


@pytest.mark.identity
@pytest.mark.parametrize(("name", "lambda_phi_x"), [("A", 0.2), ("B", 0.05)])
def test_continuous_across_the_end_point(name, lambda_phi_x):
    m_h1 = np.arange(4.70, 4.8505, 0.001)
    sector = model.benchmark(name).replace(m_h1=m_h1, sin_theta=5e-3, m_x=0.05, lambda_phi_x=lambda_phi_x)
    for final_state in (None, "xx"):
        rate = md.br_b_to_k_invisible(sector, final_state)
        assert np.all(np.abs(np.diff(rate)) < 0.02 * rate[1:])
    assert np.all(md.br_b_to_k_invisible(sector, "zpzp") > 0.0)


@pytest.mark.identity
def test_three_bodies_outside_phase_space_and_without_mixing():
    sector = THREE.replace(m_zp=[0.3, 2.5], g_x=[0.03, 0.25], m_x=[0.4, 2.5])
    rate = md.br_b_to_k_invisible(sector)
    assert rate[0] > 0.0 and rate[1] == 0.0
    assert md.br_b_to_k_invisible(THREE.replace(m_x=2.45), "xx") == 0.0
    spectrum = md.dbr_dq2_b_to_k_invisible([0.35, 0.37, 22.90, 22.91], THREE)
    assert (spectrum > 0.0).tolist() == [False, True, True, False]
    assert md.dbr_dq2_b_to_k_invisible(0.63, THREE, "xx") == 0.0 < md.dbr_dq2_b_to_k_invisible(0.65, THREE, "xx")
    assert (md.dbr_dq2_b_to_kstar_invisible([19.21, 19.23], THREE) > 0.0).tolist() == [True, False]
    assert (
        md.br_b_to_k_invisible(THREE.replace(sin_theta=0.0)) == md.br_b_to_kstar_invisible(THREE.replace(sin_theta=0.0)) == 0.0
    )
    # two scalars of one mass: the orthogonal mixing cancels, whatever the angle
    alone = md.br_b_to_k_invisible(THREE.replace(m_h1=60.0, lambda_phi_x=0.01)) * (60.0 / 125.131) ** 4
    assert md.br_b_to_k_invisible(THREE.replace(m_h1=125.131, lambda_phi_x=0.01)) < 1e-6 * alone
    # without X only Z' Z' is left
    no_x = model.DarkSector(m_zp=0.3, g_x=0.03, m_h1=5.0, sin_theta=0.01)
    assert md.br_b_to_k_invisible(no_x, "xx") == 0.0
    assert_allclose(md.br_b_to_k_invisible(no_x), md.br_b_to_k_invisible(no_x, "zpzp"), rtol=1e-12)


@pytest.mark.identity
def test_three_bodies_broadcast_and_mask():
    sector = THREE.replace(m_h1=np.array([3.0, 5.0, -1.0])[:, None], m_x=[0.1, 0.4], g_x=[[0.03], [np.nan], [0.03]])
    for rate, spectrum in (
        (md.br_b_to_k_invisible, md.dbr_dq2_b_to_k_invisible),
        (md.br_b_to_kstar_invisible, md.dbr_dq2_b_to_kstar_invisible),
    ):
        value = rate(sector)
        assert np.isnan(value).tolist() == [[False] * 2, [True] * 2, [True] * 2]
        assert_allclose(value[0, 1], rate(THREE.replace(m_h1=3.0)), rtol=1e-12)
        lines = spectrum(np.full((7, 1, 1), 5.0), sector)
        assert lines.shape == (7, 3, 2)
        assert_allclose(lines[3, 0, 1], spectrum(5.0, THREE.replace(m_h1=3.0)), rtol=1e-12)
        assert np.isnan(lines[:, 1:]).all()
    many = THREE.replace(m_h1=np.linspace(1.0, 6.0, 600))  # more than one chunk
    assert_allclose(md.br_b_to_k_invisible(many)[[0, 300, 599]], md.br_b_to_k_invisible(many.select([0, 300, 599])), rtol=1e-12)


@pytest.mark.identity
def test_three_body_rates_use_the_options():
    rate = md.br_b_to_k_invisible(THREE)
    assert_allclose(md.br_b_to_k_invisible(THREE, kappa=3.35e-6) / rate, 0.25, rtol=1e-12)
    assert_allclose(md.br_b_to_k_invisible(THREE, inputs="pdg2026") / rate, 1.637 / 1.638, rtol=1e-12)
    assert 0.9 < md.br_b_to_k_invisible(THREE, form_factor="BallZwicky") / rate < 1.2 != 1.0
    # up to the masses of the mesons, which matter more near the end point
    assert_allclose(md.br_b_to_k_invisible(THREE, charge="0") / rate, 1.5113 / 1.638, rtol=0.02)
    assert_allclose(
        md.br_b_to_kstar_invisible(THREE, charge="+") / md.br_b_to_kstar_invisible(THREE), 1.638 / 1.5113, rtol=0.02
    )
    assert_allclose(
        md.dbr_dq2_b_to_k_invisible(4.0, THREE, kappa=3.35e-6) / md.dbr_dq2_b_to_k_invisible(4.0, THREE), 0.25, rtol=1e-12
    )


def annihilation(sector, meson, final_state=None):
    """Rate of the CP-even state of a neutral B meson over that of its other decays, from four-vectors and polarisations."""
    mass, lifetime, constant, m_q, scale = {
        "Bs": (5.366932, 1.430e-12, 0.2303, 0.0934, 1.0),
        "B0": (5.279717, 1.5113e-12, 0.1900, 0.0, 3.53e-4 / 0.0411**2),
    }[meson]
    m_1, s, v = float(sector.m_h1), float(sector.sin_theta), float(sector.v_phi)
    c, m_x, m_v = np.sqrt(1 - s**2), float(sector.m_x), float(sector.m_zp)

    def pair(mass_of_one, squared):
        # two-body phase space, from the momentum and the energies of the daughters
        if 2 * mass_of_one >= mass:
            return 0.0
        p = np.sqrt(mass**2 / 4 - mass_of_one**2)
        return squared(p) * p / (4 * np.pi * mass)

    def vectors(p):
        # (2 m_V^2/v)^2 sum |e_1.e_2|^2 over three polarisations each, one half for identical particles
        e = mass / 2
        one = [np.array([0, 1, 0, 0]), np.array([0, 0, 1, 0]), np.array([p, 0, 0, e]) / m_v]
        two = [np.array([0, 1, 0, 0]), np.array([0, 0, 1, 0]), np.array([p, 0, 0, -e]) / m_v]
        metric = np.diag([1.0, -1.0, -1.0, -1.0])
        return 0.5 * (2 * m_v**2 / v) ** 2 * sum((a @ metric @ b) ** 2 for a in one for b in two)

    parts = {"xx": pair(m_x, lambda p: float(sector.lambda_phi_x * v) ** 2), "zpzp": pair(m_v, vectors)}
    # mass Gamma_1(mass) = half of sum |M|^2 Phi_2, H1 being c times the dark scalar
    propagator = 1 / (mass**2 - m_1**2 + 0.5j * c**2 * sum(parts.values())) - 1 / (mass**2 - natural("m_h") ** 2)
    parts["zpzp"] *= float(widths.br_zp_invisible(sector)) ** 2
    # <0|sbar P_R b|B> = -+(i/2) f m^2/(m_b + m_s); the two flavours differ in sign, and their difference decays
    amplitude = 6.7e-6 * scale * s * 0.5j * constant * mass**2 / (4.18 + m_q) * propagator * c
    even, odd = (amplitude - -amplitude) / np.sqrt(2), (amplitude + -amplitude) / np.sqrt(2)
    assert odd == 0.0
    squared = abs(even) ** 2 / (2 * mass) * lifetime / 6.582119569e-25
    # half of the mesons are born in the even state
    wanted = sum(parts.values()) if final_state is None else parts[final_state]
    return 0.5 * squared * wanted / (1 + squared * sum(parts.values()))


@pytest.mark.independent
@pytest.mark.parametrize("final_state", [None, "xx", "zpzp"])
@pytest.mark.parametrize("change", [{}, {"m_h1": 2.0}, {"m_h1": 5.3669}, {"m_h1": 5.28, "lambda_phi_x": 0.02}, {"m_h1": 40.0}])
def test_invisible_b_decay_from_the_squared_amplitude(change, final_state):
    sector = THREE.replace(**change)
    for meson, rate in (("Bs", md.br_bs_invisible), ("B0", md.br_b0_invisible)):
        assert_allclose(rate(sector, final_state), annihilation(sector, meson, final_state), rtol=2e-6)


@pytest.mark.identity
@pytest.mark.parametrize("rate", [md.br_bs_invisible, md.br_b0_invisible])
def test_invisible_b_decay_in_limiting_cases(rate):
    # far below the two resonances, 1/m_1^4 off the pole and the square of the mixing and of kappa
    mass = natural("m_Bs" if rate is md.br_bs_invisible else "m_B0")
    heavy = THREE.replace(m_h1=[20.0, 40.0])
    factor = 1 / (mass**2 - np.square(heavy.m_h1)) - 1 / (mass**2 - natural("m_h") ** 2)
    assert_allclose(np.divide(*rate(heavy)), np.divide(*factor**2), rtol=1e-5)
    assert_allclose(rate(THREE.replace(sin_theta=2e-4)) / rate(THREE.replace(sin_theta=1e-4)), 4.0, rtol=1e-4)
    assert_allclose(rate(THREE.replace(sin_theta=-1e-2)), rate(THREE), rtol=1e-12)
    low = THREE.replace(sin_theta=1e-6)
    assert_allclose(rate(low, kappa=2e-6) / rate(low, kappa=1e-6), 4.0, rtol=1e-6)
    assert rate(THREE.replace(sin_theta=0.0)) == 0.0 and rate(THREE, kappa=0.0) == 0.0
    # H1 and H2 of one mass cancel but for their widths
    assert rate(THREE.replace(m_h1=natural("m_h"))) < 1e-8 * rate(THREE.replace(m_h1=100.0))
    # one channel closes at 2 m = m_B, and is nothing beyond
    edge = mass / 2
    assert rate(THREE.replace(m_x=edge * (1 + 1e-12)), "xx") == 0.0 < rate(THREE.replace(m_x=edge * (1 - 1e-9)), "xx")
    closed = THREE.replace(m_x=3.0, m_zp=2.7, g_x=0.3)
    assert rate(closed) == 0.0
    near = rate(THREE.replace(m_x=edge * (1 - np.array([1e-9, 4e-9]))), "xx")
    assert_allclose(near[1] / near[0], 2.0, rtol=1e-6)
    # a sector without X has Z' Z' alone
    assert_allclose(rate(model.DarkSector(m_zp=0.3, g_x=0.03, m_h1=5.0, sin_theta=0.01)), rate(THREE.replace(lambda_phi_x=0.0)))


@pytest.mark.identity
@pytest.mark.parametrize(("rate", "meson"), [(md.br_bs_invisible, "m_Bs"), (md.br_b0_invisible, "m_B0")])
def test_invisible_b_decay_on_the_resonance(rate, meson):
    mass = natural(meson)
    narrow = THREE.replace(m_h1=mass, m_x=1.0, lambda_phi_x=1e-5, g_x=3e-5, sin_theta=1e-9)
    width = widths.gamma_h1(narrow)
    # a Lorentzian in m_1 with the width of H1 at the mass of the meson
    side = rate(narrow.replace(m_h1=mass + width * np.array([-0.5, 0.5, 5.0]))) / rate(narrow)
    assert_allclose(side, [0.5, 0.5, 1 / 101], rtol=2e-2)
    # however narrow H1, half of the mesons decay as ever
    for sine in (1e-3, 0.1, 0.7):
        assert rate(narrow.replace(sin_theta=sine)) < 0.5
    assert_allclose(rate(THREE.replace(m_h1=mass, m_x=1.0, lambda_phi_x=1e-7, g_x=3e-7, sin_theta=0.5)), 0.5, rtol=1e-3)


@pytest.mark.identity
def test_invisible_b_decay_broadcasts_and_masks():
    sector = THREE.replace(m_h1=[[5.0], [-1.0]], m_x=[0.4, 1e6, 0.5])
    for rate in (md.br_bs_invisible, md.br_b0_invisible):
        grid = rate(sector)
        assert np.isnan(grid).tolist() == [[False, True, False], [True, True, True]]
        assert_allclose(grid[0, 2], rate(THREE.replace(m_x=0.5)), rtol=1e-12)
        with pytest.raises(ParameterError, match="m_h1 is not set"):
            rate(THREE.replace(m_h1=None))
        with pytest.raises(ParameterError, match=r"kappa has shape \(2,\)"):
            rate(THREE, kappa=[1e-6, 2e-6])
        with pytest.raises(ParameterError, match="final_state = 'nunu'"):
            rate(THREE, "nunu")


@pytest.mark.published
@pytest.mark.parametrize(
    ("name", "unit", "value"),
    [
        ("f_Bs", "GeV", 0.2303),
        ("f_B0", "GeV", 0.1900),
        ("tau_BsL", "ps", 1.430),
        ("bound.bs_invisible", "1", 5.6e-4),
        ("bound.b0_invisible", "1", 2.4e-5),
    ],
)
def test_transcribed_values(name, unit, value):
    assert get(name).value == value and get(name).unit == unit


@pytest.mark.published
def test_the_ratio_of_ckm_elements():
    # PDG, CKM review, from the oscillations of B0 and B_s: 0.207(3)
    ratio = natural("|V_ts*V_td|", "1") / natural("|V_ts*V_tb|", "1") ** 2
    assert abs(ratio - 0.207) < 0.003
