import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from darkhiggs import kinetic_mixing
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural

MU, TAU = natural("m_mu") ** 2, natural("m_tau") ** 2


@pytest.mark.published
def test_g_over_seventy():
    assert_allclose(kinetic_mixing.epsilon(1.0), -1 / 70, rtol=0.02)


# mpmath, 30 digits, sign derived from the vacuum polarisation of both loops
@pytest.mark.independent
@pytest.mark.parametrize(
    ("q2", "value"),
    [
        (0.0, -0.014433118278364),
        (-1.0, -0.007196129601076),
        (0.01, -0.014940431105367),
        (0.1, -0.015355957352983 - 0.007310048668531j),
        (1.0, -0.007214447559578 - 0.008026507960187j),
        (20.0, 0.003449538762526 - 0.001616808037768j),
    ],
)
def test_against_mpmath(q2, value):
    assert_allclose(kinetic_mixing.epsilon(1.0, q2), value, rtol=1e-11)


@pytest.mark.independent
@pytest.mark.parametrize("q2", [-50.0, -1e-3, -1e-5, 1e-4, 5e-4, 0.03, 0.0446])
def test_against_quadrature(q2):
    e = np.sqrt(4 * np.pi / natural("1/alpha(0)", "1"))
    value, _ = integrate.quad(
        lambda x: x * (1 - x) * np.log((MU - x * (1 - x) * q2) / (TAU - x * (1 - x) * q2)),
        0,
        1,
        epsabs=0,
        epsrel=1e-12,
        points=[0.5],
    )
    assert_allclose(kinetic_mixing.epsilon(1.0, q2), e / (2 * np.pi**2) * value, rtol=1e-9)


@pytest.mark.identity
def test_series_meets_closed_form():
    # both sides of the switch at q2/m^2 = 0.05
    for sign in (-1, 1):
        edge = sign * 0.05 * MU
        below, above = kinetic_mixing.epsilon(1.0, edge * (1 - 1e-9)), kinetic_mixing.epsilon(1.0, edge * (1 + 1e-9))
        assert_allclose(below, above, rtol=1e-9)
        exact, _ = integrate.quad(
            lambda x, r=sign * 0.049: x * (1 - x) * np.log(1 - x * (1 - x) * r), 0, 1, epsabs=0, epsrel=1e-13
        )
        assert_allclose(kinetic_mixing._loop(np.asarray(sign * 0.049))[0], exact, rtol=1e-10)


@pytest.mark.identity
def test_threshold_and_imaginary_part():
    assert kinetic_mixing.epsilon(1.0, 4 * MU * (1 - 1e-9)).dtype == float
    above = kinetic_mixing.epsilon(1.0, np.array([0.0, 4 * MU * (1 + 1e-6), 1.0]))
    assert above.dtype == complex
    assert above[0].imag == 0.0
    assert above[1].imag < 0.0
    # optical theorem: Im of the loop is -pi/6 beta (3 - beta^2)/2
    e, beta = np.sqrt(4 * np.pi / natural("1/alpha(0)", "1")), np.sqrt(1 - 4 * MU / 1.0)
    assert_allclose(above[2].imag, -e / (2 * np.pi**2) * np.pi / 6 * beta * (3 - beta**2) / 2, rtol=1e-12)
    # continuous through the threshold
    assert_allclose(above[1].real, kinetic_mixing.epsilon(1.0, 4 * MU * (1 - 1e-6)), rtol=1e-3)
    # at exactly 4 m_mu^2 the closed form is finite: Int x(1-x) ln(1 - 4x(1-x)) = -4/9 + 0
    assert_allclose(kinetic_mixing._loop(np.asarray(4.0))[0], -4 / 9, rtol=1e-9)


@pytest.mark.identity
def test_linear_in_g_and_vanishing_at_high_energy():
    assert_allclose(kinetic_mixing.epsilon(4e-4, -0.3) / kinetic_mixing.epsilon(1e-4, -0.3), 4.0, rtol=1e-13)
    # the divergences of the two loops cancel: epsilon ~ 1/q2
    assert abs(kinetic_mixing.epsilon(1.0, -1e5)) < 1e-3 * abs(kinetic_mixing.epsilon(1.0))
    assert kinetic_mixing.epsilon(np.ones((2, 1)), np.linspace(-1, 0, 3)).shape == (2, 3)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0.0,), r"g_x = 0 is outside its range \(0, 1\]"), ((2.0,), "g_x = 2"), ((0.1, np.nan), r"q2 = nan GeV\^2")],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        kinetic_mixing.epsilon(*arguments)


@pytest.mark.identity
def test_imaginary_part_opens_at_the_muon_threshold():
    assert kinetic_mixing.epsilon(1e-3, np.array([-1.0, 5 * MU]))[0].imag == 0.0
    assert np.imag(kinetic_mixing.epsilon(1e-3, 5 * MU)) != 0.0


@pytest.mark.talk
def test_value_printed_by_the_talk():
    assert_allclose(-5e-4 / kinetic_mixing.epsilon(5e-4), get("talk.epsilon_per_g").value, rtol=0.02)
