import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from darkhiggs import limits, model, white_dwarfs
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural


@pytest.mark.independent
def test_ratio_from_the_couplings_flavour_by_flavour():
    # the loop integral of epsilon(0), 1/6 ln(m_mu^2/m_tau^2), and the three squares written out
    g, m = 3e-4, 0.02
    alpha, g_f, s2 = 1 / natural("1/alpha(0)", "1"), natural("G_F", "GeV^-2"), natural("s_W^2", "1")
    log, _ = integrate.quad(lambda x: x * (1 - x) * np.log((natural("m_mu") / natural("m_tau")) ** 2), 0, 1)
    # e epsilon with epsilon = e g/(2 pi^2) I; the electron has the opposite sign of its electric charge, -1
    shift = -(4 * np.pi * alpha) * g**2 / (2 * np.pi**2) * log / (np.sqrt(2) * g_f * m**2)
    bare = {0: 0.5 + 2 * s2, 1: 2 * s2 - 0.5, -1: 2 * s2 - 0.5}
    ratio = sum((c + q * shift) ** 2 for q, c in bare.items()) / sum(c**2 for c in bare.values())
    assert_allclose(white_dwarfs.emission_ratio(m, g), ratio, rtol=1e-10)


@pytest.mark.published
def test_share_of_the_standard_model_in_nu_e():
    # C_V^2 of nu_e is more than 99 % of the plasmon decays, since 4 s_W^2 is near 1: a rule of every paper on stars
    s2 = natural("s_W^2", "1")
    others = 2 * (2 * s2 - 0.5) ** 2
    assert others / ((0.5 + 2 * s2) ** 2 + others) < 0.01


@pytest.mark.published
def test_published_curve_doubles_the_emission():
    # the curve of 2013 lets the Z' carry away about as much as the Standard Model; the power of four makes 10 % of reading 40 %
    curve = limits.curve("white-dwarfs")
    assert_allclose(white_dwarfs.coupling_limit(curve.m, 1.0), curve.upper, rtol=0.1)
    assert_allclose(white_dwarfs.emission_ratio(curve.m, curve.upper), 2.0, rtol=0.15)


@pytest.mark.identity
def test_limit_saturates_the_excess_and_is_linear_in_the_mass():
    m, excess = np.array([1e-3, 0.01, 1.0]), np.array([[0.1], [0.3]])
    g = white_dwarfs.coupling_limit(m, excess)
    assert_allclose(white_dwarfs.emission_ratio(m, g) - 1, np.broadcast_to(excess, g.shape), rtol=1e-10)
    assert_allclose(g / m, np.broadcast_to(g[:, :1] / m[0], g.shape), rtol=1e-12)
    assert_allclose(white_dwarfs.coupling_limit(m), g[1])
    assert get("white_dwarfs.excess").value == 0.3
    assert white_dwarfs.emission_ratio(0.01, 0.0) == 1.0
    # only B stays below 30 %
    p = model.benchmarks()
    assert (white_dwarfs.emission_ratio(p.m_zp, p.g_x) > 1.3).tolist() == [True, True, False]


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: white_dwarfs.emission_ratio(1e-4, 1e-4), r"m_zp = 0.0001 GeV is outside its range \[0.001, 10000\] GeV"),
        (lambda: white_dwarfs.emission_ratio(0.01, 1.5), r"g_x = 1.5 is outside its range \[0, 1\]"),
        (lambda: white_dwarfs.coupling_limit(0.01, 0.0), r"excess = 0 is outside its range \[0.001, 1000\]"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
