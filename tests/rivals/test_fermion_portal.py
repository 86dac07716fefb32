import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad, solve_ivp
from scipy.special import k1, kn, kve
from tests import stored

from darkhiggs import belle2, inputs, kinematics, light_higgs, meson_decays
from darkhiggs.errors import ParameterError
from darkhiggs.form_factors import b_to_k
from darkhiggs.inputs import natural
from darkhiggs.model import v_higgs
from darkhiggs.rivals import effective
from darkhiggs.rivals import fermion_portal as portal
from darkhiggs.thermodynamics import g_rho, g_s, hubble

REFERENCE = (0.1, 1e-4, 1e-3, 1.0)
CHANNELS = ("ee", "mumu", "tautau", "gamma", "hadrons")
# Dirac matrices in the chiral representation
SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ZERO, ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = np.array([np.block([[ZERO, ONE], [ONE, ZERO]]), *(np.block([[ZERO, sigma], [-sigma, ZERO]]) for sigma in SIGMA)])


def slash(p):
    return np.einsum("m,mab->ab", p * np.array([1, -1, -1, -1]), GAMMA)


def dot(a, b):
    return a[0] * b[0] - a[1:] @ b[1:]


def pair(q, mass, cos=1.0):
    """Four-momenta of two equal particles in the centre of mass."""
    energy, k = 0.5 * q, np.sqrt(0.25 * q**2 - mass**2)
    n = k * np.array([np.sqrt(1 - cos**2), 0, cos])
    return np.array([energy, *n]), np.array([energy, *-n])


def trace(m, q, matrix):
    """Sum over spins of |vbar(p2) M u(p1)|^2."""
    p_1, p_2 = pair(q, m)
    barred = GAMMA[0] @ matrix.conj().T @ GAMMA[0]
    return np.trace((slash(p_2) - m * np.eye(4)) @ matrix @ (slash(p_1) + m * np.eye(4)) @ barred).real


@pytest.mark.independent
@pytest.mark.parametrize("m_chi", [0.11, 0.3])
@pytest.mark.parametrize("q", [0.8, 2.0])
def test_leptons_against_traces(m_chi, q):
    y, sine, m_h1, m_f = 0.3, 0.2, 1.3, natural("m_mu")
    final = trace(m_f, q, m_f / v_higgs() * np.eye(4)) * np.sqrt(1 - 4 * m_f**2 / q**2) / (8 * np.pi)
    initial = trace(m_chi, q, y * np.eye(4)) / 4
    width = sum(portal.gamma_h1(m_chi, y, sine, q))
    m_2 = natural("m_h")
    wide = (1 - sine**2) * natural("Gamma_h") + sine**2 * y**2 * m_2 / (8 * np.pi) * (1 - 4 * m_chi**2 / m_2**2) ** 1.5
    light, heavy = 1 / (q**2 - m_h1**2 + 1j * q * width), 1 / (q**2 - m_2**2 + 1j * m_2 * wide)
    expected = initial * final * sine**2 * (1 - sine**2) * abs(light - heavy) ** 2
    assert_allclose(portal.rate(m_chi, y, sine, m_h1, q**2, "mumu"), expected, rtol=1e-6)


@pytest.mark.independent
@pytest.mark.parametrize("m_h1", [0.05, 0.9])
def test_two_h1_against_traces(m_h1):
    m, y, sine = 1.0, 0.7, 0.1
    for q in (2.05, 2.6, 5.0):
        p_1, _ = pair(q, m)

        def summed(cos, q=q, p_1=p_1):
            matrix = np.zeros((4, 4), complex)
            for k in pair(q, m_h1, cos):
                r = p_1 - k
                matrix += (slash(r) + m * np.eye(4)) / (dot(r, r) - m**2)
            return trace(m, q, matrix)

        average = quad(summed, -1, 1, epsabs=0, epsrel=1e-9)[0] / 2
        beta = np.sqrt(1 - 4 * m_h1**2 / q**2)
        expected = (y**2 * (1 - sine**2)) ** 2 / 4 / 2 * average * beta / (8 * np.pi)
        assert_allclose(portal.rate(m, y, sine, m_h1, q**2, "h1h1"), expected, rtol=1e-6)


@pytest.mark.independent
def test_width_into_chi_against_trace():
    m, q, y, sine = 0.4, 1.7, 0.3, 0.25
    beta = np.sqrt(1 - 4 * m**2 / q**2)
    expected = (1 - sine**2) * trace(m, q, y * np.eye(4)) * beta / (8 * np.pi) / (2 * q)
    assert_allclose(portal.gamma_h1(m, y, sine, q)[0], expected, rtol=1e-6)


@pytest.mark.independent
def test_cross_section_of_hazma():
    """Formula of hazma for chi chi -> e e through one scalar, arXiv:1907.11846, far below the Higgs boson."""
    m, y, sine, m_s, m_f = 0.1, 1e-3, 1e-3, 1.0, natural("m_e")
    for q in (0.21, 0.5):
        top = sine**2 * y**2 * m_f**2 * (q**2 - 4 * m**2) * (q**2 - 4 * m_f**2) ** 1.5
        below = 16 * np.pi * q**2 * np.sqrt(q**2 - 4 * m**2) * v_higgs() ** 2 * (m_s**2 - q**2) ** 2
        beta = np.sqrt(1 - 4 * m**2 / q**2)
        ours = portal.rate(m, y, sine, m_s, q**2, "ee") / (2 * q**2 * beta)
        # 1/(s - m_2^2) beside the pole of H1
        heavy = (1 - (q**2 - m_s**2) / (q**2 - natural("m_h") ** 2)) ** 2 * (1 - sine**2)
        assert_allclose(ours, top / below * heavy, rtol=1e-6)


@pytest.mark.identity
def test_every_channel_is_a_p_wave():
    """sigma v/v^2 is constant at rest."""
    m, beta_2 = 0.6, np.array([1e-6, 1e-5])
    s = 4 * m**2 / (1 - beta_2)
    for channel in (*CHANNELS, "h1h1"):
        if channel == "tautau":
            continue
        ratio = portal.rate(m, 0.1, 0.01, 0.3, s, channel) / beta_2
        assert ratio[0] > 0
        assert_allclose(ratio[1], ratio[0], rtol=1e-3)


@pytest.mark.identity
def test_thresholds_and_sum():
    s = 0.5
    parts = [portal.rate(0.1, 0.1, 0.01, 0.3, s, channel) for channel in (*CHANNELS, "h1h1")]
    assert_allclose(sum(parts), portal.rate(0.1, 0.1, 0.01, 0.3, s), rtol=1e-14)
    assert portal.rate(0.1, 0.1, 0.01, 1.0, 0.0446, "mumu") == 0.0
    assert portal.rate(0.1, 0.1, 0.01, 1.0, 0.0447, "mumu") > 0.0
    assert portal.rate(0.1, 0.1, 0.01, 0.36, 0.5, "h1h1") == 0.0
    assert portal.rate(0.1, 0.1, 0.01, 0.35, 0.5, "h1h1") > 0.0
    assert portal.gamma_h1(0.5, 0.1, 0.01, [0.9999, 1.0])[0].tolist() == [0.0, 0.0]
    with pytest.raises(ParameterError, match="s is below its range"):
        portal.rate(0.1, 0.1, 0.01, 1.0, 0.0399)


@pytest.mark.identity
def test_pole_against_detailed_balance():
    """<sigma v> n_eq^2 over the pole is the rate at which thermal H1 decay to the Standard Model."""
    m, y, sine, m_h1 = REFERENCE
    invisible, visible = portal.gamma_h1(m, y, sine, m_h1)
    total = invisible + visible
    x = 4.0
    T = m / x

    def over(t):
        s = m_h1**2 + m_h1 * total * np.tan(t)
        weight = m_h1 * total / np.cos(t) ** 2
        beta = np.sqrt(1 - 4 * m**2 / s)
        sigma = portal.rate(m, y, sine, m_h1, s) / (2 * s * beta)
        return weight * sigma * (s - 4 * m**2) * np.sqrt(s) * k1(np.sqrt(s) / T)

    # smooth in the angle; +-1.5 of +-pi/2
    nodes, weights = np.polynomial.legendre.leggauss(80)
    pole = np.sum(weights * over(1.5 * nodes)) * 1.5 * np.pi / 3.0
    found = pole / (8 * m**4 * T * kn(2, x) ** 2)
    density = m_h1**2 * k1(m_h1 / T) / (4 * m**4 * T * kn(2, x) ** 2) * 2 * np.pi**2
    assert_allclose(found, density * invisible * visible / total, rtol=1e-3)


@pytest.mark.independent
def test_density_against_another_solution():
    """The reference point with the narrow pole and a stiff solver of scipy, and no code of the relic solver."""
    m, y, sine, m_h1 = REFERENCE
    invisible, visible = portal.gamma_h1(m, y, sine, m_h1)

    def average(x):
        T = m / x
        pole = 2 * np.pi**2 * m_h1**2 * invisible * visible / (invisible + visible)
        return pole * k1(m_h1 / T) / (4 * m**4 * T * kn(2, x) ** 2)

    def slope(log_x, log_y):
        x = np.exp(log_x)
        T = m / x
        step = 1e-3
        drift = (np.log(g_s(T * (1 + step))) - np.log(g_s(T * (1 - step)))) / (2 * step)
        s = 2 * np.pi**2 / 45 * g_s(T) * T**3
        y_eq = 2 * 45 / (4 * np.pi**4) * x**2 * kve(2, x) * np.exp(-x) / g_s(T)
        return -s * average(x) / hubble(T) * (1 + drift / 3) * (np.exp(log_y) - y_eq**2 / np.exp(log_y))

    start = 2 * 45 / (4 * np.pi**4) * kve(2, 1.0) * np.exp(-1.0) / g_s(m)
    path = solve_ivp(slope, (0.0, np.log(20.0)), [np.log(start)], method="Radau", rtol=1e-7, atol=1e-10)
    # hot relic: the same m s_0/rho_c, with 3 zeta(3)/pi^2 T^3/s particles and antiparticles
    hot = 3 * 1.2020569 / np.pi**2 / (2 * np.pi**2 / 45 * g_s(m))
    expected = 2 * np.exp(path.y[0, -1]) / hot * portal.omega_h2_hot(m)
    assert_allclose(portal.omega_h2(*REFERENCE), expected, rtol=5e-3)


@pytest.mark.identity
def test_hot_relic():
    """94 eV per neutrino species: the same formula with the entropy after the electrons, 4 degrees in place of 2."""
    assert_allclose(portal.omega_h2_hot(1e-3) / 1e-3, 2 / 94.1e-9 * (11 / 4) * 3.91 / 10.55, rtol=0.01)
    # a decoupling at once returns the Boltzmann number at T = m, below the relativistic one
    tiny = portal.omega_h2([0.01, 0.1], 1e-8, 1e-8, 50.0)
    ratio = tiny / portal.omega_h2_hot([0.01, 0.1])
    assert_allclose(ratio, 2 * kn(2, 1.0) / np.pi**2 / (3 * 1.2020569 / np.pi**2), rtol=1e-3)
    assert_allclose(portal.omega_h2(0.1, 1e-6, 1e-6, 50.0), tiny[1], rtol=1e-6)


@pytest.mark.identity
def test_powers_of_the_cold_formula():
    """For a heavy H1, far below the Higgs boson, and electrons: -2, -2, -2, 4."""
    base = np.array([0.1, 1e-3, 1e-3, 20.0])
    powers = []
    for i in (1, 2, 0, 3):
        sides = [portal.omega_h2_p_wave(*np.where(np.arange(4) == i, base * f, base), 20.0, "ee") for f in (0.99, 1.01)]
        powers.append(np.log(sides[1] / sides[0]) / np.log(1.01 / 0.99))
    heavy = 4 / (1 - (20.0 / natural("m_h")) ** 2)
    # g_* at m_chi/x_f changes a little with m_chi
    assert_allclose(powers, [-2, -2, -2, heavy], atol=0.03)


@pytest.mark.independent
def test_cold_formula_against_the_solver():
    """Where freeze-out is cold, and far from poles and thresholds, the formula at the solver's x_f is good to 30 %."""
    found = portal.omega_h2_p_wave(3.0, 10.0, 0.9, 20.0, x_f=19.0)
    assert_allclose(found, portal.omega_h2(3.0, 10.0, 0.9, 20.0), rtol=0.3)
    # sigma v = b v^2 of the definition
    m, y, sine, m_h1 = REFERENCE
    beta_2 = 1e-6
    s = 4 * m**2 / (1 - beta_2)
    b = portal.rate(m, y, sine, m_h1, s, "ee") / s / (4 * beta_2)
    expected = 1.75e-10 * 400 / (3 * b * np.sqrt(g_rho(m / 20)))
    assert_allclose(portal.omega_h2_p_wave(*REFERENCE, 20.0, "ee"), expected, rtol=1e-5)
    assert portal.omega_h2_p_wave(*REFERENCE, 20.0, "mumu") == np.inf


@pytest.mark.identity
def test_secluded_density():
    """chi heavier than H1 annihilates to H1 H1 and can have any density; the mixing drops out."""
    omega = portal.omega_h2(1.0, [0.02, 0.05, 0.2], 1e-6, 0.3)
    assert omega[0] > 0.12 > omega[2]
    assert_allclose(portal.omega_h2(1.0, 0.05, 1e-5, 0.3), omega[1], rtol=1e-3)


@pytest.mark.talk
def test_printed():
    assert_allclose(portal.omega_h2_printed(*REFERENCE), 1e20)
    assert_allclose(portal.omega_h2_printed(0.2, 1e-3, 1e-2, 3.0), 1e20 * 1e-2 * 100 * 4 / 9)


@pytest.mark.identity
def test_two_body_limit():
    """A narrow H1: two-body rate times the invisible branching ratio."""
    point = (0.2, np.array([1e-4, 1e-2]), 4e-3, 2.15)
    invisible, visible = portal.gamma_h1(*point)
    for ours, two_body in (
        (portal.br_b_to_k, meson_decays.br_b_to_k_scalar),
        (portal.br_b_to_kstar, meson_decays.br_b_to_kstar_scalar),
    ):
        assert_allclose(ours(*point), two_body(2.15, 4e-3) * invisible / (invisible + visible), rtol=2e-4)
    assert portal.br_b_to_k(2.4, 0.1, 0.01, 3.0) == 0.0
    assert portal.br_b_to_kstar(2.2, 0.1, 0.01, 3.0) == 0.0


@pytest.mark.identity
def test_heavy_h1_is_a_contact_interaction():
    """C (sbar b)(chibar chi) with C = kappa y sin cos (1/m_1^2 - 1/m_h^2)/2 for K, and with gamma5 for K*, massless pairs too."""
    masses, y, sine, m_h1 = np.array([1e-3, 0.5, 1.5]), 1e-3, 0.01, 50.0
    # q2 over the squared masses: at most a percent, and less for the mean
    exchange = 1 / m_h1**2 - 1 / natural("m_h") ** 2
    c = 0.5 * natural("kappa", "1") * y * sine * np.sqrt(1 - sine**2) * exchange
    for ours, contact, gamma5 in (
        (portal.br_b_to_k, effective.br_b_to_k, False),
        (portal.br_b_to_kstar, effective.br_b_to_kstar, True),
    ):
        assert_allclose(ours(masses, y, sine, m_h1), contact("fermion:S", masses, c, gamma5=gamma5), rtol=0.02)
    # P waves: beta^3 at the threshold of the pair, in the spectrum and in the width of H1
    low = 0.36 * np.array([1 + 4e-8, 1 + 1e-8])
    assert_allclose(np.divide(*portal.dbr_dq2_b_to_k(low, 0.3, y, sine, m_h1)), 8.0, rtol=1e-4)
    assert_allclose(np.divide(*portal.gamma_h1(0.3, y, sine, np.sqrt(low))[0]), 8.0, rtol=1e-4)
    # all three at rest: two powers of the energy that is left, one more for the pair, and one for K*
    for rate, names, power in ((portal.br_b_to_k, ("m_B+", "m_K+"), 3), (portal.br_b_to_kstar, ("m_B0", "m_K*0"), 4)):
        end = 0.5 * (natural(names[0]) - natural(names[1]))
        assert_allclose(np.divide(*rate(end - np.array([2e-7, 1e-7]), y, sine, m_h1)), 2.0**power, rtol=1e-3)
        assert rate(end + 1e-9, y, sine, m_h1) == 0.0


@pytest.mark.independent
def test_three_bodies_by_hand():
    """Heavy H1: amplitude by hand, |M|^2 = 2 q2 beta^2 F^2 f_0^2 times the squared coupling, and three-body phase space."""
    m, y, sine, m_h1 = 0.3, 1.0, 0.01, 9.0
    m_b, m_k, q2 = natural("m_B+"), natural("m_K+"), np.array([2.0, 9.0, 18.0])
    kappa = natural("kappa", "1") / 2  # of sbar b, without gamma_5
    density = (m_b**2 - m_k**2) / (natural("m_b") - natural("m_s")) * b_to_k(q2, "f0")
    beta = np.sqrt(1 - 4 * m**2 / q2)
    coupling = kappa * y * sine * np.sqrt(1 - sine**2) * (1 / (q2 - m_h1**2) - 1 / (q2 - natural("m_h") ** 2))
    root = np.sqrt(kinematics.kallen(m_b**2, m_k**2, q2))
    front = root * beta / (256 * np.pi**3 * m_b**3) * natural("tau_B+", "GeV^-1", "belle2")
    # the spin sum of the pair is 2 q2 beta^2, and the coupling of the scalar is twice that of one chirality
    assert_allclose(portal.dbr_dq2_b_to_k(q2, m, y, sine, m_h1), front * coupling**2 * 2 * q2 * beta**2 * density**2, rtol=1e-3)
    total = quad(lambda q2: portal.dbr_dq2_b_to_k(q2, m, y, sine, m_h1), 4 * m**2, (m_b - m_k) ** 2, epsabs=0, epsrel=1e-8)[0]
    assert_allclose(portal.br_b_to_k(m, y, sine, m_h1), total, rtol=1e-5)


@pytest.mark.identity
def test_higgs_limit():
    limit = portal.coupling_max(0.5, 0.107)
    assert_allclose(portal.br_higgs_invisible(0.5, limit / 1e-3, 1e-3), 0.107, rtol=1e-5)
    assert_allclose(portal.coupling_max(0.5), portal.coupling_max(0.5, natural("bound.higgs_invisible", "1")))
    floor = natural("BR(h->ZZ*->4nu)", "1")
    assert_allclose(portal.br_higgs_invisible(0.5, 1e-8, 1e-8), floor, rtol=1e-9)
    new = 1e-4 * natural("m_h") / (8 * np.pi) * (1 - (1.0 / natural("m_h")) ** 2) ** 1.5
    standard = (1 - 1e-4) * natural("Gamma_h")
    assert_allclose(portal.br_higgs_invisible(0.5, 1.0, 0.01), (standard * floor + new) / (standard + new), rtol=1e-9)


@pytest.mark.identity
def test_shapes():
    m = np.array([0.1, 0.2])
    assert portal.omega_h2(m, [[1e-3], [1e-2], [1e-1]], 1e-3, 1.0).shape == (3, 2)
    assert portal.br_b_to_k(m, 0.1, 0.01, [[2.0], [6.0]]).shape == (2, 2)
    assert portal.gamma_h1(m, 0.1, 0.01, 1.0)[1].shape == (2,)
    assert portal.omega_h2(np.empty(0), 0.1, 0.01, 1.0).shape == (0,)
    assert_allclose(portal.omega_h2(m, 1e-3, 1e-3, 1.0)[1], portal.omega_h2(0.2, 1e-3, 1e-3, 1.0), rtol=1e-10)


@pytest.mark.identity
def test_spectra_on_and_off_the_shell():
    found = portal.spectra(0.1, 0.3, [[6.0, 2.15], [40.0, 2.0]])
    assert found.efficiency.shape == (2, 2, 18) and found.br.shape == (2, 2)
    assert_allclose(found.efficiency[:, 1], belle2.Spectrum.line([2.15, 2.0]).efficiency, rtol=1e-12)
    # far above the decay only the contact interaction is left
    contact = belle2.Spectrum.three_body(0.1, "scalar", "fermion").efficiency
    assert_allclose(found.efficiency[1, 0], contact, rtol=0.03)
    here = belle2.Spectrum.from_function(lambda q2: portal.dbr_dq2_b_to_k(q2, 0.1, 0.3, 1e-3, 6.0), q2_min=0.04)
    assert_allclose(found.efficiency[0, 0], here.efficiency, rtol=1e-4)
    assert_allclose(portal.spectra(0.1, 0.3, 2.15).efficiency, found.efficiency[0, 1], rtol=1e-12)


@pytest.mark.regression
def test_the_row_is_that_of_the_chapter():
    row = portal.row()
    rate, plus, minus, gain, behind, kstar, _ = stored.numbers("rival_fermion_portal", "2.15")
    assert_allclose(1e6 * np.array([row.rate, row.plus, row.minus]), [rate, plus, minus], atol=0.051)
    assert_allclose([row.delta_chi2, row.delta_chi2_line - row.delta_chi2], [gain, behind], atol=0.051)
    assert_allclose(row.kstar, kstar, atol=0.0051)


@pytest.mark.identity
def test_the_limits_of_the_row():
    row, today = portal.row(), portal.row("today")
    sine = np.sqrt(row.rate / portal.br_b_to_k(0.1, 0.3, 1e-4, 2.15)) * 1e-4
    assert row.bears[0] == f"sin(theta) = {sine:.4f}"
    for one, label in ((row, "talk"), (today, "today")):
        with inputs.use(label):
            most = float(one.bears[1].split()[-1])
            limit = natural("bound.higgs_invisible", "1")
            assert_allclose(portal.br_higgs_invisible(0.1, most, sine), limit, rtol=0.05)
    assert today.bears[1] != row.bears[1]
    observed = natural("Omega h^2", "1")
    assert f"is {portal.omega_h2(0.1, 0.3, sine, 2.15) / observed:.0e} times" in row.bears[2]
    below = [0.01 * (float(row.bears[3].split()[-4]) + step) for step in (0.05, -0.05)]
    far, near = (portal.omega_h2(0.5 * 2.15 * (1.0 - x), 0.3, sine, 2.15) for x in below)
    assert near < observed < far


@pytest.mark.identity
def test_the_two_descriptions_of_the_hadrons():
    m = np.array([0.5, 1.5, 3.0])
    for ours, name in (("dispersive", "dispersive"), ("leading", "chiral")):
        assert_allclose(portal.gamma_higgs_like(m, "hadrons", ours), light_higgs.gamma_sm_like(m, "hadrons", name), rtol=1e-14)
    assert_allclose(portal.gamma_higgs_like(m), light_higgs.gamma_sm_like(m), rtol=1e-14)


@pytest.mark.identity
def test_cold_formula_has_the_mixing_of_both_vertices():
    """Far below both bosons, 1/Omega goes with the squares of sine and cosine."""
    small, large = (portal.omega_h2_p_wave(0.1, 1e-4, sine, 50.0) for sine in (0.1, 0.8))
    assert_allclose(small / large, (0.64 * 0.36) / (0.01 * 0.99), rtol=1e-3)


@pytest.mark.independent
def test_integral_begins_at_the_threshold():
    point = (1.5, 0.1, 4e-3, 6.0)
    end = (natural("m_B+") - natural("m_K+")) ** 2
    wanted = quad(lambda q2: float(portal.dbr_dq2_b_to_k(q2, *point)), 9.0, end, epsrel=1e-9, epsabs=0.0)[0]
    assert_allclose(portal.br_b_to_k(*point), wanted, rtol=1e-5)


@pytest.mark.identity
def test_cross_section_with_a_nucleon():
    # |M|^2 = (4 m_chi m_n y s c f_n m_n/v)^2 (1/m_1^2 - 1/m_2^2)^2 at rest, where ubar u = 2 m, over 16 pi (m_chi + m_n)^2
    m_chi, y, sine, m_h1 = np.array([0.1, 1.0, 2.0]), 0.3, 0.1, 2.15
    nucleon = 0.5 * (natural("m_p") + natural("m_n"))
    coupling = y * sine * np.sqrt(1.0 - sine**2) * natural("f_n", "1") * nucleon / v_higgs()
    amplitude = 4.0 * m_chi * nucleon * coupling * (1.0 / m_h1**2 - 1.0 / natural("m_h") ** 2)
    expected = amplitude**2 / (16.0 * np.pi * (m_chi + nucleon) ** 2)
    assert_allclose(portal.sigma_nucleon(m_chi, y, sine, m_h1), expected, rtol=1e-12)
    # with equal masses H1 and H2 cancel
    with inputs.override({"m_h": m_h1}):
        assert portal.sigma_nucleon(1.0, y, sine, m_h1) == 0.0


@pytest.mark.identity
def test_invisible_width_of_the_higgs_boson():
    # of the invisible width only chi chibar is new: sin^2 y_D^2 m_h/(8 pi) beta^3; both widths of the Standard Model fall by cos^2
    m_chi, y, sine, m_h = 1.0, 0.4, np.array([0.01, 0.02, 0.1]), natural("m_h")
    new = sine**2 * y**2 * m_h / (8.0 * np.pi) * (1.0 - 4.0 * m_chi**2 / m_h**2) ** 1.5
    old = (1.0 - sine**2) * natural("Gamma_h")
    floor = natural("BR(h->ZZ*->4nu)", "1")
    assert_allclose(portal.br_higgs_invisible(m_chi, y, sine), (floor * old + new) / (old + new), rtol=1e-9)
    with pytest.raises(ParameterError, match=r"br_limit = 0\.995 is outside its range"):
        portal.coupling_max(0.1, 0.995)
