import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, special

from darkhiggs import _gases, _tables, thermodynamics
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural

T = np.geomspace(3e-5, 0.09, 9)
SIGN = {"boson": -1.0, "fermion": 1.0}


# facts of the fit, arXiv:1803.01038 App. C, at printed precision
@pytest.mark.published
def test_degrees_of_freedom():
    at = [1e-3, 0.1, 10.0]
    assert_allclose(thermodynamics.g_rho(at), [10.545, 17.75, 80.54], rtol=3e-4)
    assert_allclose(thermodynamics.g_s(at), [10.548, 17.33, 80.43], rtol=3e-4)


@pytest.mark.published
def test_expansion_rate_at_decoupling():
    # Kolb and Turner: H = 1.66 g^(1/2) T^2/M_Pl
    assert_allclose(thermodynamics.hubble(1e-3), 1.660 * np.sqrt(10.545) * 1e-6 / 1.22089e19, rtol=2e-4)


@pytest.mark.identity
def test_table_is_met_and_smooth():
    table = _tables.degrees_of_freedom()
    assert table.shape == (121, 3)
    for column, function in ((1, thermodynamics.g_rho), (2, thermodynamics.g_s)):
        # seven digits of T in the steepest part of the table
        assert_allclose(function(table[:, 0]), table[:, column], rtol=3e-6)
        # every second row predicts the others: the cubic is good to h^4, 16 times better with all rows
        coarse = _tables.interpolate(_tables.cubics(table[::2]), np.arange(121) / 2)[column]
        assert_allclose(coarse, table[:, column], rtol=0.03)
    # cubics are reproduced exactly, the first and last interval included, and the ends continue
    rows = np.arange(9.0)
    cubic = np.stack([rows**3, 2.0 - rows**2], axis=-1)
    at = np.linspace(0.0, 8.0, 33)
    assert_allclose(_tables.interpolate(_tables.cubics(cubic), at), [at**3, 2.0 - at**2], atol=1e-10)
    beyond = _tables.interpolate(_tables.cubics(cubic), np.array([-1.0, 9.0]))
    assert_allclose(beyond, [[0.0, 512.0], [2.0, -62.0]], atol=1e-10)


@pytest.mark.identity
def test_plateau_of_the_three_neutrinos():
    # photons and three neutrinos at (4/11)^(1/3); the fit has N_eff = 3.05
    assert_allclose(thermodynamics.g_rho(1e-5), 2 + 5.25 * (4 / 11) ** (4 / 3) * 3.05 / 3, rtol=2e-3)
    assert_allclose(thermodynamics.g_s(1e-5), 2 + 5.25 * 4 / 11, rtol=6e-3)


@pytest.mark.identity
def test_massless_gases():
    pi = np.pi
    for statistics, energy, number in (("boson", 1.0, 1.0), ("fermion", 7 / 8, 3 / 4)):
        options = (0.0, 2.0, statistics)
        assert_allclose(thermodynamics.energy_density(T, *options), energy * pi**2 / 15 * T**4, rtol=1e-12)
        assert_allclose(thermodynamics.pressure(T, *options), energy * pi**2 / 45 * T**4, rtol=1e-12)
        assert_allclose(thermodynamics.entropy_density(T, *options), energy * 4 * pi**2 / 45 * T**3, rtol=1e-12)
        assert_allclose(thermodynamics.energy_slope(T, *options), energy * 4 * pi**2 / 15 * T**3, rtol=1e-12)
        assert_allclose(thermodynamics.number_density(T, *options), number * 2 * special.zeta(3) / pi**2 * T**3, rtol=1e-12)


@pytest.mark.identity
def test_heavy_gases():
    # Maxwell-Boltzmann: n = m^2 T K_2/(2 pi^2), p = n T, rho = n m K_1/K_2 + 3 p
    m, t = 0.5, 0.02
    n = m**2 * t / (2 * np.pi**2) * special.kn(2, m / t)
    rho = n * m * special.kn(1, m / t) / special.kn(2, m / t) + 3 * n * t
    for statistics in SIGN:
        assert_allclose(thermodynamics.number_density(t, m, 1, statistics), n, rtol=1e-10)
        assert_allclose(thermodynamics.pressure(t, m, 1, statistics), n * t, rtol=1e-10)
        assert_allclose(thermodynamics.energy_density(t, m, 1, statistics), rho, rtol=1e-10)
        assert thermodynamics.energy_density(1e-4, 1.0, 1, statistics) == 0.0


@pytest.mark.independent
@pytest.mark.parametrize("statistics", SIGN)
@pytest.mark.parametrize("x", [0.01, 0.3, 1.0, 4.0, 20.0])
def test_gases_against_adaptive_quadrature(statistics, x):
    def moment(weight):
        def integrand(p):
            e = np.hypot(p, x)
            f = 1 / (np.exp(e) + SIGN[statistics])
            return p**2 * weight(p, e, f)

        edges = np.r_[0.0, np.geomspace(x / 20, np.sqrt(50**2 + 100 * x), 9)]
        parts = (integrate.quad(integrand, a, b, epsabs=0, epsrel=1e-11)[0] for a, b in itertools.pairwise(edges))
        return 3 / (2 * np.pi**2) * sum(parts)

    options = (x, 3, statistics)
    assert_allclose(thermodynamics.energy_density(1.0, *options), moment(lambda p, e, f: e * f), rtol=1e-9)
    assert_allclose(thermodynamics.pressure(1.0, *options), moment(lambda p, e, f: p**2 / (3 * e) * f), rtol=1e-9)
    assert_allclose(thermodynamics.number_density(1.0, *options), moment(lambda p, e, f: f), rtol=1e-9)
    slope = moment(lambda p, e, f: e**2 * f * (1 - SIGN[statistics] * f))
    assert_allclose(thermodynamics.energy_slope(1.0, *options), slope, rtol=1e-9)


@pytest.mark.identity
@pytest.mark.parametrize("statistics", SIGN)
def test_thermodynamic_identities(statistics):
    options, d = (0.002, 2, statistics), 1e-4
    above, below = T * (1 + d), T * (1 - d)
    # dp/dT = s, and d rho/dT; central differences are good to d^2 times the exponent of exp(-m/T), squared
    slope = (thermodynamics.pressure(above, *options) - thermodynamics.pressure(below, *options)) / (2 * d * T)
    assert_allclose(thermodynamics.entropy_density(T, *options), slope, rtol=1e-4)
    slope = (thermodynamics.energy_density(above, *options) - thermodynamics.energy_density(below, *options)) / (2 * d * T)
    assert_allclose(thermodynamics.energy_slope(T, *options), slope, rtol=1e-4)
    sum_ = thermodynamics.energy_density(T, *options) + thermodynamics.pressure(T, *options)
    assert_allclose(thermodynamics.entropy_density(T, *options) * T, sum_, rtol=1e-13)


@pytest.mark.published
def test_qed_far_above_the_electron_mass():
    # pressure of the hot QED plasma: -5 e^2/288 + e^3/(36 sqrt3 pi), Kapusta and Gale
    e = np.sqrt(4 * np.pi / 137.036)
    value = -5 * e**2 / 288 + e**3 / (36 * np.sqrt(3) * np.pi)
    assert_allclose(thermodynamics.qed_pressure(0.1) / 1e-4, value, rtol=1e-4)
    assert_allclose(thermodynamics.qed_energy_density(0.1) / 3e-4, value, rtol=1e-4)


@pytest.mark.independent
@pytest.mark.parametrize("t", [2e-4, 5e-4, 2e-3])
def test_qed_against_adaptive_quadrature(t):
    e_2, m = 4 * np.pi / 137.036, natural("m_e")

    def integral(weight):
        def integrand(p):
            e = np.hypot(p, m)
            return weight(p, e) * 2 / (np.exp(e / t) + 1)

        return integrate.quad(integrand, 0, 60 * t, epsabs=0, epsrel=1e-11, limit=400)[0]

    a, b = integral(lambda p, e: p**2 / e), integral(lambda p, e: (p**2 + e**2) / e)
    second = -e_2 * (t**2 * a / (12 * np.pi**2) + a**2 / (8 * np.pi**4))
    assert_allclose(thermodynamics.qed_pressure(t), second + e_2**1.5 * t / (12 * np.pi**4) * b**1.5, rtol=1e-8)


@pytest.mark.identity
def test_qed_derivatives():
    # central differences in ln T at a step where rounding and truncation are both below 1e-6
    d, at = 1e-4, np.geomspace(5e-5, 0.05, 7)

    def p(step):
        return (at * np.exp(step)) ** 4 * _gases.qed(at * np.exp(step))[0]

    _, first, second = (value * at**4 for value in _gases.qed(at))
    assert_allclose(first, (p(d) - p(-d)) / (2 * d), rtol=2e-6)
    assert_allclose(second, (p(d) - 2 * p(0) + p(-d)) / d**2, rtol=2e-6)
    assert_allclose(thermodynamics.qed_energy_density(at), first - p(0), rtol=1e-10)


@pytest.mark.identity
def test_scalars_and_arrays_agree():
    for function in (thermodynamics.g_rho, thermodynamics.g_s, thermodynamics.hubble, thermodynamics.qed_pressure):
        assert_allclose(function(T), [function(t) for t in T], rtol=1e-12)
        assert np.shape(function(1e-3)) == ()
    grid = thermodynamics.energy_density(T[:, None], np.array([0.0, 0.001]), 2, "fermion")
    assert grid.shape == (9, 2)
    assert_allclose(grid[3, 1], thermodynamics.energy_density(T[3], 0.001, 2, "fermion"), rtol=1e-12)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: thermodynamics.g_rho(1e-6), r"T = 1e-06 GeV is outside its range \[1e-05, 1000\] GeV"),
        (lambda: thermodynamics.g_s([1.0, 2e3]), r"T = 2000 GeV is outside its range \[1e-05, 1000\] GeV"),
        (lambda: thermodynamics.hubble(-1.0), "T = -1 GeV"),
        (lambda: thermodynamics.energy_density(0.0), r"T = 0 GeV is outside its range \[1e-15, 1e\+06\] GeV"),
        (lambda: thermodynamics.pressure(1.0, -1.0), "mass = -1 GeV"),
        (lambda: thermodynamics.number_density(1.0, 1.0, np.nan), "dof = nan"),
        (lambda: thermodynamics.entropy_density(1.0, 1.0, 2, "anyon"), "statistics = 'anyon' is not one of 'boson', 'fermion'"),
        (lambda: thermodynamics.qed_pressure(1.0), r"T = 1 GeV is outside its range \[1e-05, 0.1\] GeV"),
        (lambda: thermodynamics.qed_energy_density(1e-6), r"T = 1e-06 GeV"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.identity
def test_cubics_give_back_a_cubic_and_its_slope():
    rows = np.arange(7.0)
    table = np.stack([0.3 * rows**3 - 2.0 * rows**2 + rows - 5.0, 4.0 - rows**2], axis=-1)
    at = np.array([0.0, 0.4, 1.0, 2.7, 4.5, 5.3, 6.0])
    coefficients = _tables.cubics(table)
    value, slope = _tables.interpolate_with_slope(coefficients, at)
    assert_allclose(value, [0.3 * at**3 - 2.0 * at**2 + at - 5.0, 4.0 - at**2], rtol=1e-13)
    assert_allclose(slope, [0.9 * at**2 - 4.0 * at + 1.0, -2.0 * at], rtol=1e-12, atol=1e-13)
    assert_allclose(_tables.interpolate(coefficients, at), value, rtol=1e-14)
    # beyond the ends the value stays
    assert_allclose(_tables.interpolate(coefficients, np.array([-3.0, 9.0])), value[:, [0, -1]], rtol=1e-14)
    # both take the same cubic of each interval
    coefficients = _tables.cubics(np.sin(table))
    assert_allclose(_tables.interpolate_with_slope(coefficients, at)[0], _tables.interpolate(coefficients, at), rtol=1e-12)
