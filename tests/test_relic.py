import dataclasses
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, interpolate, special

from darkhiggs import annihilation, model, neutrinos, relic, thermodynamics, units, widths
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural

A = model.benchmark("A")
X = np.geomspace(1.5, 1e6, 25)


def in_cm(value):
    return units.convert(value, "GeV^-2", "cm^3/s")


def average(mass, rate, x, breaks=((), ())):
    """The thermal average of a rate W(s) by the library's rule, for one mass."""
    pair = tuple(np.asarray(part, dtype=float).reshape(-1, 1) for part in breaks)
    return relic._averages(np.array([mass]), lambda s, _: rate(s), pair, x)[0]


def integrand(mass, rate, x, energy):
    """Integrand of the thermal average in sqrt(s), one column for each energy."""
    e, x = energy / mass - 2.0, x[:, None]
    kernel = special.k1e(x * (2.0 + e)) / special.kve(2, x) ** 2 * np.exp(-x * e)
    return x / (8.0 * mass**3) * rate(energy**2) * np.sqrt(e * (4.0 + e)) * (2.0 + e) * kernel


def by_many_panels(mass, rate, x, positions, widths):
    """The same by brute force: panels whose width doubles away from each break."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = [2.0 * mass, 22.0 * mass]
    for position, width in zip([2.0 * mass, *positions], [0.0, *widths], strict=True):
        away = np.geomspace(max(width, 1e-13 * mass), 30.0 * mass, 90)
        edges += [*(position + away), *(position - away), position]
    edges = np.unique([edge for edge in edges if 2.0 * mass <= edge <= 22.0 * mass])
    half = 0.5 * np.diff(edges)
    energy = (edges[:-1, None] + half[:, None] * (1.0 + nodes)).ravel()
    weight = (half[:, None] * weights).ravel()
    return np.concatenate([integrand(mass, rate, some, energy) @ weight for some in np.array_split(x, 20)])


def by_radau(mass, log_average, dof=1.0):
    """Y today from solve_ivp on ln Y, with thermodynamics by finite differences on a fine grid in ln x."""
    grid = np.linspace(0.0, np.log(1e6), 20001)
    x, h = np.exp(grid), 1e-5
    T = np.maximum(mass / x, 1.0001e-5)
    g = thermodynamics.g_s(T)
    slope = np.where(mass / x > T, 0.0, np.log(thermodynamics.g_s(T * np.exp(h)) / g) / h)
    entropy = 2.0 * np.pi**2 / 45.0 * g * (mass / x) ** 3
    hubble = thermodynamics.hubble(T) * (mass / x / T) ** 2
    log_rates = np.log(entropy / hubble * (1.0 + slope / 3.0)) + log_average(grid)
    equilibrium = np.log(dof * mass**3 / (2.0 * np.pi**2 * x) * special.kve(2, x) / entropy) - x

    def terms(u):
        return np.exp(np.interp(u, grid, log_rates)), np.interp(u, grid, equilibrium)

    def motion(u, w):
        rate, y_eq = terms(u)
        return -rate * (np.exp(w) - np.exp(2.0 * y_eq - w))

    def jacobian(u, w):
        rate, y_eq = terms(u)
        return -rate * np.array([np.exp(w) + np.exp(2.0 * y_eq - w)])

    path = integrate.solve_ivp(motion, (0.0, grid[-1]), [equilibrium[0]], method="Radau", rtol=1e-8, atol=1e-9, jac=jacobian)
    y = np.exp(path.y[0, -1])
    return y / (1.0 + y * terms(grid[-1])[0])


# ------------------------------------------------------------------------------------ thermal average


@pytest.mark.identity
def test_constant_amplitude_and_amplitude_that_grows_with_s():
    # Int dPi exp(-E/T) = m T K_1/4 pi^2 and Int dPi E exp(-E/T) = m^2 T K_2/4 pi^2 give both averages in closed form
    m, ratio = 0.3, special.kve(1, X) / special.kve(2, X)
    assert_allclose(average(m, lambda s: 0.7 * np.ones_like(s), X), 0.7 * ratio**2 / (4.0 * m**2), rtol=1e-6)
    assert_allclose(average(m, lambda s: 0.7 * s, X), 0.35 * (1.0 + ratio**2), rtol=1e-6)


@pytest.mark.identity
def test_p_wave():
    # W = b s v^2 with v = 2 beta: <sigma v> = 6 b/x for slow particles
    x = np.array([1e3, 1e5])
    assert_allclose(average(1.0, lambda s: 4.0 * s * (1.0 - 4.0 / s), x), 6.0 / x, rtol=6e-3)
    assert_allclose(average(1.0, lambda s: 4.0 * (s - 4.0), x)[1] * 1e5, 6.0, rtol=1e-4)


@pytest.mark.identity
@pytest.mark.parametrize("heavier", [1.0 + 1e-7, 1.01, 1.5, 4.0])
def test_detailed_balance_across_a_threshold(heavier):
    # the same |M|^2 both ways: n_eq^2 <sigma v> is the same for X X -> Y Y and Y Y -> X X
    x = np.geomspace(1.5, 30.0, 7)
    forth = average(1.0, lambda s: np.sqrt(np.maximum(1.0 - 4.0 * heavier**2 / s, 0.0)), x, ([2.0 * heavier], [0.0]))
    back = average(heavier, lambda s: np.sqrt(1.0 - 4.0 / s), x * heavier)
    boltzmann = (heavier * special.kve(2, x * heavier) / special.kve(2, x)) ** 2 * np.exp(-2.0 * x * (heavier - 1.0))
    assert_allclose(forth, back * heavier**2 * boltzmann, rtol=2e-6)


@pytest.mark.identity
@pytest.mark.parametrize("width", [1e-4, 1e-7, 1e-10])
@pytest.mark.parametrize("mass", [2.0 + 1e-5, 2.001, 2.3, 7.0])
def test_narrow_resonance_is_a_delta_function(mass, width):
    x = np.array([1.0, 0.3 / (mass - 2.0) + 1.0, 3.0 / (mass - 2.0) + 1.0])
    gamma = width * mass
    found = average(1.0, lambda s: gamma * mass / ((s - mass**2) ** 2 + (gamma * mass) ** 2), x, ([mass], [gamma]))
    # Int ds m Gamma/((s - m^2)^2 + m^2 Gamma^2) = pi, and ds = 2 m dE
    e = mass - 2.0
    kernel = special.k1e(x * mass) / special.kve(2, x) ** 2 * np.exp(-x * e)
    peak = x / 8.0 * np.pi / (2.0 * mass) * np.sqrt(e * (4.0 + e)) * mass * kernel
    # the tails carry of order width/distance, the more the farther the peak is beyond the temperature
    assert_allclose(found, peak, rtol=3e-6 + 250.0 * width / (mass - 2.0))


@pytest.mark.identity
def test_interpolation_and_quadrature_rules():
    # six neighbours, three on each side, exact for powers up to the fifth
    grid = np.linspace(0.0, 1.9, 20)
    points = np.array([0.0, 0.05, 0.77, 0.98, 1.5, 1.88, 1.9])
    weights = relic._through_six(grid, points)
    assert_allclose(weights @ grid**5, points**5, atol=1e-14)
    assert np.flatnonzero(weights[2]).tolist() == [5, 6, 7, 8, 9, 10]
    # the lowest node: sqrt(e) and e^(3/2) are integrated from zero
    e, weight = relic._nodes(np.ones(1), np.empty((0, 1)), np.empty((0, 1)))
    low = relic._E_MIN
    assert_allclose(
        [weight[0, 0] * e[0, 0] ** 0.5, weight[0, 0] * e[0, 0] ** 1.5], [low**1.5 / 1.5, low**2.5 / 2.5], rtol=1e-12
    )
    assert_allclose(np.sum(weight * e**0.5), relic._E_MAX**1.5 / 1.5, rtol=1e-9)
    assert_allclose(
        relic._grid().cumulative[-1] @ relic._grid().x[-relic._LATE :] ** -0.5, 2.0 * (120.0**-0.5 - 1e-3), rtol=1e-7
    )


RESONANT = {
    "both interactions": {"m_x": 0.1, "m_h1": 1.0},
    "H1 above 2 m_X": {"m_x": 0.1, "m_h1": 0.2 * (1 + 1e-3), "lambda_phi_x": 1e-6},
    "H1 below 2 m_X": {"m_x": 0.1, "m_h1": 0.2 * (1 - 1e-3), "lambda_phi_x": 1e-5},
    "H1 at 2 m_X": {"m_x": 0.05, "m_h1": 0.1 * (1 + 1e-6), "lambda_phi_x": 1e-6, "q_x": 0.0},
    "Z' above 2 m_X": {"m_x": 0.00575 / 1.01, "m_h1": 1.0, "lambda_phi_x": 0.0},
    "X below Z'": {"m_x": 0.0115 * (1 - 1e-3), "m_h1": 0.3, "lambda_phi_x": 0.02},
    "X far below Z'": {"m_x": 0.009, "m_h1": 0.3, "lambda_phi_x": 0.02},
    "X below H1": {"m_x": 0.1, "m_h1": 0.1005, "lambda_phi_x": 1e-3, "q_x": 0.0},
    "H2 above 2 m_X": {"m_x": 62.0, "m_h1": 10.0, "lambda_phi_x": 0.1, "sin_theta": 0.01},
}


@pytest.mark.independent
@pytest.mark.parametrize("case", RESONANT.values(), ids=RESONANT)
def test_against_panels_and_radau(case):
    sector = A.replace(**({"q_x": 0.7, "sin_theta": 3e-3, "lambda_phi_x": 1e-3} | case))
    # where 200 values of x are wanted, a spline in ln x is good to 1e-6
    u = np.linspace(0.0, np.log(1e6), 200)
    breaks = annihilation.breaks(sector)
    expected = by_many_panels(sector.m_x, lambda s: annihilation.rate(sector, s), np.exp(u), *breaks)
    found = relic.thermal_average(sector, np.exp(u))
    cold = (u > np.log(1.5)) & (expected > 1e-150)
    assert_allclose(found[cold], expected[cold], rtol=1e-4)
    log_average = interpolate.CubicSpline(u, np.log(np.maximum(expected, 1e-300)))
    y = by_radau(float(sector.m_x), log_average)
    assert_allclose(relic.omega_h2(sector), relic._density(np.asarray(sector.m_x), y, False), rtol=2e-4)


@pytest.mark.independent
@pytest.mark.parametrize("x", [3.0, 25.0, 900.0])
def test_against_adaptive_quadrature(x):
    sector = A.replace(m_x=0.1, m_h1=0.21, lambda_phi_x=1e-3)
    width = float(widths.gamma_h1(sector))
    assert 1e-6 < width < 1e-4
    edges = [0.2, *(0.21 + width * np.array([-300, -30, -3, 0, 3, 30, 300])), 0.3, 2.2]
    total = 0.0
    for a, b in itertools.pairwise(edges):
        total += integrate.quad(
            lambda energy: integrand(0.1, lambda s: annihilation.rate(sector, s), np.array([x]), np.array([energy]))[0, 0],
            a,
            b,
            epsabs=0.0,
            epsrel=1e-7,
        )[0]
    assert_allclose(relic.thermal_average(sector, x), total, rtol=3e-6)


@pytest.mark.identity
def test_rate_vanishes_far_below_every_threshold():
    # 2 m_X far below 2 m_Z': <sigma v> underflows, and the density is that of relativistic decoupling
    sector = A.replace(m_x=[1e-3, 1e-4], m_h1=1.0, lambda_phi_x=1e-9)
    assert np.all(np.isfinite(relic.omega_h2(sector)))
    assert relic.thermal_average(sector, 1e6)[1] < 1e-100
    start = relic._grid().y_eq[0] / thermodynamics.g_s(1e-3)
    assert_allclose(relic.omega_h2(sector)[0], relic._density(1e-3, start, False), rtol=0.05)


# --------------------------------------------------------------------------------- Boltzmann equation


@pytest.mark.independent
@pytest.mark.parametrize(
    ("mass", "shape"),
    [
        pytest.param(0.003, lambda x: 4e-9 + 0.0 * x, id="s wave, 3 MeV"),
        pytest.param(1.0, lambda x: 4e-9 + 0.0 * x, id="s wave, 1 GeV"),
        pytest.param(30.0, lambda x: 1e-5 + 0.0 * x, id="strong, 30 GeV"),
        pytest.param(0.1, lambda x: 6e-8 / x, id="p wave, 0.1 GeV"),
        pytest.param(0.01, lambda x: 1e-3 * np.exp(-0.5 * x), id="forbidden, 10 MeV"),
        pytest.param(3.0, lambda x: 10.0 * np.exp(-1.2 * x), id="very forbidden, 3 GeV"),
        pytest.param(0.1, lambda x: 1e-6 * x**1.5 * np.exp(-0.3 * x) + 1e-10, id="resonance above, 0.1 GeV"),
        pytest.param(30.0, lambda x: 1e-12 * x**1.5 / (1.0 + x / 3e3) ** 1.5, id="resonance below, 30 GeV"),
        pytest.param(0.1, lambda x: 1e-15 + 0.0 * x, id="weak, 0.1 GeV"),
    ],
)
def test_boltzmann_equation_against_radau(mass, shape):
    expected = by_radau(mass, lambda u: np.log(np.maximum(shape(np.exp(u)), 1e-300)))
    found = relic._solve(np.array([mass]), shape(relic._grid().x_of_average)[None], 1.0, relic._standard_bath()).today
    # weak: a density of 1e5, set at the start, where the steps have a low order
    assert_allclose(found, expected, rtol=2e-3 if shape(1.0) < 1e-14 else 1e-4)


@pytest.mark.identity
def test_inverse_yield_is_linear_in_integrated_rate_after_freeze_out():
    # constant <sigma v> and constant g: 1/Y(x) - 1/Y(x') = s <sigma v>/H at m (1/x - 1/x')
    mass, sigma = np.array([1e-3]), 1e-6
    grid = relic._grid()
    solution = relic._solve(mass, np.full((1, len(grid.x_of_average)), sigma), 1.0, relic._standard_bath())
    x = grid.x[grid.n_points :]
    T = 1e-5
    entropy = 2.0 * np.pi**2 / 45.0 * thermodynamics.g_s(T) * T**3
    front = entropy * sigma / thermodynamics.hubble(T) * mass / T
    late = np.append(solution.y[grid.n_points :, 0], solution.today)
    assert_allclose(np.diff(1.0 / late), front * (1.0 / x - np.append(1.0 / x[1:], 0.0)), rtol=2e-6)
    assert_allclose(solution.y[grid.n_points], solution.y[grid.n_points - 1], rtol=1e-12)
    assert solution.y.shape == solution.y_eq.shape == (len(grid.x), 1)


@pytest.mark.identity
def test_evolution():
    sector = A.replace(m_x=[0.03, 0.3], m_h1=1.0, lambda_phi_x=3e-3)
    path = relic.evolve(sector)
    assert_allclose(path.x[[0, -1]], [1.0, 1e6], rtol=1e-12)
    assert np.all(np.diff(path.x) > 0.0)
    assert path.y.shape == path.y_eq.shape == (len(path.x), 2)
    for i, x_f in enumerate(path.x_f):
        early, late = path.x < 0.5 * x_f, path.x > 2.0 * x_f
        assert_allclose(path.y[early, i], path.y_eq[early, i], rtol=2e-3)
        assert np.all(path.y[late, i] > 100.0 * path.y_eq[late, i])
        ratio = interpolate.CubicSpline(path.x[:400], np.log(path.y[:400, i] / path.y_eq[:400, i]))
        assert_allclose(np.exp(ratio(x_f)), 2.5, rtol=2e-3)
    # at first g_s falls faster than n_eq
    assert np.all(np.diff(path.y[path.x > 5.0], axis=0) < 0.0)
    # n_eq of a gas with one state: the classical limit of the density
    for row in (440, 460):
        T = sector.m_x / path.x[row]
        n = [thermodynamics.number_density(t, m) for t, m in zip(T, sector.m_x, strict=True)]
        entropy = 2.0 * np.pi**2 / 45.0 * thermodynamics.g_s(T) * T**3
        assert_allclose(path.y_eq[row], n / entropy, rtol=2e-5)
    assert np.all((path.y_eq == 0.0) == (path.x[:, None] > 700.0))
    assert_allclose(path.omega_h2, relic.omega_h2(sector), rtol=1e-12)
    assert_allclose(path.omega_h2, relic._density(sector.m_x, path.y[-1], False), rtol=2e-4)
    assert np.all(path.omega_h2 < relic._density(sector.m_x, path.y[-1], False))


@pytest.mark.published
def test_density_today():
    # PDG: s = 2891.2 cm^-3 with g_s = 3.91, rho_c = 1.05371e-5 h^2 GeV cm^-3
    expected = 2891.2 / 1.05371e-5 * thermodynamics.g_s(1e-5) / 3.91
    assert_allclose(relic._density(1.0, 1.0, True), expected, rtol=3e-4)
    assert_allclose(relic._density(0.3, 2.0, False), 1.2 * relic._density(1.0, 1.0, True), rtol=1e-14)


@pytest.mark.identity
def test_degrees_of_freedom_of_entropy_are_continuous_with_their_slope():
    bath, h = relic._standard_bath(), 1e-4
    log_t = np.log([3e-5, 3e-4, 0.05, 0.17, 2.0, 100.0])
    rate, log_s = bath.expansion_at(log_t)
    assert_allclose(np.exp(log_s), thermodynamics.g_s(np.exp(log_t)), rtol=1e-5)
    # constant beyond the ends of the table
    ends = bath.expansion_at(np.log([1e-7, 1e-5, 1e3, 1e4]))
    assert_allclose(np.exp(ends[1]), thermodynamics.g_s(np.array([1e-5, 1e-5, 1e3, 1e3])), rtol=1e-12)
    assert_allclose(np.diff(ends[0])[[0, 2]], np.log([100.0, 10.0]), rtol=1e-12)
    slope = (bath.expansion_at(log_t + h)[1] - bath.expansion_at(log_t - h)[1]) / (2.0 * h)
    T = np.exp(log_t)
    entropy = 2.0 * np.pi**2 / 45.0 * thermodynamics.g_s(T) * T**3
    assert_allclose(np.exp(rate), entropy / thermodynamics.hubble(T) * (1.0 + slope / 3.0), rtol=3e-4)


# ------------------------------------------------------------------------------ thermal cross-sections


@pytest.mark.independent
@pytest.mark.parametrize(("mass", "self_conjugate"), [(0.01, True), (0.1, True), (10.0, True), (0.1, False)])
def test_thermal_cross_section_against_radau(mass, self_conjugate):
    sigma = float(relic.thermal_cross_section(mass, self_conjugate=self_conjugate))
    y = by_radau(mass, lambda u: np.log(sigma) + 0.0 * u)
    assert_allclose(relic._density(np.asarray(mass), y, self_conjugate), natural("Omega h^2", "1"), rtol=1e-4)


# the numbers that the chapter shows: many panels and scipy's Radau solver, not the library's rule
@pytest.mark.independent
@pytest.mark.parametrize(
    ("index", "particle", "ratio"), [(0, "X", 1 / 3), (1, "X", 0.48), (2, "X", 1.0), (3, "chi", 1 / 3), (4, "chi", 0.51)]
)
def test_density_with_the_z_prime_alone_against_panels_and_radau(index, particle, ratio):
    m_zp, g_x = 0.0115, 5e-4
    m = ratio * m_zp
    sector = model.DarkSector(m_zp=m_zp, g_x=g_x, m_x=m, q_x=1.0)

    def rate(s):
        return annihilation.rate(sector, s) if particle == "X" else annihilation.rate_dirac(m, m_zp, g_x, 1.0, s)

    u = np.linspace(0.0, np.log(1e6), 400)
    found = by_many_panels(m, rate, np.exp(u), [m_zp, 2.0 * m_zp], [float(widths.gamma_zp(sector)), 0.0])
    log_average = interpolate.CubicSpline(u, np.log(np.maximum(found, 1e-300)))
    y = by_radau(m, log_average, 1.0 if particle == "X" else 2.0)
    expected = natural("independent.relic_z_prime", "1")[index]
    assert_allclose(relic._density(np.asarray(m), y, False), expected, rtol=5e-5)
    assert_allclose(relic.omega_h2_z_prime(m, m_zp, g_x, 1.0, particle), expected, rtol=2e-4)


@pytest.mark.published
def test_thermal_cross_section_of_steigman():
    # self-conjugate, two spin states, Omega h^2 = 0.11, older g_*: a maximum at 0.3 GeV, a plateau for heavy particles
    masses = np.array([0.1, 0.3, 1.0, 10.0, 100.0])
    ours = in_cm(relic.thermal_cross_section(masses, self_conjugate=True))
    assert np.argmax(ours) == 1
    published = get("published.thermal.sigma_v").value
    for mass, value in zip((0.3, 100.0), published, strict=True):
        average = np.full((1, len(relic._grid().x_of_average)), units.convert(value, "cm^3/s", "GeV^-2"))
        today = relic._solve(np.array([mass]), average, 2.0, relic._standard_bath()).today
        assert_allclose(relic._density(mass, today, True), 0.11, rtol=0.06)


@pytest.mark.identity
def test_complex_and_self_conjugate():
    masses = np.array([0.01, 0.1, 0.3, 1.0, 10.0])
    one, two = (relic.thermal_cross_section(masses, self_conjugate=flag) for flag in (True, False))
    # twice, and a little more as the particle freezes out later
    assert np.all((two / one > 2.08) & (two / one < 2.12))
    assert np.all((in_cm(one[[0, 1, 3]]) / 3e-26 > 1.2) & (in_cm(one[[0, 1, 3]]) / 3e-26 < 1.4))
    assert np.all((in_cm(two[[0, 1, 3]]) / 3e-26 > 2.6) & (in_cm(two[[0, 1, 3]]) / 3e-26 < 2.9))
    for self_conjugate, a in ((True, one), (False, two)):
        average = a[:, None] * np.ones(len(relic._grid().x_of_average))
        today = relic._solve(masses, average, 1.0, relic._standard_bath()).today
        assert_allclose(relic._density(masses, today, self_conjugate), natural("Omega h^2", "1"), rtol=1e-10)
    # half the density is wanted of each of two species
    assert_allclose(relic.thermal_cross_section(1e-2, "p") / relic.thermal_cross_section(1e-2), 5.097, rtol=1e-3)


@pytest.mark.identity
def test_p_wave_cross_section():
    b = relic.thermal_cross_section(0.1, "p")
    x = relic._grid().x_of_average
    today = relic._solve(np.array([0.1]), 6.0 * b / x[None], 1.0, relic._standard_bath()).today
    assert_allclose(relic._density(0.1, today, False), [0.12], rtol=1e-10)


# -------------------------------------------------------------------------------- formula of the talk


@pytest.mark.talk
def test_formula_of_the_talk():
    masses = np.array([0.01, 0.1, 1.0])
    a = relic.thermal_cross_section(masses)
    ratio = relic.omega_h2_analytic(masses, a) / 0.12
    # its accuracy: -0.1 %, +2.1 %, -2.5 %
    assert_allclose(ratio, [0.9985, 1.0213, 0.9747], rtol=2e-3)
    assert_allclose(
        relic.omega_h2_analytic(masses, a, self_conjugate=True), 0.5 * relic.omega_h2_analytic(masses, a), rtol=1e-14
    )


@pytest.mark.identity
def test_formula_of_the_talk_by_hand():
    m, a = 0.2, 5e-9
    x = 20.0
    for _ in range(100):
        root = np.sqrt(thermodynamics.g_rho(m / x))
        x = np.log(np.sqrt(45.0 / 8.0) / (2.0 * np.pi**3) * m * natural("M_Pl") * a / (root * np.sqrt(x)))
    assert 15.0 < x < 25.0
    assert_allclose(relic.omega_h2_analytic(m, a), 1.75e-10 * x / (root * a), rtol=1e-10)
    # 1.07e9/M_Pl for one species, doubled
    assert_allclose(2.0 * 1.07e9 / natural("M_Pl"), natural("talk.omega_h2", "GeV^-2"), rtol=2e-3)


@pytest.mark.identity
def test_formula_of_the_talk_for_a_sector():
    sector = A.replace(m_x=[0.05, 0.1, 0.5], m_h1=5.0, lambda_phi_x=[0.2, 0.1, 0.02])
    ours, formula = relic.omega_h2(sector), relic.omega_h2_analytic(sector)
    # an s wave away from resonances
    assert_allclose(formula, ours, rtol=0.04)
    x_f = relic.omega_h2_analytic(sector) / 1.75e-10
    assert x_f.shape == (3,)
    # <sigma v> is that at x_f
    mass = np.asarray(sector.m_x)
    x = np.full(3, 20.0)
    for _ in range(60):
        average = np.array([relic.thermal_average(sector.select([i]), x[i])[0] for i in range(3)])
        root = np.sqrt(thermodynamics.g_rho(mass / x))
        x = np.log(np.sqrt(45.0 / 8.0) / (2.0 * np.pi**3) * mass * natural("M_Pl") * average / (root * np.sqrt(x)))
    assert_allclose(formula, 1.75e-10 * x / (root * average), rtol=2e-4)


# ---------------------------------------------------------------------------------------- the model


@pytest.mark.identity
def test_sector_and_general_function_agree():
    sector = A.replace(m_x=[0.05, 0.1, 0.4], m_h1=[[0.3], [2.0]], lambda_phi_x=0.01, q_x=0.7, sin_theta=3e-3)
    wide = sector.replace(m_x=np.broadcast_to(sector.m_x, (2, 3)))
    found = relic.omega_h2_for(wide.m_x, lambda s: annihilation.rate(wide, s), 1.0, False, annihilation.breaks(wide))
    assert found.shape == (2, 3)
    assert_allclose(found, relic.omega_h2(sector), rtol=1e-6)
    single = relic.omega_h2(sector.replace(m_x=0.1, m_h1=2.0))
    assert single.shape == () and abs(single / found[1, 1] - 1.0) < 1e-6
    many = sector.select(np.tile(np.arange(6), 200))
    assert_allclose(relic.omega_h2(many).reshape(200, 6), np.tile(relic.omega_h2(sector).ravel(), (200, 1)), rtol=1e-12)


@pytest.mark.identity
def test_degrees_of_freedom_and_antiparticles():
    def rate(s):
        return 1e-8 * s

    one, two = relic.omega_h2_for(0.1, rate, self_conjugate=True), relic.omega_h2_for(0.1, rate)
    assert_allclose(two / one, 2.0, rtol=1e-14)
    # g enters through x_f alone: dx_f ~ ln 2, a few per cent
    more = relic.omega_h2_for([0.1, 0.1], rate, dof=[1.0, 2.0])
    assert_allclose(more[0], two, rtol=1e-12)
    assert 1.02 < more[1] / more[0] < 1.06


@pytest.mark.identity
def test_dirac_fermion_through_the_z_prime():
    # 2 m_chi just above m_Z' = 11.5 MeV; the pole needs no break there, but one does no harm
    m, args = 0.0058, (0.0115, 5e-4, 1.0)
    width = float(2 * args[1] ** 2 * args[0] / (24 * np.pi))

    def rate(s):
        return annihilation.rate_dirac(m, *args, s)

    with_breaks = relic.omega_h2_for(m, rate, 2, breaks=([0.0115], [width]))
    assert_allclose(relic.omega_h2_for(m, rate, 2), with_breaks, rtol=1e-5)
    below = 0.0057
    found = relic.omega_h2_for(below, lambda s: annihilation.rate_dirac(below, *args, s), 2, breaks=([0.0115], [width]))
    # above the pole it is far smaller, and a rule without the break misses it
    missed = relic.omega_h2_for(below, lambda s: annihilation.rate_dirac(below, *args, s), 2)
    assert found < 1e-6 * with_breaks and missed > 10.0 * found
    assert_allclose(relic.omega_h2_z_prime([m, below], *args, "chi"), [with_breaks, found], rtol=2e-5)


@pytest.mark.identity
def test_dirac_density_is_inverse_to_its_rate():
    # below the threshold of two Z' the rate is proportional to Q^2, far off the pole to g^4 Q^2
    mass = [[0.0020], [0.0090]]
    charges = np.array([0.1, 1.0, 10.0, 100.0])
    found = relic.omega_h2_z_prime(mass, 0.0115, 1e-3, charges, "chi")
    rates = [[annihilation.rate_dirac(m, 0.0115, 1e-3, q, 4.1 * m**2) for q in charges] for m in np.ravel(mass)]
    # Omega <sigma v> is x_f over sqrt(g), that is logarithmic
    product = found * rates
    assert found.shape == (2, 4) and np.all(np.diff(found) < 0.0)
    assert np.all(product.max(axis=1) < 6.0 * product.min(axis=1))
    many = relic.omega_h2_z_prime(np.full(1200, 0.002), 0.0115, 1e-3, 1.0, "chi")
    assert_allclose(many, found[0, 1], rtol=1e-12)
    scalar = relic.omega_h2_z_prime(mass, 0.0115, 1e-3, charges)
    sector = model.DarkSector(m_zp=0.0115, g_x=1e-3, m_x=mass, q_x=charges)
    assert_allclose(scalar, relic.omega_h2(sector), rtol=1e-12)


@pytest.mark.identity
def test_dirac_density_breaks_at_the_pole_and_where_two_z_prime_open():
    # a particle just too light for two Z' at rest makes them when it is fast, with a charge that makes them count
    m_zp, g_x, charge = 0.0115, 1e-3, 300.0
    mass = np.array([0.85, 0.93, 0.99]) * m_zp
    found = relic.omega_h2_z_prime(mass, m_zp, g_x, charge, "chi")
    args = m_zp, g_x, charge
    breaks = ([m_zp, 2.0 * m_zp], [float(widths.gamma_zp(model.DarkSector(m_zp=m_zp, g_x=g_x))), 0.0])
    assert_allclose(
        found, relic.omega_h2_for(mass, lambda s: annihilation.rate_dirac(mass, *args, s), 2, breaks=breaks), rtol=1e-9
    )
    without = relic.omega_h2_for(mass, lambda s: annihilation.rate_dirac(mass, *args, s, "nunu"), 2, breaks=breaks)
    assert np.all(found < 0.9 * without), "two Z' take part"


@pytest.mark.identity
def test_thermal_average_of_a_narrow_z_prime_follows_from_its_widths():
    # inverse decays: n_X^2 <sigma v> = Gamma(X X*) BR(other than X X*) K_1/K_2 n_Z'
    sector = A.replace(m_x=0.45 * A.m_zp, q_x=1.0)
    bare, full, T = widths.gamma_zp(A), widths.gamma_zp(sector), sector.m_x / 20.0
    assert full < 1e-8 * A.m_zp
    made = 3.0 * (full - bare) * bare / full * A.m_zp**2 * T * special.kn(1, A.m_zp / T)
    gas = sector.m_x**2 * T * special.kn(2, 20.0)
    assert_allclose(relic.thermal_average(sector, 20.0), 2.0 * np.pi**2 * made / gas**2, rtol=1e-4)


@pytest.mark.identity
def test_shapes_of_the_average():
    sector = A.replace(m_x=[0.05, 0.1], m_h1=1.0, lambda_phi_x=0.01)
    x = np.array([10.0, 20.0, 30.0])
    table = relic.thermal_average(sector, x[:, None])
    assert table.shape == (3, 2)
    assert_allclose(relic.thermal_average(sector, [10.0, 30.0]), [table[0, 0], table[2, 1]], rtol=1e-12)
    assert_allclose(relic.thermal_average(sector.replace(m_x=0.1), x), table[:, 1], rtol=1e-12)
    assert relic.thermal_average(sector, np.ones((4, 1, 1))).shape == (4, 1, 2)
    # cold particles have the cross-section at rest
    assert_allclose(relic.thermal_average(sector, 1e6), relic.sigma_v(sector, 0.0), rtol=1e-4)
    many = sector.select(np.tile([0, 1], 400))
    assert_allclose(relic.thermal_average(many, 20.0).reshape(400, 2), np.tile(table[1], (400, 1)), rtol=1e-12)


@pytest.mark.identity
def test_masked_points_have_no_density():
    sector = A.replace(m_x=[0.1, -1.0, 0.3, np.nan], m_h1=[1.0, 1.0, 200.0, 1.0], lambda_phi_x=0.01)
    good = A.replace(m_x=0.1, m_h1=1.0, lambda_phi_x=0.01)
    bad = [False, True, True, True]
    for function in (relic.omega_h2, relic.omega_h2_analytic, relic.bath_shift, lambda one: relic.thermal_average(one, 20.0)):
        value = function(sector)
        assert np.isnan(value).tolist() == bad
        assert_allclose(value[0], function(good), rtol=1e-12)
    found, path = relic.coupling_for(sector), relic.evolve(sector)
    assert np.isnan(found.value).tolist() == np.isnan(path.x_f).tolist() == bad
    assert found.reason[0] == "" and found.reason[1:].tolist() == sector.reason[1:].tolist()
    assert np.isnan(path.y[:, 1:]).all() and np.isfinite(path.y[:, 0]).all()
    every = sector.replace(m_x=[-1.0] * 4)
    assert np.isnan(relic.omega_h2(every)).all() and np.isnan(relic.coupling_for(every).value).all()
    assert np.isnan(relic.evolve(every).x_f).all() and np.isnan(relic.bath_shift(every)).all()


# ---------------------------------------------------------------------------------------- the coupling


@pytest.mark.identity
def test_coupling_gives_the_density_on_every_branch():
    rng = np.random.default_rng(6)
    sector = A.replace(m_x=10 ** rng.uniform(-2.1, 0.3, 30), m_h1=10 ** rng.uniform(-1.5, 1.0, 30), q_x=10.0, sin_theta=3e-3)
    found = relic.coupling_for(sector)
    assert found.value.shape == (30,) and found.branches.shape == (2, 30)
    assert set(found.reason.tolist()) == {"", "no solution below 4 pi", "too little at any coupling"}
    solved = found.reason == ""
    assert (np.isfinite(found.value) == solved).all()
    assert_allclose(found.branches[0][solved], found.value[solved])
    for branch in found.branches:
        there = np.isfinite(branch)
        assert_allclose(relic.omega_h2(sector.select(there).replace(lambda_phi_x=branch[there])), 0.12, rtol=1e-7)
    twice = np.isfinite(found.branches[1])
    assert twice.any() and np.all(found.branches[1][twice] > found.branches[0][twice])
    for reason, sign in (("no solution below 4 pi", 1.0), ("too little at any coupling", -1.0)):
        some = sector.select(found.reason == reason)
        for coupling in (1e-9, 1e-3, 0.1, 1.0, 12.0):
            assert np.all(sign * (relic.omega_h2(some.replace(lambda_phi_x=coupling)) - 0.12) > 0.0)


@pytest.mark.identity
def test_branches_against_a_fine_scan():
    sector = A.replace(
        m_x=[0.01023, 0.00946, 0.1, 0.3, 0.01158], m_h1=[0.3058, 0.0342, 1.0, 0.61, 0.1575], q_x=[0.0, 0.0, 0.7, 0.7, 10.0]
    )
    found = relic.coupling_for(sector)
    couplings = np.geomspace(1e-8, 4 * np.pi, 400)
    density = relic.omega_h2(sector.select(np.tile(np.arange(5), 400)).replace(lambda_phi_x=np.repeat(couplings, 5)))
    above = density.reshape(400, 5) > 0.12
    for i in range(5):
        crossed = np.flatnonzero(above[1:, i] != above[:-1, i])
        branches = found.branches[:, i][np.isfinite(found.branches[:, i])]
        assert len(branches) == len(crossed)
        assert np.all((branches > couplings[crossed]) & (branches < couplings[crossed + 1]))


@pytest.mark.identity
def test_coupling_scan_finds_both_branches_with_few_evaluations():
    top, asked = np.log(4.0 * np.pi), []
    dip = top - 3.5 * np.log(10.0)

    def f(rows, log):
        asked.append(np.bincount(rows, minlength=4))
        values = [
            4.0 * np.abs(log - dip) - 2.0,  # as steep as it gets, one point below the target
            -2.0 * (log - dip) + 30.0,  # out of reach
            1.0 - 4.0 * np.abs(log - dip),  # a peak between two points
            2.0 * (log - dip),  # rises through it
        ]
        return np.select([rows == i for i in range(4)], values)

    point, low, high, f_low, f_high, last = relic._brackets(f, 4)
    assert np.bincount(point).tolist() == [2, 0, 2, 1]
    root = dip + np.array([-0.5, 0.5, -0.25, 0.25, 0.0])
    order = np.lexsort([low, point])
    assert np.all((low[order] <= root) & (root <= high[order]))
    # a part of a decade, but a whole one where the density follows a power of the coupling
    assert_allclose((high - low)[order], np.log(10.0) * np.array([0.2, 0.2, 0.2, 0.2, 1.0]))
    assert np.all((f_low > 0.0) != (f_high > 0.0))
    assert_allclose(last, f(np.arange(4), np.full(4, top)))
    # one a decade, but for the lowest ones where it levels off or rises towards them; then four more in the decades that are
    # near the target or rise, where there is a bend
    assert asked[0].tolist() == [9, 9, 9, 9] and asked[1].tolist() == [0, 0, 3, 3]
    assert asked[2].tolist() == [4 * 2, 0, 4 * 2, 0]
    found = relic._illinois(lambda rows, log: f(point[rows], log), low, high, f_low, f_high)
    assert_allclose(found[order], root, atol=1e-8)


@pytest.mark.identity
def test_roots_by_secants():
    # the second is linear, the third has no slope at its root, the fourth leaves its bracket
    def f(rows, x):
        values = [np.exp(1.0 - x) - 1.0, 1.0 - x, (1.0 - x) ** 9, np.where(x < 1.5, 3.0, -1e-12) * (1.5 - x)]
        return np.select([rows == i for i in range(4)], values)

    rows, a, b = np.arange(4), np.zeros(4), np.array([2.2, 1.7, 2.2, 2.0])
    root, failed = relic._secants(f, [a, b, f(rows, a), f(rows, b)], 1e-12)
    assert_allclose(root[:2], 1.0, atol=1e-9)
    assert np.all(np.abs(f(rows, root)[~np.isin(rows, failed)]) <= 1e-9)
    assert [part.size for part in relic._secants(f, list(np.empty((4, 0))), 1e-8)] == [0, 0]
    # one step from the start, and no second one
    asked = []

    def line(some, x):
        asked.append(x.tolist())
        return 1.0 - x

    relic._secants(line, [np.zeros(1), np.full(1, 1.7), np.ones(1), np.full(1, -0.7)], 1e-8, np.array([0.9]))
    assert asked == [[0.9], [1.0]]
    # a parabola has its own slope where the chord has its root
    asked = []

    def bent(some, x):
        asked.append(float(x[0]))
        return 1.0 - 0.5 * x - 0.5 * x**2

    relic._secants(bent, [np.zeros(1), np.full(1, 1.5), np.ones(1), np.full(1, -0.875)], 1e-8)
    assert_allclose(asked[:2], [0.8, 0.8 + 0.28 / 1.3], rtol=1e-14)


@pytest.mark.identity
@pytest.mark.parametrize("q_x", [0.0, 0.7])
@pytest.mark.parametrize("sin_theta", [0.0, 0.1])
def test_a_family_has_the_density_of_its_members(q_x, sin_theta):
    # below and above the thresholds and poles, and an H1 whose width into X rises within the lowest panels
    sector = A.replace(
        m_x=[0.0057, 0.0114, 0.05, 0.1, 0.1, 0.3, 6.0, 0.02], m_h1=[1.0, 0.3, 0.1, 0.1005, 0.19, 0.29, 100.0, 2.0], g_x=3e-4
    ).replace(q_x=q_x, sin_theta=sin_theta, lambda_phi_x=0.0)
    every = np.arange(8)
    sector = sector.select(every)
    for coupling in (1e-6, 1e-2, 0.3, 12.0):
        members = sector.replace(lambda_phi_x=np.full(8, coupling))
        # as many points as there are nodes for: a family is exact where no width depends on the coupling
        family = relic._Family(members)
        log = family.log_density(every, np.full(8, np.log(coupling)))
        assert_allclose(log, np.log(relic.omega_h2(members)), atol=1e-8)
        twice = np.repeat(every, 3)[::-1]
        again = family.log_density(twice, np.full(24, np.log(coupling)))
        assert_allclose(again, log[twice], atol=1e-10)
    # without the hottest temperatures only densities far above that of the dark matter change; the coarse steps are for scans
    family = relic._Family(sector, relic._HOT, scans=True)
    for coupling in (1e-2, 0.3):
        log = np.log(relic.omega_h2(sector.replace(lambda_phi_x=coupling)))
        narrow = np.isin(every, [2, 6])
        cool = ~narrow & (log < 1.0)
        assert cool.sum() > 2
        assert_allclose(family.log_density(every, np.full(8, np.log(coupling)))[cool], log[cool], atol=1e-6)
        coarse = family.log_density(every, np.full(8, np.log(coupling)), True)
        assert_allclose(coarse[cool], log[cool], atol=0.05)


@pytest.mark.identity
def test_coupling_on_a_resonance_that_is_hardly_resolved():
    # H1 just above 2 m_X, of a width that rounding errors in s reach: there the density is noise, and the scan is that of
    # `omega_h2`; its lowest root is found in the lowest decade
    sector = model.DarkSector(
        m_zp=0.184359199, g_x=0.00248031187, m_x=0.02784976962, m_h1=0.05570000963, sin_theta=0.001520239189, q_x=0.7, q_phi=2.0
    )
    found = relic.coupling_for(sector)
    assert found.branches.shape == (2,) and found.value < 1e-9
    assert_allclose(relic.omega_h2(sector.replace(lambda_phi_x=found.branches[1])), 0.12, rtol=1e-7)
    low, high = relic.omega_h2(sector.replace(lambda_phi_x=found.value * np.array([0.5, 2.0])))
    assert low < 0.12 < high


@pytest.mark.identity
def test_hottest_temperatures_matter_for_large_densities():
    mass = np.array([0.01, 1.0])
    assert relic._first(mass, np.log([0.12, 0.12])) == relic._HOT
    assert relic._first(mass, np.log([0.12, 1e7])) == relic._first(np.array([1e-4, 1.0]), np.log([1e3, 0.12])) == 0
    assert_allclose(relic._grid().x_of_average[relic._HOT], 6.0, rtol=0.01)
    sector = A.replace(m_x=[0.01, 0.02, 0.1], m_h1=1.0)
    for target in (1e3, 10.0, 1e-6):
        found = relic.coupling_for(sector, target)
        solved = found.reason == ""
        assert solved.sum() >= (2 if target > 1e-3 else 0)
        density = relic.omega_h2(sector.select(solved).replace(lambda_phi_x=found.value[solved]))
        assert_allclose(density, target, rtol=1e-7)


@pytest.mark.identity
def test_nodes_that_all_points_share():
    # the rule with shared nodes, with and without a polynomial in the lowest panels, against the plain one
    x = relic._grid().x_of_average
    mass = np.array([0.1, 0.1, 0.1, 0.1])
    positions = np.array([[0.25, 0.2002, 0.19, 1.9], [0.3, 0.21, 7.0, 0.2000002]])
    widths = np.array([[1e-4, 1e-7, 1e-4, 0.0], [0.0, 0.0, 0.0, 1e-9]])

    def rate(s, beta_2):
        poles = sum(
            1e-3 * np.maximum(w, 1e-3) / ((s - p**2) ** 2 + (w * p) ** 2 + 1e-9) for p, w in zip(positions, widths, strict=True)
        )
        return 0.3 + 0.2 * np.sqrt(beta_2) + beta_2 + poles

    expected = relic._averages(mass, rate, (positions, widths), x)
    assert_allclose(relic._on_fixed(mass, rate, (positions, widths)), expected, rtol=1e-11)
    some = (0, 2)
    quiet = relic._on_fixed(
        mass[:2], lambda s, b: 0.3 + 0.2 * np.sqrt(b) + b + s, (positions[:, some], widths[:, some]), relic._QUIET
    )
    expected = relic._averages(mass[:2], lambda s, b: 0.3 + 0.2 * np.sqrt(b) + b + s, (positions[:, some], widths[:, some]), x)
    assert_allclose(quiet, expected, rtol=1e-9)


@pytest.mark.identity
def test_roots_of_illinois():
    # from the left and from the right, and one that is found at once
    power = np.array([1.0, 3.0, 3.0, -2.0])

    def f(rows, x):
        return np.sign(x - 0.3) * np.abs(x - 0.3) ** power[rows] if np.all(power[rows] > 0) else np.exp(-x) - np.exp(-0.3)

    for rows in (np.array([0, 1, 2]), np.array([3])):
        a, b = np.array([0.0, -2.0, 0.2, 0.0])[rows], np.array([0.6, 0.5, 4.0, 9.0])[rows]
        root = relic._illinois(lambda some, x, rows=rows: f(rows[some], x), a, b, f(rows, a), f(rows, b))
        assert_allclose(f(rows, root), 0.0, atol=1e-8)
    assert relic._illinois(f, *np.empty((4, 0))).shape == (0,)


@pytest.mark.identity
def test_average_along_the_grid():
    x = relic._grid().x_of_average[: relic._EARLY_AVERAGES]
    rows = np.stack([np.log(3.0 * x**-0.5), np.log(x)])
    for one in (1.0, 1.03, 20.0, 119.0, 120.0):
        assert_allclose(relic._along(rows, np.full(2, one)), [3.0 * one**-0.5, one], rtol=1e-12)


@pytest.mark.identity
def test_coupling_scales_with_the_density():
    # far from resonances sigma v ~ lambda^2, and the density is 1/(sigma v) up to logarithms
    sector = A.replace(m_x=0.1, m_h1=5.0)
    found = relic.coupling_for(sector, [0.12, 0.03])
    assert found.value.shape == (2,)
    assert_allclose(found.value[1] / found.value[0], 2.0, rtol=0.05)
    assert_allclose(relic.omega_h2(sector.replace(lambda_phi_x=found.value)), [0.12, 0.03], rtol=1e-7)
    single = relic.coupling_for(sector.replace(lambda_phi_x=3.0))
    assert single.value.shape == () and single.branches.shape == (1,) and single.reason.shape == ()
    assert_allclose(single.value, found.value[0], rtol=1e-12)
    assert relic.coupling_for(sector.replace(m_x=0.02, m_h1=100.0)).reason == "no solution below 4 pi"
    # near the upper end
    heavy = sector.replace(m_x=0.2, m_h1=50.0)
    strong = relic.coupling_for(heavy)
    assert 3.0 < strong.value < 5.0
    assert_allclose(relic.omega_h2(heavy.replace(lambda_phi_x=strong.value)), 0.12, rtol=1e-7)
    edge = relic.omega_h2(heavy.replace(lambda_phi_x=4.0 * np.pi))
    assert_allclose(relic.coupling_for(heavy, edge * (1.0 + 1e-12)).value, 4.0 * np.pi, rtol=1e-8)


# -------------------------------------------------------------------------------------------- the bath


@pytest.mark.identity
def test_bath_without_a_light_z_prime_is_the_standard_one():
    sector = model.DarkSector(m_zp=1.0, g_x=0.1, m_x=[0.1, 0.2, 0.4], m_h1=50.0, lambda_phi_x=0.1)
    # what is left: QED at 5 MeV, and N_eff = 3.045 in place of the fit's value
    assert_allclose(relic.bath_shift(sector), 0.0, atol=2e-3)
    bath, standard = relic._bath_with_z_prime(1.0, 0.1), relic._standard_bath()
    log_t = np.log([0.006, 0.02, 0.05])
    for ours, theirs in zip(bath.expansion_at(log_t), standard.expansion_at(log_t), strict=True):
        assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.identity
def test_bath_with_a_light_z_prime():
    m, g = 0.0115, 5e-4
    bath = relic._bath_with_z_prime(m, g)
    T = np.array([0.02, 0.5])
    rate, log_s = bath.expansion_at(np.log(T))
    extra = thermodynamics.entropy_density(T, m, 3.0) / (2.0 * np.pi**2 / 45.0 * T**3)
    # all entropy conserved from 0.5 to 0.02 GeV
    g_s = thermodynamics.g_s(T) + extra
    assert_allclose(np.exp(log_s[0] - log_s[1]), g_s[0] / g_s[1], rtol=1e-4)
    rho = np.pi**2 / 30.0 * thermodynamics.g_rho(T) * T**4 + thermodynamics.energy_density(T, m, 3.0)
    hubble = np.sqrt(8.0 * np.pi / 3.0 * rho) / natural("M_Pl")
    h = 1e-3
    slope = (bath.expansion_at(np.log(T) + h)[1] - bath.expansion_at(np.log(T) - h)[1]) / (2.0 * h)
    volume = 2.0 * np.pi**2 / 45.0 * np.exp(log_s) * T**3
    assert_allclose(np.exp(rate), volume / hubble * (1.0 + slope / 3.0), rtol=1e-4)
    # cold: the photons of today, in neutrinos that are colder than them
    path = neutrinos.history([neutrinos.z_prime(m, g)])
    cold = path.t_nu[-1] * 1.001
    assert_allclose(
        np.exp(bath.expansion_at(np.log(cold))[1]),
        thermodynamics.g_s(1e-5) * (path.t_gamma[-1] / path.t_nu[-1]) ** 3,
        rtol=1e-3,
    )


@pytest.mark.independent
def test_bath_shift_against_an_equation_in_the_scale_factor():
    # number in a comoving volume against ln a, temperatures and H by splines through the history
    m_x, sigma, m, g = 0.02, 2.0 * 1.4e-9, 0.0115, 5e-4
    path = neutrinos.history([neutrinos.z_prime(m, g)])
    log_a = path.log_a
    rho = (
        thermodynamics.energy_density(path.t_gamma, 0.0, 2)
        + thermodynamics.energy_density(path.t_gamma, natural("m_e"), 4, "fermion")
        + thermodynamics.qed_energy_density(np.maximum(path.t_gamma, 1e-5))
        + thermodynamics.energy_density(path.t_nu, 0.0, 6, "fermion")
        + thermodynamics.energy_density(path.t_nu, m, 3)
    )
    log_nu = interpolate.CubicSpline(log_a, np.log(path.t_nu))
    log_h = interpolate.CubicSpline(log_a, 0.5 * np.log(8.0 * np.pi / 3.0 * rho) - np.log(natural("M_Pl")))

    def terms(u):
        x = m_x / np.exp(log_nu(u))
        n_eq = np.log(m_x**3 / (2.0 * np.pi**2 * x) * special.kve(2, x)) - x + 3.0 * u
        return sigma / np.exp(log_h(u) + 3.0 * u), n_eq

    def slope(u, w):
        rate, n_eq = terms(u)
        return -rate * (np.exp(w) - np.exp(2.0 * n_eq - w))

    start = 0.2
    solution = integrate.solve_ivp(slope, (start, log_a[-1]), [terms(start)[1]], method="Radau", rtol=1e-8, atol=1e-9)
    n = np.exp(solution.y[0, -1])
    rate = terms(log_a[-1])[0]
    n = n / (1.0 + n * rate)
    # per photon, and so today
    today = n / np.exp(3.0 * log_a[-1]) * (natural("T_CMB") / path.t_gamma[-1]) ** 3
    critical = 3.0 / (8.0 * np.pi) * (units.convert(100.0, "km/s/Mpc", "GeV") * natural("M_Pl")) ** 2
    average = np.full((1, len(relic._grid().x_of_average)), sigma)
    ours = relic._density(m_x, relic._solve(np.array([m_x]), average, 1.0, relic._bath_with_z_prime(m, g)).today, False)
    assert_allclose(ours, 2.0 * m_x * today / critical, rtol=1e-3)
    # X that decouples after the neutrinos: a few per cent, as said in the brief of the chapter
    standard = relic._density(m_x, relic._solve(np.array([m_x]), average, 1.0, relic._standard_bath()).today, False)
    assert 0.04 < ours / standard - 1.0 < 0.06


@pytest.mark.identity
def test_bath_shift_on_the_relic_line():
    sector = A.replace(m_x=[0.02, 0.1, 0.4, 5.0], m_h1=50.0)
    sector = sector.replace(m_h1=5.0, lambda_phi_x=relic.coupling_for(sector.replace(m_h1=5.0)).value)
    shift = relic.bath_shift(sector)
    # +5 % where the neutrinos have decoupled, -5 % where the Z' only speeds the expansion up, and its entropy stays in neutrinos
    assert_allclose(shift, [0.052, -0.011, -0.053, 0.009], atol=2e-3)
    both = sector.replace(m_zp=[0.0115, 0.02, 0.0115, 0.0115])
    assert_allclose(relic.bath_shift(both)[[0, 2]], shift[[0, 2]], rtol=1e-9)
    assert_allclose(relic.bath_shift(both.select([1])), relic.bath_shift(both)[[1]], rtol=1e-9)


# ------------------------------------------------------------------------------------------ bad input


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: relic.omega_h2(A), "m_x is not set"),
        (lambda: relic.omega_h2(A.replace(m_x=0.1, lambda_phi_x=0.1)), "m_h1 is not set"),
        (lambda: relic.omega_h2(A.replace(m_x=0.1, lambda_phi_x=13.0)), "lambda_phi_x = 13 is outside its range"),
        (lambda: relic.coupling_for(A.replace(m_x=0.1)), "m_h1 is not set"),
        (lambda: relic.coupling_for(A.replace(m_h1=1.0)), "m_x is not set"),
        (lambda: relic.coupling_for(A.replace(m_x=0.1, m_h1=1.0), 0.0), r"omega_h2 = 0 is outside its range \[1e-06, 1000\]"),
        (lambda: relic.thermal_average(A.replace(m_x=0.1), 0.5), r"x = 0.5 is outside its range \[1, 1e\+06\]"),
        (lambda: relic.thermal_cross_section(1e-5), "mass = 1e-05 GeV"),
        (lambda: relic.thermal_cross_section(0.1, "d"), "wave = 'd' is not one of 's', 'p'"),
        (lambda: relic.omega_h2_analytic(0.1), "cross_section is not set"),
        (lambda: relic.omega_h2_analytic(0.1, 0.0), "cross_section = 0 GeV\\^-2 is outside its range"),
        (lambda: relic.omega_h2_analytic(A.replace(m_x=0.1), 1e-9), "cross_section and self_conjugate are for a mass"),
        (lambda: relic.omega_h2_for(0.1, lambda s: -s), "rate is negative or not finite"),
        (lambda: relic.omega_h2_for(0.1, lambda s: np.nan * s), "rate is negative or not finite"),
        (lambda: relic.omega_h2_for(0.1, lambda s: s, 0.0), "dof = 0 is outside its range"),
        (lambda: relic.omega_h2_for(0.1, lambda s: s, breaks=([-1.0], [0.0])), "breaks, positions = -1 GeV"),
        (lambda: relic.bath_shift(A.replace(g_x=1e-12, m_x=0.1)), "is not in equilibrium with the neutrinos"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.identity
def test_fields_of_the_results():
    assert [field.name for field in dataclasses.fields(relic.Coupling)] == ["value", "branches", "reason"]
    assert [field.name for field in dataclasses.fields(relic.Evolution)] == ["x", "y", "y_eq", "x_f", "omega_h2"]
    assert relic.sigma_v is annihilation.sigma_v


@pytest.mark.talk
def test_prefactor_of_the_slide():
    # rounded constants of textbooks; today's give 2 % less
    assert_allclose(relic.analytic_prefactor(), 1.75e-10, rtol=0.03)


@pytest.mark.published
def test_prefactor_of_the_textbook():
    # Kolb and Turner: 1.07e9 GeV^-1/M_Pl for one species; here both, so 2.14e9
    assert_allclose(relic.analytic_prefactor() * natural("M_Pl"), 2.14e9, rtol=0.03)


def poles():
    """Points at which H1 can be on its pole, from broad to so narrow that 16 digits do not resolve it."""
    random = np.random.default_rng(3)
    n = 240
    m_x = np.exp(random.uniform(np.log(0.02), np.log(60.0), n))
    m_h1 = 2.0 * m_x * (1.0 + np.exp(random.uniform(np.log(1e-3), np.log(0.5), n)))
    g_x = np.exp(random.uniform(np.log(1e-7), np.log(1e-3), n))
    m_zp = np.exp(random.uniform(np.log(3e-3), np.log(0.1), n))
    return model.DarkSector(m_zp=m_zp, g_x=g_x, q_x=0.5, m_x=m_x, m_h1=np.minimum(m_h1, 120.0), sin_theta=0.0)


@pytest.mark.identity
def test_couplings_beside_poles_give_the_density(monkeypatch):
    sector, calls = poles(), []
    search = relic._illinois
    monkeypatch.setattr(relic, "_illinois", lambda f, a, *rest: calls.append(len(a)) or search(f, a, *rest))
    found = relic.coupling_for(sector)
    # roots that are not resolved are found, and so are strong ones
    assert calls and calls[0] > 3 and np.sum(found.branches > 1.3) > 10
    for branch in found.branches:
        there = np.isfinite(branch)
        some = sector.select(there).replace(lambda_phi_x=branch[there])
        apart = np.abs(relic.omega_h2(some) / natural("Omega h^2", "1") - 1.0)
        assert np.mean(apart < 1e-6) > 0.97 and np.median(apart) < 1e-8
    # in families of a few points each the roots are the same
    monkeypatch.setattr(relic, "_FAMILY", 50)
    small = relic.coupling_for(sector)
    # up to rounding noise where the line is not resolved
    same = np.isclose(small.branches, found.branches, rtol=1e-6, atol=0.0, equal_nan=True)
    assert np.sum(~same.all(axis=0)) < 0.2 * calls[0]
