"""Each amplitude against explicit spinors and polarisation vectors, and each rate against a second method."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate, special

from darkhiggs import cmb, constraints, direct_detection, photon_penguin, thermodynamics, units
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural, override, use
from darkhiggs.kinetic_mixing import epsilon
from darkhiggs.model import v_higgs
from darkhiggs.rivals import dark_photon as dp
from darkhiggs.rivals import fermion_portal, long_lived

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = [np.array(x, complex) for x in ([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])]
ONE, NONE = np.eye(2, dtype=complex), np.zeros((2, 2), complex)
GAMMA = [np.block([[ONE, NONE], [NONE, -ONE]])] + [np.block([[NONE, s], [-s, NONE]]) for s in PAULI]
GAMMA_5 = np.block([[NONE, ONE], [ONE, NONE]])
CHARGE = 1j * GAMMA[2] @ GAMMA[0]
SPINS = tuple(itertools.product((0, 1), repeat=2))
ALPHA = 0.01
G = np.sqrt(4.0 * np.pi * ALPHA)
C, WEIGHT = np.polynomial.legendre.leggauss(30)


def slash(p):
    return sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4))


def square(p):
    return p @ METRIC @ p


def u(p, m, spin):
    chi = ONE[spin]
    return np.concatenate([np.sqrt(p[0] + m) * chi, sum(p[i + 1] * PAULI[i] for i in range(3)) @ chi / np.sqrt(p[0] + m)])


def bar(w):
    return w.conj() @ GAMMA[0]


def v(p, m, spin):
    """Spinor of the second Majorana particle: v = C ubar^T."""
    return CHARGE @ bar(u(p, m, spin))


def axial(left, right):
    return np.array([left @ GAMMA[i] @ GAMMA_5 @ right for i in range(4)])


def kinematics(m, m_a, m_b, energy, c):
    """Momenta of two psi of the same energy and of the products a and b; and the momentum of a."""
    s, p = 4.0 * energy**2, np.sqrt(energy**2 - m**2)
    k = np.sqrt((s - (m_a + m_b) ** 2) * (s - (m_a - m_b) ** 2)) / (2.0 * np.sqrt(s))
    along, across = k * c, k * np.sqrt(1.0 - c * c)
    first, second = (np.array([energy, 0, 0, sign * p]) for sign in (1, -1))
    return first, second, np.array([np.hypot(k, m_a), across, 0, along]), np.array([np.hypot(k, m_b), -across, 0, -along]), k


def two_phi(m, m_phi, g, m_x, energy, c):
    """Squared amplitude, averaged over the spins."""
    kappa, vev = 2.0 * g * m / m_x, m_x / (2.0 * g)
    p_1, p_2, k_1, k_2, _ = kinematics(m, m_phi, m_phi, energy, c)
    total = 0.0
    for i, j in SPINS:
        right, left = u(p_1, m, i), bar(v(p_2, m, j))
        value = -kappa * 3.0 * m_phi**2 / vev * (left @ right) / (4.0 * energy**2 - m_phi**2)
        for k in (k_1, k_2):
            value -= kappa**2 * (left @ (slash(p_1 - k) + m * np.eye(4)) @ right) / (square(p_1 - k) - m**2)
        total += abs(value) ** 2 / 4.0
    return total


def x_and_phi(m, m_phi, g, m_x, energy, c):
    kappa, vev = 2.0 * g * m / m_x, m_x / (2.0 * g)
    p_1, p_2, k, q, size = kinematics(m, m_x, m_phi, energy, c)
    n = k[1:] / size
    vectors = (np.array([0, n[2], 0, -n[0]]), np.array([0, 0, 1.0, 0]), np.concatenate([[size], k[0] * n]) / m_x)
    whole, total, unit = p_1 + p_2, 0.0, m * np.eye(4)
    for (i, j), eps in itertools.product(SPINS, vectors):
        right, left, vertex = u(p_1, m, i), bar(v(p_2, m, j)), slash(eps) @ GAMMA_5
        value = left @ (slash(p_1 - k) + unit) @ vertex @ right / (square(p_1 - k) - m**2)
        value += left @ vertex @ (slash(p_1 - q) + unit) @ right / (square(p_1 - q) - m**2)
        current = axial(left, right)
        through = current @ METRIC @ eps - (current @ METRIC @ whole) * (whole @ METRIC @ eps) / m_x**2
        total += abs(kappa * g * value + 2.0 * g * m_x**2 / vev * through / (square(whole) - m_x**2)) ** 2 / 4.0
    return total


@pytest.mark.independent
@pytest.mark.parametrize("amplitude,channel,same", [(two_phi, "phiphi", 0.5), (x_and_phi, "xphi", 1.0)])
def test_annihilation_against_spinors(amplitude, channel, same):
    for m, m_phi, m_x, energy in ((0.9, 0.1, 2.0, 1.3), (0.5, 0.5, 1.2, 0.93), (0.5, 0.004, 0.6, 0.55), (1.5, 0.7, 2.0, 1.6)):
        s = 4.0 * energy**2
        k = kinematics(m, m_x if channel == "xphi" else m_phi, m_phi, energy, 0.0)[-1]
        mean = 0.5 * sum(w * amplitude(m, m_phi, G, m_x, energy, c) for c, w in zip(C, WEIGHT, strict=True))
        assert_allclose(
            dp.rate(m, m_phi, ALPHA, s, m_x, channel=channel), same * mean * k / (4 * np.pi * np.sqrt(s)), rtol=1e-6
        )


@pytest.mark.independent
def test_standard_model_channel_against_spinors():
    m, m_x, mixing, energy = 0.3, 2.0, 0.01, 0.8
    e, s = np.sqrt(4.0 * np.pi / natural("1/alpha(0)", "1")), 4.0 * energy**2
    p_1, p_2, *_ = kinematics(m, 0.0, 0.0, energy, 0.0)
    total = 0.0
    for c, w in zip(C, WEIGHT, strict=True):
        *_, k_1, k_2, _ = kinematics(m, 0.0, 0.0, energy, c)
        lepton = np.array([[np.trace(slash(k_1) @ a @ slash(k_2) @ b) for b in GAMMA] for a in GAMMA])
        for i, j in SPINS:
            current = METRIC @ axial(bar(v(p_2, m, j)), u(p_1, m, i))
            total += 0.5 * w * np.real(current @ lepton @ current.conj()) / 4.0
    width = sum(dp.gamma_x(m, m_x, ALPHA, mixing))
    one = (G * e * mixing) ** 2 * total / (8.0 * np.pi) / ((s - m_x**2) ** 2 + (m_x * width) ** 2)
    # one massless lepton among all channels
    channels = dp.gamma_x(m, np.sqrt(s), ALPHA, mixing)[1] * 3.0 * natural("1/alpha(0)", "1") / (np.sqrt(s) * mixing**2)
    assert_allclose(dp.rate(m, 0.004, ALPHA, s, m_x, mixing, "sm"), one * channels, rtol=1e-6)
    parts = [dp.rate(m, 0.004, ALPHA, s, m_x, mixing, name) for name in ("phiphi", "xphi", "sm")]
    assert parts[1] == 0.0
    assert_allclose(dp.rate(m, 0.004, ALPHA, s, m_x, mixing), sum(parts), rtol=1e-12)


@pytest.mark.identity
def test_p_wave():
    m_phi = np.array([0.0, 0.004, 0.2, 0.4, 0.499])
    small, half = (dp.sigma_v_phiphi(0.5, m_phi, ALPHA, speed) / speed**2 for speed in (1e-4, 5e-5))
    b = dp.p_wave(0.5, m_phi, ALPHA)
    assert_allclose((4.0 * half - small) / 3.0, b, rtol=1e-6)
    assert_allclose(b[0], 6.0 * np.pi * ALPHA**2 * 0.5**2 / 2.0**4, rtol=1e-12)
    assert_allclose(dp.p_wave(0.5, 0.0, ALPHA, 4.0), b[0] / 16.0)
    assert dp.sigma_v_phiphi(0.5, 0.1, ALPHA, 0.0) == 0.0
    # an s-wave is there only for X phi
    at_rest = dp.rate(0.9, 0.1, ALPHA, 4 * 0.9**2, 1.5, channel="xphi")
    k = kinematics(0.9, 1.5, 0.1, 0.9, 0.0)[-1]
    assert_allclose(at_rest, 0.5 * (4 * G * 2 * G * 0.9 / 1.5 * k / 1.5) ** 2 * k / (4 * np.pi * 1.8), rtol=1e-9)


def scatter(m, m_x, g, kappa, m_phi, speed, c, gauge="unitary", partner=None):
    """Squared amplitude of psi psi -> psi psi, averaged over the spins; `partner` is the coupling of a."""
    beta = 0.5 * speed
    energy = m / np.sqrt(1.0 - beta**2)
    p_1, p_2, p_3, p_4, _ = kinematics(m, m, m, energy, c)

    def exchange(left, right, left_2, right_2, q):
        q_2, low = square(q), METRIC @ q
        metric = -METRIC + (np.outer(low, low) / m_x**2 if gauge == "unitary" else 0.0)
        value = -(g**2) * (axial(left, right) @ metric @ axial(left_2, right_2)) / (q_2 - m_x**2)
        if gauge != "unitary":
            value += partner**2 * (left @ GAMMA_5 @ right) * (left_2 @ GAMMA_5 @ right_2) / (q_2 - m_x**2)
        return value - kappa**2 * (left @ right) * (left_2 @ right_2) / (q_2 - m_phi**2)

    total = 0.0
    for i, j, k, n in itertools.product((0, 1), repeat=4):
        one, two, v_2 = u(p_1, m, i), u(p_2, m, j), bar(v(p_2, m, j))
        three, four, v_4 = bar(u(p_3, m, k)), bar(u(p_4, m, n)), v(p_4, m, n)
        value = exchange(three, one, four, two, p_1 - p_3) - exchange(four, one, three, two, p_1 - p_4)
        total += abs(value + exchange(v_2, one, three, v_4, p_1 + p_2)) ** 2 / 4.0
    return total


@pytest.mark.identity
def test_gauge_fixes_the_coupling():
    m, m_x = 0.5, 2.0
    y = dp.couplings(m, m_x, ALPHA)["y"]
    kappa = y / np.sqrt(2.0)
    point = (m, m_x, G, kappa, 0.1, 1.2, 0.3)
    assert_allclose(scatter(*point, gauge="Feynman", partner=kappa), scatter(*point), rtol=1e-10)
    assert abs(scatter(*point, gauge="Feynman", partner=0.5 * kappa) / scatter(*point) - 1.0) > 1e-3
    found = dp.couplings(m, m_x, ALPHA, 0.1)
    assert_allclose(found["vev"], m_x / (2 * G))
    assert_allclose(found["g"], G)
    assert_allclose(m, y * found["vev"] / np.sqrt(2.0))
    assert_allclose(0.1**2, 2.0 * found["quartic"] * found["vev"] ** 2)
    assert_allclose(found["alpha_phi"], y**2 / (8 * np.pi))
    assert_allclose(dp.born_parameter(m, m_x, ALPHA, 0.1), found["alpha_phi"] * m / 0.1)


@pytest.mark.independent
@pytest.mark.parametrize("m_phi", [None, 0.001, 0.2, 10.0])
def test_self_interaction_against_spinors(m_phi):
    m, m_x, speed = 0.8, 2.0, 3e-3
    kappa = 0.0 if m_phi is None else 2.0 * G * m / m_x
    nodes, weights = np.polynomial.legendre.leggauss(60 if m_phi == 0.001 else 8)
    values = [scatter(m, m_x, G, kappa, m_phi or 1.0, speed, c) for c in nodes]
    sigma = 0.5 * 2.0 * np.pi * np.dot(weights, values) / (64.0 * np.pi**2 * 4.0 * m**2)
    grams = natural("dark_photon.gram", "1")
    found = dp.sigma_over_mass(m, m_x, ALPHA, speed, m_phi)
    assert_allclose(found, sigma / m * units.convert(1.0, "GeV^-2", "cm^2") / grams, rtol=3e-5)


@pytest.mark.identity
def test_no_pole_and_no_velocity_with_x_alone():
    assert_allclose(dp.sigma_over_mass(0.5, 2.0, ALPHA, [1e-4, 0.01]), dp.sigma_over_mass(0.5, 2.0, ALPHA, 1e-3), rtol=1e-12)
    assert_allclose(dp.sigma_over_mass(1.0, 2.0, ALPHA, 1e-3), 2.0 * dp.sigma_over_mass(0.5, 2.0, ALPHA, 1e-3), rtol=1e-12)
    # 1 GeV^-3 = 2.184e-4 cm^2/g
    speed = units.convert(1000.0, "km/s", "1")
    prefactor = 16 * np.pi * ALPHA**2 * speed**2 / 2.0**3 * 2.184e-4
    x = np.array([0.25, 0.4])
    shape = x * (3 - 20 * x**2 + 40 * x**4) / (1 - 4 * x**2) ** 2
    assert_allclose(dp.sigma_over_mass(2.0 * x, 2.0, ALPHA, speed, formula="printed"), prefactor * shape, rtol=1e-3)
    with pytest.raises(ParameterError, match="leave out m_phi"):
        dp.sigma_over_mass(0.5, 2.0, ALPHA, speed, 0.004, "printed")


@pytest.mark.independent
def test_born_against_partial_waves():
    """Phase shifts of the Yukawa potential; the Born approximation is wrong by about twice its parameter."""
    m, m_x, alpha, m_phi, speed = 0.5, 2.0, 3e-4, 0.004, 0.02
    strength, k = dp.couplings(m, m_x, alpha)["alpha_phi"], 0.5 * m * speed
    total = 0.0
    for wave in range(13):

        def slope(r, delta, wave=wave):
            j, n = special.spherical_jn(wave, k * r), special.spherical_yn(wave, k * r)
            potential = -m * strength / r * np.exp(-m_phi * r)
            return -k * r**2 * potential * (np.cos(delta) * j - np.sin(delta) * n) ** 2

        shift = integrate.solve_ivp(slope, (1e-2 * (wave + 1) / k, 25.0 / m_phi), [0.0], rtol=1e-6, atol=1e-12).y[0, -1]
        # even waves are singlets, odd ones triplets; identical particles
        total += 8.0 * np.pi / k**2 * (2 * wave + 1) * np.sin(shift) ** 2 * (0.25 if wave % 2 == 0 else 0.75)
    exact = total / m * units.convert(1.0, "GeV^-2", "cm^2") / natural("dark_photon.gram", "1")
    assert_allclose(dp.sigma_over_mass(m, m_x, alpha, speed, m_phi), exact, rtol=0.03)


@pytest.mark.independent
def test_relic_density_against_an_integration():
    m, m_phi, m_x = 1.05, 0.1, 2.0
    alpha = float(dp.alpha_for(m, m_phi, 0.2, m_x))
    assert_allclose(dp.omega_h2(m, m_phi, alpha, m_x), 0.2, rtol=1e-6)

    energy, weight = np.polynomial.legendre.leggauss(600)
    e, w = 0.5 * (energy + 1.0), 0.5 * weight
    root = 2.0 * m * (1.0 + 2.0 * e**3)
    rate = dp.rate(m, m_phi, alpha, root**2, m_x)
    grid = np.geomspace(5.0, 2000.0, 200)
    flux = w * 12.0 * m * e**2 * 2.0 * root * np.sqrt(root**2 - 4 * m**2)
    top = np.sum(flux * rate * special.kve(1, grid[:, None] * root / m) * np.exp(-grid[:, None] * (root / m - 2)), axis=1)
    # <sigma v> = Int sigma (s - 4 m^2) sqrt(s) K_1 ds/(8 m^4 T K_2^2), sigma = W/(2 s beta)
    average = top * 0.5 / (8.0 * m**5 / grid * special.kve(2, grid) ** 2)

    def slope(log_x, log_y):
        x = np.exp(log_x)
        t = m / x
        step = 1e-3
        change = np.log(thermodynamics.g_s(t * (1 + step)) / thermodynamics.g_s(t * (1 - step))) / (2 * step)
        entropy = 2 * np.pi**2 / 45 * thermodynamics.g_s(t) * t**3
        number = 2 * m**2 * t / (2 * np.pi**2) * special.kve(2, x) * np.exp(-x) / entropy
        sv = np.exp(np.interp(log_x, np.log(grid), np.log(average)))
        y = np.exp(log_y)
        return -entropy * sv / thermodynamics.hubble(t) * (1 + change / 3) * (y - number**2 / np.maximum(y, 1e-300))

    start = np.log(5.0)
    t = m / 5.0
    entropy = 2 * np.pi**2 / 45 * thermodynamics.g_s(t) * t**3
    first = np.log(2 * m**2 * t / (2 * np.pi**2) * special.kve(2, 5.0) * np.exp(-5.0) / entropy)
    end = integrate.solve_ivp(slope, (start, np.log(1900.0)), [first], method="Radau", rtol=1e-6, atol=1e-9).y[0, -1]
    omega = np.exp(end) * m / 3.64e-9  # rho_crit/(h^2 s_0) in GeV
    assert_allclose(omega, 0.2, rtol=0.01)


@pytest.mark.identity
def test_alpha_for():
    m = np.array([0.1, 0.5])
    low, high = dp.alpha_for(m, 0.004), dp.alpha_for(m, m)
    assert np.all(high > 1.2 * low)
    assert_allclose(dp.omega_h2(m, 0.004, low), natural("Omega h^2", "1"), rtol=1e-6)
    # X phi conserves the number of psi below m_X/2, where X decays back, and makes the coupling smaller above
    scaled = dp.alpha_for([0.7, 0.98, 1.02], 0.004) * np.array([0.7, 0.98, 1.02])
    assert_allclose(scaled[1], scaled[0], rtol=0.05)
    assert scaled[2] < 0.96 * scaled[1]
    assert dp.rate(0.98, 0.1, ALPHA, 5.0) == dp.rate(0.98, 0.1, ALPHA, 5.0, channel="phiphi")
    parts = [dp.rate(1.02, 0.1, ALPHA, 5.0, channel=name) for name in ("phiphi", "xphi")]
    assert_allclose(dp.rate(1.02, 0.1, ALPHA, 5.0), sum(parts), rtol=1e-12)
    assert dp.rate(1.0, 0.1, ALPHA, 5.0) > dp.rate(1.0, 0.1, ALPHA, 5.0, channel="phiphi")
    # the pole does too, if X mixes
    assert dp.omega_h2(0.97, 0.004, 1e-5, 2.0, 1e-3) < 0.9 * dp.omega_h2(0.97, 0.004, 1e-5)


@pytest.mark.independent
def test_loop_of_two_x():
    """The triangle with its masses, by an integral over two Feynman parameters."""
    m_x, m_phi, m_e, mixing, alpha_x = 2.0, 0.004, natural("m_e"), 1e-3, 1e-3
    vev = m_x / (2.0 * np.sqrt(4.0 * np.pi * alpha_x))

    def integrand(y, x):
        w, product = x + y, 0.5 * (m_phi**2 - 2.0 * m_e**2)
        delta = w * m_x**2 + (1 - 2 * w) * m_e**2 + (x**2 + y**2) * m_e**2 - 2 * x * y * product
        return m_e * (4.0 - 2.0 * w) / delta

    loop = integrate.dblquad(integrand, 0.0, 1.0, 0.0, lambda x: 1.0 - x, epsabs=1e-14)[0]
    coupling = 4 * np.pi / natural("1/alpha(0)", "1") * mixing**2 * 2 * m_x**2 / vev * loop / (16 * np.pi**2)
    width = coupling**2 * m_phi / (8 * np.pi) * (1 - 4 * m_e**2 / m_phi**2) ** 1.5
    assert_allclose(dp.lifetime(m_phi, 0.0, mixing, m_x, alpha_x), units.convert(1 / width, "GeV^-1", "s"), rtol=1e-3)
    # the two couplings add
    same = coupling / m_e * v_higgs()
    assert_allclose(dp.lifetime(m_phi, same, mixing, m_x, alpha_x), units.convert(0.25 / width, "GeV^-1", "s"), rtol=2e-3)


@pytest.mark.identity
def test_lifetime_with_the_higgs_boson():
    m = np.array([0.004, 0.1, 0.25])
    width = sum(fermion_portal.gamma_higgs_like(m, name) for name in ("ee", "mumu"))
    assert_allclose(dp.lifetime(m, 1e-4), units.convert(1e8 / width, "GeV^-1", "s"), rtol=1e-10)
    assert dp.lifetime(0.001, 1e-4) == np.inf
    assert dp.lifetime(0.004) == np.inf


@pytest.mark.identity
def test_width_of_x():
    invisible, visible = dp.gamma_x([0.5, 1.0, 1.2], 2.0, ALPHA, 1e-3)
    assert_allclose(visible, long_lived.gamma_dark_photon(2.0, 1e-3), rtol=2e-3)
    assert invisible[1] == invisible[2] == 0.0
    # X at rest: three polarisations, identical particles
    k = np.sqrt(1.0 - 0.25)
    p, q = np.array([1.0, 0, 0, k]), np.array([1.0, 0, 0, -k])
    total = sum(np.sum(np.abs(axial(bar(u(p, 0.5, i)), v(q, 0.5, j))[1:]) ** 2) for i, j in SPINS)
    assert_allclose(invisible[0], 0.5 * G**2 * total / 3.0 * k / (8.0 * np.pi * 4.0), rtol=1e-10)


@pytest.mark.independent
def test_scattering_on_a_heavy_charge():
    """Spinors of psi and of a Dirac fermion with the mass of xenon, at two speeds."""
    m, m_x, mixing, m_phi, sine = 0.5, 2.0, 1e-3, 0.02, 1e-3
    number, charge = natural("target.xenon.mass_number", "1"), natural("target.xenon.charge", "1")
    heavy, e = number * natural("atomic_mass_unit"), np.sqrt(4.0 * np.pi / natural("1/alpha(0)", "1"))
    speed = natural("halo.escape", "1") + natural("halo.sun", "1")
    reduced = m * heavy / (m + heavy)
    p, nodes = reduced * speed, np.polynomial.legendre.leggauss(6)
    mean = 0.0
    for c, w in zip(*nodes, strict=True):
        across = p * np.sqrt(1 - c * c)
        p_1, p_3 = (np.array([np.hypot(p, m), *q]) for q in ((0, 0, p), (across, 0, p * c)))
        k_1, k_3 = (np.array([np.hypot(p, heavy), *q]) for q in ((0, 0, -p), (-across, 0, -p * c)))
        # the charge alone, without the magnetic moment: (k + k')/2M
        current = METRIC @ (k_1 + k_3) * charge * mixing * e
        value = sum(abs(axial(bar(u(p_3, m, j)), u(p_1, m, i)) @ current) ** 2 for i, j in SPINS) / 2.0
        mean += 0.5 * w * G**2 * value / m_x**4
    sigma = mean / (16.0 * np.pi * (m + heavy) ** 2)
    nucleon = 0.5 * (natural("m_p") + natural("m_n"))
    share = (m * nucleon / (m + nucleon) / reduced / number) ** 2
    assert_allclose(dp.sigma_target(m, m_x, ALPHA, mixing), sigma * share, rtol=1e-4)

    q = direct_detection.momentum_transfer(m, "xenon", largest=True)
    amplitude = 4 * m * nucleon * 2 * G * m / m_x * sine * natural("f_n", "1") * nucleon / v_higgs() / (m_phi**2 + q**2)
    contact = amplitude**2 / (16 * np.pi * (m + nucleon) ** 2)
    assert_allclose(dp.sigma_target(m, m_x, ALPHA, 0.0, m_phi, sine, exchange="phi"), contact, rtol=1e-9)
    assert dp.sigma_target(m, m_x, ALPHA, mixing, target="argon") > dp.sigma_target(m, m_x, ALPHA, mixing)


@pytest.mark.identity
def test_b_to_k_by_mixing():
    """A Z' with the loop mixing has the same rate per epsilon^2."""
    m, g = 2.0, 1e-3
    assert_allclose(dp.br_b_to_k(m, abs(epsilon(g, m**2))), photon_penguin.br_b_to_k_zp(m, g), rtol=1e-9)
    assert dp.br_b_to_k(4.9, 1e-3) == 0.0


@pytest.mark.house
def test_refused():
    with pytest.raises(ParameterError, match="m_phi is above m_dm"):
        dp.rate(0.5, 0.51, ALPHA, 2.0)
    with pytest.raises(ParameterError, match="not below m_x"):
        dp.omega_h2(2.0, 0.1, ALPHA)


@pytest.mark.regression
def test_row():
    row = dp.row()
    assert_allclose(row.rate, 8.556e-6, rtol=1e-3)
    assert np.isnan(row.kstar)
    text = " | ".join(row.bears)
    m, m_phi, alpha = 0.5, 0.004, dp.alpha_for(0.5, 0.004)
    sine = np.sqrt(dp.lifetime(m_phi, 1.0) / 0.1)
    slow = dp.p_wave(m, m_phi, alpha) * 6 * natural("dark_photon.T_cmb") / m / cmb.annihilation_limit(m, "ee", True)
    limit = direct_detection.nucleon_limit(m)
    for number in (
        f"alpha_X = {alpha:.1e}",
        f"epsilon = {np.sqrt(row.rate / dp.br_b_to_k(2.0, 1.0)):.2f}, and BaBar allows 0.001",
        f"sin(theta) = {sine:.1e}, and NA62 allows {constraints.mixing_limits(m_phi)['NA62']:.1e}",
        "N_eff = 2.68, 1.8 sigma",
        f"{dp.sigma_target(m, 2.0, alpha, 1e-3) / limit:.0e} times its limit by X",
        f"{dp.sigma_target(m, 2.0, alpha, 0.0, m_phi, sine, exchange='phi') / limit:.1g} times by phi",
        f"{dp.sigma_over_mass(m, 2.0, alpha, 1000 / 299792.458, m_phi):.2g} cm2/g",
        f"below {slow:.0e} of its limit",
    ):
        assert number in text
    with override({"Omega h^2": 0.06}):
        assert f"alpha_X = {dp.alpha_for(m, m_phi, 0.06):.1e}" in dp.row().bears[0]
    with use("today"):
        assert dp.row("today").bears[3] != row.bears[3]


@pytest.mark.identity
def test_limits_of_the_row_are_taken_at_a_heavier_phi():
    row = dp.row()
    m, m_phi, alpha = 0.5, 0.01, dp.alpha_for(0.5, 0.01)
    assert_allclose(row.cells["relic density"].value, natural("Omega h^2", "1"), rtol=1e-4)
    sine = float(np.sqrt(dp.lifetime(m_phi, 1.0) / 0.1))
    assert_allclose(dp.lifetime(m_phi, sine), 0.1, rtol=1e-9)
    scatter = dp.sigma_target(m, 2.0, alpha, 0.0, m_phi, sine, exchange="phi") / direct_detection.nucleon_limit(m)
    direct = row.cells["direct detection"]
    assert_allclose(direct.value / direct.limit, scatter, rtol=1e-6)
    # exchange of phi falls as the fourth power of its mass, and the mixing with it
    assert (
        scatter
        < 1.0
        < dp.sigma_target(
            m, 2.0, dp.alpha_for(m, 0.004), 0.0, 0.004, float(np.sqrt(dp.lifetime(0.004, 1.0) / 0.1)), exchange="phi"
        )
        / direct_detection.nucleon_limit(m)
    )
    kaon = row.cells["kaons"]
    assert_allclose(kaon.value / kaon.limit, (sine / constraints.mixing_limits(m_phi)["NA62"]) ** 2, rtol=1e-6)
    assert row.verdict == "alive" and dp.row("today").cells["N_eff"].value == row.cells["N_eff"].value
