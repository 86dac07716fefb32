"""Expansion from the decoupling of the neutrinos to recombination, against closed forms, quad and NUDEC_BSM."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, interpolate, optimize

from darkhiggs import expansion, inputs, neutrinos, thermodynamics, units
from darkhiggs._gases import degenerate, degenerate_boson
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural

HUNDRED = units.convert(100.0, "km/s/Mpc", "GeV")
FLAVOUR = 7 / 8 * (4 / 11) ** (4 / 3)
STANDARD = float(neutrinos.n_eff())
Z_PRIME = [neutrinos.z_prime(0.010, 5e-4)]


def omegas():
    """Omega h^2 of photons, baryons and all matter."""
    critical = 3 * HUNDRED**2 * natural("M_Pl") ** 2 / (8 * np.pi)
    photons = float(thermodynamics.energy_density(natural("T_CMB"), 0, 2)) / critical
    return photons, float(natural("omega_b", "1")), float(natural("omega_b", "1") + natural("omega_c", "1"))


@pytest.mark.published
def test_planck():
    photons, _, _ = omegas()
    # Fixsen's temperature: 2.473e-5
    assert_allclose(photons, 2.473e-5, rtol=3e-4)
    horizons = expansion.sound_horizon([natural("z_star", "1"), natural("z_drag", "1")], 3.046)
    published = [inputs.get(f"published.{name}") for name in ("r_star", "r_drag")]
    for ours, theirs in zip(horizons, published, strict=True):
        assert abs(ours - theirs.value) < 0.2 * theirs.uncertainty
    assert abs(expansion.equality(3.046) - 3402) < 0.1 * 26
    # Planck includes a mass of 0.06 eV of one neutrino
    light, y = omegas()[0], np.linspace(1e-4, 40.0, 2001)
    log_x = np.linspace(0.0, np.log(1.0 + natural("z_star", "1")), 1001)
    x, t = np.exp(log_x)[:, None], (4 / 11) ** (1 / 3) * (3.046 / 3) ** 0.25 * natural("T_CMB")
    heavy = np.trapezoid(y**2 * np.hypot(y, 6e-11 / (t * x)) / (np.exp(y) + 1), y) / np.trapezoid(y**3 / (np.exp(y) + 1), y)

    def distance(relative):
        rho = light * (1 + FLAVOUR * 3.046 / 3 * (2 + relative)) * x[:, 0] ** 4 + omegas()[2] * x[:, 0] ** 3
        return np.trapezoid(x[:, 0] / np.sqrt(rho + 0.6736**2 - rho[0]), log_x)

    massive = expansion.angular_scale(3.046, 0.6736) * distance(1.0) / distance(heavy)
    theta = inputs.get("published.theta_star")
    assert abs(massive - theta.value) < theta.uncertainty


@pytest.mark.independent
@pytest.mark.parametrize("n", [2.0, 3.046, 4.0])
def test_sound_horizon_in_closed_form(n):
    # matter and radiation alone: Eisenstein and Hu, astro-ph/9709112
    photons, baryons, matter = omegas()
    z = np.array([500.0, 1090.0, 1e5])
    a_eq = photons * (1 + FLAVOUR * n) / matter
    loading = 0.75 * baryons / photons
    r, r_eq = loading / (1 + z), loading * a_eq
    k_eq = HUNDRED * np.sqrt(2 * matter / a_eq)
    exact = 2 / (3 * k_eq) * np.sqrt(6 / r_eq) * np.log((np.sqrt(1 + r) + np.sqrt(r + r_eq)) / (1 + np.sqrt(r_eq)))
    assert_allclose(expansion.sound_horizon(z, n), units.convert(exact, "GeV^-1", "Mpc"), rtol=1e-6)
    assert_allclose(expansion.equality(n), 1 / a_eq - 1, rtol=1e-6)
    # at equality half of the energy is matter
    t = natural("T_CMB") / a_eq
    radiation = thermodynamics.energy_density(t, 0, 2) * (1 + FLAVOUR * n)
    assert_allclose(expansion.hubble(t, n), np.sqrt(16 * np.pi / 3 * radiation) / natural("M_Pl"), rtol=1e-6)


def angle(n, h, matter):
    """theta_* by adaptive quadrature in the redshift."""
    photons, baryons, _ = omegas()
    light, z = photons * (1 + FLAVOUR * n), float(natural("z_star", "1"))

    def rate(x):
        return np.sqrt(light * x**4 + matter * x**3 + h**2 - matter - light)

    def sound(y):
        x = np.exp(y)
        return x / rate(x) / np.sqrt(3 * (1 + 0.75 * baryons / photons / x))

    far = integrate.quad(lambda y: np.exp(y) / rate(np.exp(y)), 0, np.log(1 + z), epsabs=0, epsrel=1e-10)[0]
    return integrate.quad(sound, np.log(1 + z), 35, epsabs=0, epsrel=1e-10)[0] / far


@pytest.mark.independent
def test_hubble_constant():
    _, _, matter = omegas()
    start = angle(STANDARD, 0.674, matter)
    assert_allclose(expansion.angular_scale(STANDARD, 0.674), start, rtol=1e-6)
    assert_allclose([expansion.hubble_constant(STANDARD, k) for k in ("matter", "equality")], 67.4, rtol=1e-7)
    n = np.array([2.5, 3.5, 4.2])
    more = matter * (1 + FLAVOUR * n) / (1 + FLAVOUR * STANDARD)
    for keep, dense in (("matter", matter + 0 * n), ("equality", more)):
        exact = [
            100 * optimize.brentq(lambda h, i=i, m=m: angle(i, h, m) - start, 0.45, 1.4, xtol=1e-10)
            for i, m in zip(n, dense, strict=True)
        ]
        assert_allclose(expansion.hubble_constant(n, keep), exact, rtol=1e-5)
    # with z_eq kept, all early lengths shrink as (1 + 0.227 N)^(-1/2), and H_0 grows about as fast
    growth = np.sqrt((1 + FLAVOUR * 3.5) / (1 + FLAVOUR * STANDARD)) - 1
    assert_allclose(expansion.hubble_constant(3.5, "equality") / 67.4 - 1, growth, rtol=0.15)


@pytest.mark.published
def test_slope_against_the_fits_of_planck():
    # 6.5(5) per unit in full fits, which lie between the two
    low, high = (expansion.hubble_constant(STANDARD + 0.3, keep) - 67.4 for keep in ("equality", "matter"))
    assert low / 0.3 < 6.0 and high / 0.3 > 7.0


@pytest.mark.identity
def test_departure():
    run, lcdm = neutrinos.history(Z_PRIME), neutrinos.history()
    # at the temperatures of the history H is that of the history
    t = run.t_gamma[5:-5:9]
    square = interpolate.CubicSpline(np.log(lcdm.t_gamma[::-1]), np.log(lcdm.rho[::-1]))(np.log(t))
    assert_allclose(expansion.departure(t, Z_PRIME), run.hubble[5:-5:9] / np.sqrt(8 * np.pi / 3 * np.exp(square)) * natural("M_Pl") - 1, atol=1e-5)  # fmt: skip
    # below it, the radiation of N_eff and matter
    t = np.array([1e-11, 2.56e-10, 1e-9, 1e-6])
    wanted = expansion.hubble(t, run.n_eff) / expansion.hubble(t, lcdm.n_eff) - 1
    assert_allclose(expansion.departure(t, Z_PRIME), wanted, rtol=2e-5)
    assert np.shape(expansion.departure(1e-3, Z_PRIME)) == ()
    # without a Z', or with one that is gone, there is none
    assert np.all(expansion.departure([1e-10, 1e-3, 0.01], ()) == 0.0)
    assert_allclose(expansion.departure([1e-10, 1e-3, 0.01], [neutrinos.Species(0.4, 3)]), 0.0, atol=1e-8)
    # three relativistic states beside 10.75 of the Standard Model, less QED
    hot = expansion.departure(0.010, [neutrinos.Species(1e-4, 3)])
    assert_allclose(hot, np.sqrt(1 + 3 / 10.75) - 1, rtol=2e-3)
    split = expansion.departure(1e-5, Z_PRIME, variant="split")
    gain = np.sqrt((1 + FLAVOUR * neutrinos.n_eff(Z_PRIME, variant="split")) / (1 + FLAVOUR * neutrinos.n_eff(variant="split")))
    assert_allclose(split, gain - 1, atol=2e-5)


def by_entropy(dof, flavours):
    """Gain of the energy by a boson of no mass: bisections instead of two equations at once, momenta by the trapezoidal rule."""
    y = np.linspace(1e-4, 60, 60001)

    def sums(eta, sign, g):
        f = g / (2 * np.pi**2) / (np.exp(y - eta) + sign)
        return np.trapezoid(f * y**3, y), np.trapezoid(f * y**2, y)

    rho, n = sums(0.0, 1, 2 * flavours)

    def mixture(eta):
        a, b = sums(eta, 1, 2 * flavours), sums(2 * eta, -1, dof)
        return a[0] + b[0], a[1] + 2 * b[1]

    # rho/n^(4/3) does not know the temperature
    eta = optimize.brentq(lambda x: mixture(x)[0] / mixture(x)[1] ** (4 / 3) - rho / n ** (4 / 3), -2.0, -0.01)
    e, pairs = mixture(eta)
    per_particle = 4 / 3 * e / pairs - eta

    def alone(eta):
        energy, number = sums(eta, 1, 2 * flavours)
        return energy, number, 4 / 3 * energy / number - eta

    last = optimize.brentq(lambda x: alone(x)[2] - per_particle, -2.0, 1.0)
    energy, number, _ = alone(last)
    return energy / number ** (4 / 3) / (rho / n ** (4 / 3)) - 1


@pytest.mark.independent
def test_late_shift():
    for dof, flavours in ((1, 3), (3, 2), (3, 3)):
        wanted = STANDARD * flavours / 3 * by_entropy(dof, flavours)
        assert_allclose(expansion.late_shift(dof, flavours), wanted, rtol=1e-4)
    assert_allclose(expansion.late_shift(0), 0.0, atol=1e-9)
    # an independent code: 0.118 for one state
    assert abs(expansion.late_shift(1) - natural("independent.late_scalar", "1")) < 1e-3
    # about 0.2 in the abstract of 1901.02010
    assert abs(expansion.late_shift(3, 2) - natural("published.delta_n_eff_late", "1")) < 0.05


@pytest.mark.independent
def test_late_history_reaches_equilibrium():
    for flavours in (2, 3):
        run = expansion.late_history(1e-7, 1e-11, flavours)
        assert_allclose(run.n_eff - STANDARD, expansion.late_shift(3, flavours), atol=2e-3)
    assert run.n_eff == run.n_eff_at[-1]
    # the same width over H at m: the same history
    other = expansion.late_history(4e-7, 2e-11)
    assert_allclose(other.n_eff_at, run.n_eff_at, rtol=1e-6)


@pytest.mark.identity
@pytest.mark.parametrize(("g_x", "flavours"), [(1e-11, 3), (2e-13, 2)])
def test_late_history_conserves_energy_and_number(g_x, flavours):
    m = 1e-7
    run = expansion.late_history(m, g_x, flavours)
    width = g_x**2 * m / (12 * np.pi)
    t, y = expansion._late(m, width, 3.0, float(flavours))
    assert_allclose(t, run.t_gamma)
    own = t * np.exp(y[2])
    bosons = degenerate_boson(m / own, y[3])
    number = flavours / 3 * degenerate(y[1])[1] * np.exp(3 * y[0]) + 2 * 3 * bosons[2] * (own / t) ** 3
    assert_allclose(number / number[0], 1.0, atol=1e-5)
    assert_allclose(run.t_nu, t * np.exp(y[0]))
    # d(rho a^4)/dln a = (rho - 3p) a^4, which only the Z' has
    rho, p = run.rho_nu + run.rho_zp, run.rho_nu / 3 + 3 * own**4 * (bosons[1] - bosons[0])
    slope = interpolate.CubicSpline(-np.log(t[:-1]), (rho / t**4)[:-1])(-np.log(t[:-1]), 1)
    assert_allclose((slope * t[:-1] ** 4 / rho[:-1] - (1 - 3 * p / rho)[:-1])[4:-4], 0.0, atol=2e-5)
    photons = np.pi**2 / 15 * t**4
    assert_allclose(run.hubble, np.sqrt(8 * np.pi / 3 * (photons + rho)) / natural("M_Pl"), rtol=1e-10)
    # nothing at the start but the neutrinos of the Standard Model
    assert_allclose(run.n_eff_at[0], STANDARD, rtol=1e-4)
    # the end is where 1e-7 of the energy of the neutrinos that take part is left
    here = flavours / 3 * degenerate(y[1, -1:])[0] * np.exp(4 * y[0, -1:]) * t[-1] ** 4
    assert_allclose(run.rho_zp[-1], 1e-7 * here, rtol=1e-3)


@pytest.mark.identity
def test_late_history_starts_with_inverse_decays():
    # few Z': Gamma m T_nu^3 3/(3 pi^2 H) of energy, from K_1 and K_2 at small argument
    m, g = 1e-7, 3e-13
    run = expansion.late_history(m, g)
    width = g**2 * m / (12 * np.pi)
    early = slice(0, 8)
    wanted = width * m * run.t_nu[early] ** 3 / (np.pi**2 * run.hubble[early])
    assert_allclose(run.rho_zp[early], wanted, rtol=0.01)


@pytest.mark.independent
def test_late_history_against_nudec_bsm():
    # Results/NuScalar/Thermofast_100_keV.dat: T_gamma/m, T_nu/T_gamma, T_phi/T_gamma, rho_nu/T_gamma^4, rho_phi/T_gamma^4
    rows = np.array(
        [
            [9.984959, 0.7331755, 0.5037254, 0.4507346, 0.00422404],
            [3.893935, 0.7961407, 0.6612335, 0.4273071, 0.02787933],
            [1.65848, 0.7940751, 0.7934439, 0.4153885, 0.04117608],
            [0.09517888, 0.748117, 0.7481169, 0.472533, 0.00001118425],
        ]
    )
    m = 1e-6
    h = np.sqrt(8 * np.pi**3 / 45 * (1 + FLAVOUR * STANDARD)) * m**2 / natural("M_Pl")
    # the width is not printed; the first row, rho_phi = 2.135728e-4 at 27.96627, gives it
    width = 2.135728e-4 * 3 * np.pi**2 / 0.7173009**3 * 27.96627**3 * h
    t, y = expansion._late(m, width, 1.0, 3.0)
    bosons = degenerate_boson(m / (t * np.exp(y[2])), y[3])[0] * np.exp(4 * y[2])
    columns = np.array([np.exp(y[0]), np.exp(y[2]), degenerate(y[1])[0] * np.exp(4 * y[0]), bosons])
    ours = interpolate.CubicSpline(np.log(t[::-1] / m), columns[:, ::-1].T)(np.log(rows[:, 0]))
    assert_allclose(ours[:, 0], rows[:, 1], rtol=5e-4)
    assert_allclose(ours[:, 1], rows[:, 2], rtol=4e-3)
    assert_allclose(ours[:, 2], rows[:, 3], rtol=1e-3)
    assert_allclose(ours[:3, 3], rows[:3, 4], rtol=0.02)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expansion.hubble(1e-3, 3.0), r"T = 0.001 GeV is outside its range \[1e-12, 5e-05\] GeV"),
        (lambda: expansion.hubble(1e-9, -1.0), r"n_eff = -1 is outside its range \[0, 10\]"),
        (lambda: expansion.departure(0.02, Z_PRIME), r"T = 0.02 GeV is outside its range \[1e-11, 0.018\] GeV"),
        (lambda: expansion.departure(1e-3, [neutrinos.z_prime([0.01, 0.02], 5e-4)]), r"species has shape \(2,\); give one mass"),
        (lambda: expansion.sound_horizon(10.0, 3.0), r"z = 10 is outside its range \[100, 1e\+07\]"),
        (lambda: expansion.sound_horizon([100.0, 200.0], np.ones(3)), r"do not broadcast: z \(2,\), n_eff \(3,\)"),
        (lambda: expansion.angular_scale(3.0, 0.1), r"h = 0.1 is outside its range \[0.4, 1.5\]"),
        (lambda: expansion.hubble_constant(3.0, "angle"), "keep = 'angle' is not one of 'matter', 'equality'"),
        (lambda: expansion.hubble_constant(9.0), r"n_eff = 9 is outside its range \[1, 6\]"),
        (lambda: expansion.equality(11.0), r"n_eff = 11 is outside its range \[0, 10\]"),
        (lambda: expansion.late_history(1e-3, 1e-11), r"m_zp = 0.001 GeV is outside its range \[1e-08, 1e-06\] GeV"),
        (lambda: expansion.late_history(1e-7, 1e-8), r"g_x = 1e-08 is outside its range \[1e-14, 1e-09\]"),
        (lambda: expansion.late_history(1e-7, 2e-14), r"g_x = 2e-14 is too far from equilibrium or too deep in it: 0.00042 is its"),
        (lambda: expansion.late_history(1e-7, 1e-10), r"g_x = 1e-10 is too far from equilibrium or too deep in it: 1.1e\+04 is its"),
        (lambda: expansion.late_history(1e-7, 1e-11, 4), r"flavours = 4 is outside its range \[2, 3\]"),
        (lambda: expansion.late_shift(-1), r"dof = -1 is outside its range \[0, 100\]"),
        (lambda: expansion.late_shift(3, 1), r"flavours = 1 is outside its range \[2, 3\]"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
