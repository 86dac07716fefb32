import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import kinematics
from darkhiggs.errors import ParameterError


@pytest.mark.identity
def test_kallen_is_symmetric_and_factorises():
    rng = np.random.default_rng(1)
    a, b, c = rng.uniform(0.1, 30.0, (3, 50))
    expanded = a**2 + b**2 + c**2 - 2 * (a * b + b * c + c * a)
    for permutation in ((a, b, c), (b, c, a), (c, b, a)):
        assert_allclose(kinematics.kallen(*permutation), expanded, rtol=1e-10, atol=1e-10)


@pytest.mark.identity
def test_momentum_against_energy_conservation():
    m, m_1, m_2 = 5.28, 0.49, np.linspace(0.0, 4.7, 20)
    p = kinematics.momentum(m, m_1, m_2)
    assert_allclose(np.sqrt(p**2 + m_1**2) + np.sqrt(p**2 + m_2**2), m, rtol=1e-13)


@pytest.mark.identity
def test_thresholds_on_both_sides():
    assert kinematics.momentum(1.0, 0.6, 0.4) == 0.0
    assert kinematics.momentum(1.0, 0.6, 0.4 + 1e-12) == 0.0
    just_open = kinematics.momentum(1.0, 0.6, 0.4 - 1e-9)
    # p^2 = 2 mu delta with the reduced mass of the products
    assert_allclose(just_open, np.sqrt(2 * 0.24 * 1e-9), rtol=1e-6)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1.0, 0.1, 0.1), r"m = -1 GeV is outside its range \[1e-60, 1e\+60\] GeV"),
        ((0.0, 0.0, 0.0), "m = 0 GeV"),
        ((1.0, np.nan, 0.1), "m_1 = nan GeV"),
        ((1.0, 0.1, "x"), "m_2 = 'x' is not a number"),
    ],
)
def test_bad_masses_are_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        kinematics.momentum(*arguments)


@pytest.mark.identity
def test_quadrature_rule():
    from darkhiggs._arrays import legendre

    x, w = legendre(12)
    assert_allclose(w @ x**7, 1 / 8, rtol=1e-13)
    assert_allclose(w.sum(), 1.0, rtol=1e-13)


@pytest.mark.identity
def test_momentum_is_zero_below_threshold_for_either_product():
    assert kinematics.momentum(1.0, 0.1, 1.5) == 0.0
    assert kinematics.momentum(1.0, 1.5, 0.1) == 0.0
