import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import form_factors, kinematics
from darkhiggs import meson_decays as md
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural


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
def test_wanted_mixing_against_mpmath(m, value):
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
def test_toys():
    toys = np.random.default_rng(6).standard_normal((500, 8))
    rates = md.br_b_to_k_scalar([1.0, 2.0], 1.0, nuisance=toys)
    assert rates.shape == (500, 2)
    spread = form_factors.band(lambda n: md.br_b_to_k_scalar([1.0, 2.0], 1.0, nuisance=n))
    assert_allclose(rates.std(axis=0), spread, rtol=0.1)


@pytest.mark.identity
def test_wanted_mixing():
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
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
