"""An axion-like particle: spinor traces, gauge invariance, both collision terms by nested quadrature, closed forms of freeze-in."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad, solve_ivp
from scipy.special import kn
from tests import stored

from darkhiggs import form_factors, meson_decays, relic
from darkhiggs._rival_row import kstar_room
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural, override
from darkhiggs.kinematics import kallen
from darkhiggs.rivals import alp
from darkhiggs.thermodynamics import g_s, hubble

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
GAMMA = [np.kron(np.diag([1, -1]), np.eye(2))] + [np.kron(np.array([[0, 1], [-1, 0]]), s) for s in PAULI]
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
ONE = np.eye(4)


def slash(p):
    return sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4))


def dot(p, q):
    return p @ METRIC @ q


def bar(matrix):
    return GAMMA[0] @ matrix.conj().T @ GAMMA[0]


def pair(root_s, m_1, m_2, cos=1.0):
    """Momenta of two particles back to back."""
    p = np.sqrt(kallen(root_s**2, m_1**2, m_2**2)) / (2.0 * root_s)
    along = p * np.array([np.sqrt(1.0 - cos**2), 0.0, cos])
    return np.array([np.hypot(m_1, p), *along]), np.array([np.hypot(m_2, p), *-along])


def emission(p_in, p_out, gluon_in, a_out, m, derivative=True):
    """Amplitudes of b(p_in) g(gluon_in) -> b(p_out) a(a_out) for each index of the gluon, without the spinors."""
    vertex = 0.5 * slash(a_out) @ GAMMA5 if derivative else m * GAMMA5

    def line(r):
        return (slash(r) + m * ONE) / (dot(r, r) - m * m)

    return [vertex @ line(p_in + gluon_in) @ g + g @ line(p_in - a_out) @ vertex for g in GAMMA]


def summed(p_in, p_out, gluon_in, a_out, m, derivative=True):
    """Sum over spins and polarisations; a negative energy turns a quark into an antiquark."""
    matrices = emission(p_in, p_out, gluon_in, a_out, m, derivative)
    one, two = slash(p_out) + m * ONE, slash(p_in) + m * ONE
    traces = [-METRIC[i, i] * np.trace(one @ x @ two @ bar(x)).real for i, x in enumerate(matrices)]
    return sum(traces)


@pytest.mark.independent
def test_b_decay_against_the_trace():
    m_b, m_s = natural("m_b"), natural("m_s")
    for m_a, g_v, g_a in ((0.5, 1.0, 0.0), (2.0, 0.0, 1.0), (3.9, 0.6, -0.8)):
        s, q = pair(m_b, m_s, m_a, 0.3)
        vertex = 0.5 * slash(q) @ (g_v * ONE + g_a * GAMMA5)
        trace = np.trace((slash(s) + m_s * ONE) @ vertex @ (slash(s + q) + m_b * ONE) @ bar(vertex)).real
        momentum = np.linalg.norm(s[1:])
        assert_allclose(alp.gamma_b_to_s_alp(m_a, g_v, g_a), 0.5 * trace * momentum / (8.0 * np.pi * m_b**2), rtol=1e-9)
    assert alp.gamma_b_to_s_alp([m_b - m_s + 1e-9, 7.0], 1.0, 1.0).tolist() == [0.0, 0.0]
    with override({"m_s": 1e-6}):
        assert_allclose(alp.gamma_b_to_s_alp(0.1, 3e-9, 4e-9), 25e-18 * m_b**3 / (64.0 * np.pi), rtol=2e-3)


@pytest.mark.independent
def test_dark_width_against_the_trace():
    m_a, m, dark = 2.0, 0.7, 1e-3
    p, k = pair(m_a, m, m, 0.4)
    vertex = 0.5 * dark * slash(p + k) @ GAMMA5
    trace = np.trace((slash(p) + m * ONE) @ vertex @ (slash(k) - m * ONE) @ bar(vertex)).real
    width = trace * np.linalg.norm(p[1:]) / (8.0 * np.pi * m_a**2)
    assert_allclose(alp.gamma_a_to_chi(m_a, m, dark), width, rtol=1e-9)
    assert_allclose(alp.gamma_a_to_chi(m_a, m, dark, True), 4.0 / 2.0 * width, rtol=1e-9)
    assert alp.gamma_a_to_chi(m_a, [1.0, 1.1], dark).tolist() == [0.0, 0.0]


@pytest.mark.independent
def test_the_scatterings_are_gauge_invariant_and_derivative_is_pseudoscalar():
    m, m_a = 4.2, 2.0
    p, k = pair(9.0, m, 0.0)
    p_out, q = pair(9.0, m, m_a, 0.35)
    matrices = emission(p, p_out, k, q, m)
    replaced = sum(METRIC[i, i] * k[i] * x for i, x in enumerate(matrices))
    on_shell = (slash(p_out) + m * ONE) @ replaced @ (slash(p) + m * ONE)
    assert np.max(np.abs(on_shell)) < 1e-9 * max(np.max(np.abs(x)) for x in matrices)
    assert_allclose(summed(p, p_out, k, q, m), summed(p, p_out, k, q, m, False), rtol=1e-9)


def by_traces(process, s, m_a):
    """Cross section for C_bb/f_a = 1/GeV by Gauss-Legendre quadrature of the traces over the angle."""
    m, root_s = natural("m_b"), np.sqrt(s)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    total = 0.0
    for cos, weight in zip(nodes, weights, strict=True):
        if process == "bb":
            p, anti = pair(root_s, m, m)
            q, k = pair(root_s, m_a, 0.0, cos)
            # an incoming antiquark is an outgoing quark of negative momentum, with one sign for the fermion
            total += weight * -summed(p, -anti, -k, q, m) * 4.0 / 9.0 / 4.0
            momentum = np.linalg.norm(p[1:]), np.linalg.norm(q[1:])
        else:
            p, k = pair(root_s, m, 0.0)
            p_out, q = pair(root_s, m, m_a, cos)
            total += weight * summed(p, p_out, k, q, m) / 6.0 / 4.0
            momentum = np.linalg.norm(p[1:]), np.linalg.norm(q[1:])
    strong = 4.0 * np.pi * natural("alp.alpha_s", "1")
    return strong * total * momentum[1] / momentum[0] / (32.0 * np.pi * s)


@pytest.mark.independent
@pytest.mark.parametrize("m_a", [0.3, 2.0])
def test_cross_sections_against_traces(m_a):
    s = np.array([75.0, 120.0, 400.0])
    assert_allclose(alp.sigma_bb_to_ag(s, m_a, 1e-3), [1e-6 * by_traces("bb", x, m_a) for x in s], rtol=1e-6)
    s = np.array([39.0, 60.0, 200.0])
    assert_allclose(alp.sigma_bg_to_ba(s, m_a, 1e-3), [1e-6 * by_traces("bg", x, m_a) for x in s], rtol=1e-6)
    m_b = natural("m_b")
    assert alp.sigma_bb_to_ag([0.0, 4.0 * m_b**2, 69.0], m_a, 1.0).tolist() == [0.0, 0.0, 0.0]
    assert alp.sigma_bg_to_ba([0.0, (m_b + m_a) ** 2], m_a, 1.0).tolist() == [0.0, 0.0]
    assert alp.sigma_bb_to_ag(60.0, 8.0, 1.0) == 0.0


@pytest.mark.identity
def test_thresholds():
    m_b, m_a = natural("m_b"), 2.0
    d = np.array([1e-5, 2e-5])
    near = alp.sigma_bb_to_ag(4.0 * m_b**2 + d, m_a, 1.0)
    assert_allclose(np.log2(near[1] / near[0]), -0.5, atol=1e-4)
    near = alp.sigma_bg_to_ba((m_b + m_a) ** 2 + d, m_a, 1.0)
    # an s-wave: the velocity of the pair
    assert_allclose(np.log2(near[1] / near[0]), 0.5, atol=1e-2)


@pytest.mark.identity
def test_mesons_see_a_scalar():
    m, g = np.array([0.3, 2.0, 4.3]), 6e-9
    scalar = g * (natural("m_b") - natural("m_s"))
    for charge in "+0":
        assert_allclose(alp.br_b_to_k(m, g, charge), meson_decays.br_b_to_k_scalar(m, 1.0, charge, kappa=scalar), rtol=1e-9)
    scalar = g * (natural("m_b") + natural("m_s"))
    for charge in "+0":
        expected = meson_decays.br_b_to_kstar_scalar(m, 1.0, charge, kappa=scalar)
        assert_allclose(alp.br_b_to_kstar(m, g, charge), expected, rtol=1e-9)
    for br, end in (
        (alp.br_b_to_k, natural("m_B+") - natural("m_K+")),
        (alp.br_b_to_kstar, natural("m_B0") - natural("m_K*0")),
    ):
        power = 0.5 if br is alp.br_b_to_k else 1.5
        near = br(end - np.array([1e-6, 2e-6]), g)
        assert_allclose(np.log2(near[1] / near[0]), power, atol=1e-4)
        assert br([end + 1e-9, 7.0], g).tolist() == [0.0, 0.0]
    error = form_factors.band(lambda n: alp.br_b_to_k(2.0, g, nuisance=n)) / alp.br_b_to_k(2.0, g)
    assert_allclose(
        error, 2.0 * form_factors.band(lambda n: form_factors.b_to_k(4.0, "f0", nuisance=n)) / form_factors.b_to_k(4.0, "f0")
    )
    assert alp.br_b_to_xs(2.0, g) > alp.br_b_to_k(2.0, g)
    assert_allclose(alp.br_b_to_xs(2.0, g), alp.gamma_b_to_s_alp(2.0, g) * natural("tau_B+", "GeV^-1"))


@pytest.mark.identity
def test_gluons_decouple_and_mixing_of_two_states():
    light = alp.gamma_a_to_gluons([0.1, 0.2], 1e-8)
    expected = (natural("alp.alpha_s", "1") * 1e-8 * 0.01 / (12.0 * natural("m_b") ** 2)) ** 2 * 1e-3 / (32.0 * np.pi**3)
    assert_allclose(light[0], expected, rtol=1e-3)
    assert_allclose(np.log2(light[1] / light[0]), 7.0, atol=1e-3)
    # the levels of two particles that mix: m_Bs moves by half of Delta m
    m_a, g, m = 2.0, 1e-3, natural("m_Bs")
    element = 0.5 * g * natural("f_Bs") * m**2
    # one real component of the field mixes; the other does not move
    levels = np.sqrt(np.linalg.eigvalsh([[m_a**2, np.sqrt(2.0) * element], [np.sqrt(2.0) * element, m**2]]))
    share = (levels[1] - m) / natural("alp.delta_m_bs")
    assert_allclose(alp.mass_difference(m_a, g), share, rtol=1e-3)


@pytest.mark.independent
def test_collision_terms_against_nested_quadrature():
    m_a, T, g = 2.0, 1.5, 1e-8
    m_b = natural("m_b")
    number = m_a**2 * T / (2.0 * np.pi**2) * kn(2, m_a / T)
    found = alp.production(T, m_a, g, 0.5 * g, g) * hubble(T) * number

    # b -> s a: time dilation under the integral over the momentum
    def decays(p):
        e = np.hypot(p, m_b)
        return p * p / (2.0 * np.pi**2) * np.exp(-e / T) * m_b / e

    assert_allclose(found[0], 12.0 * quad(decays, 0.0, 60.0)[0] * alp.gamma_b_to_s_alp(m_a, g, 0.5 * g), rtol=1e-6)

    # collisions over s, by an adaptive rule
    for channel, states, sigma, low, mass in (
        (1, 36.0, alp.sigma_bb_to_ag, 2.0 * m_b, m_b),
        (2, 192.0, alp.sigma_bg_to_ba, m_b + m_a, 0.0),
    ):

        def over_s(v, sigma=sigma, low=low, mass=mass):
            y = low + v * v
            return 2.0 * v * 2.0 * sigma(y * y, m_a, g) * kallen(y * y, m_b**2, mass**2) * kn(1, y / T)

        expected = states * T / (32.0 * np.pi**4) * quad(over_s, 0.0, 7.0, epsrel=1e-10)[0]
        assert_allclose(found[channel], expected, rtol=1e-9)

    # collisions over both energies and the angle, for one channel each
    x, wx = np.polynomial.legendre.leggauss(48)

    def collide(m_2, states, sigma):
        v, w = 0.5 * 5.5 * (x + 1.0), 0.5 * 5.5 * wx
        e_1, e_2 = m_b + T * v**2, m_2 + T * v**2
        p_1, p_2 = np.sqrt(e_1**2 - m_b**2), np.sqrt(e_2**2 - m_2**2)
        d = 2.0 * T * v * w
        weight_1, weight_2 = p_1 * e_1 * np.exp(-e_1 / T) * d, p_2 * e_2 * np.exp(-e_2 / T) * d
        low = (m_b + m_a) ** 2 if m_2 == 0.0 else 4.0 * m_b**2
        rate = 0.0
        for e, p, f in zip(e_1, p_1, weight_1, strict=True):
            # s runs over the open part of the angles
            mean, half = m_b**2 + m_2**2 + 2.0 * e * e_2, 2.0 * p * p_2
            bottom = np.clip(mean - half, low, None)
            top = np.maximum(mean + half, bottom)
            u = 0.5 * (x + 1.0)
            s = bottom[:, None] + (top - bottom)[:, None] * u**2
            jacobian = (top - bottom)[:, None] * u * wx / np.maximum(half, 1e-30)[:, None]
            flow = np.sqrt(np.maximum(kallen(s, m_b**2, m_2**2), 0.0)) / (2.0 * e * e_2[:, None])
            inner = np.sum(jacobian * flow * sigma(s, m_a, g), axis=1) / 2.0
            rate += f * np.sum(weight_2 * inner)
        return states * rate / (2.0 * np.pi**2) ** 2

    assert_allclose(found[1], collide(m_b, 36.0, alp.sigma_bb_to_ag), rtol=3e-3)
    assert_allclose(found[2], collide(0.0, 192.0, alp.sigma_bg_to_ba), rtol=3e-3)


@pytest.mark.independent
def test_yields_of_single_channels_against_quad():
    """Weak couplings, so that nothing is lost: Y = Int gamma/(s H) dN, with dN = -dlnT [1 + (1/3) dln g_s/dln T]."""
    m_a, cut = 2.0, 0.2

    def integrand(log_t, channel, g):
        T = np.exp(log_t)
        made = alp.production(T, m_a, *g)[channel] * m_a**2 * T / (2.0 * np.pi**2) * kn(2, m_a / T)
        slope = 1.0 + (np.log(g_s(1.001 * T) / g_s(0.999 * T)) / np.log(1.001 / 0.999)) / 3.0
        return made / (2.0 * np.pi**2 / 45.0 * g_s(T) * T**3) * slope

    options = {"epsrel": 1e-4, "limit": 200}
    ends = np.log(cut), np.log(100.0)
    found = alp.evolve(m_a, 1e-13, 1e-23).y_final
    assert_allclose(found, 2.0 * quad(integrand, *ends, (0, (1e-13, 0.0, 0.0)), **options)[0], rtol=2e-3)
    found = alp.evolve(m_a, 0.0, 1e-23, diagonal=1e-13).y_final
    both = [quad(integrand, *ends, (channel, (0.0, 0.0, 1e-13)), **options)[0] for channel in (1, 2)]
    assert_allclose(found, 2.0 * sum(both), rtol=2e-3)
    assert both[1] > 0.1 * both[0]


@pytest.fixture
def constant(monkeypatch):
    """A plasma with 100 degrees of freedom at all temperatures."""
    monkeypatch.setattr(alp, "g_s", lambda T: 100.0 + 0.0 * np.asarray(T))
    monkeypatch.setattr(alp, "hubble", lambda T: np.sqrt(4.0 * np.pi**3 / 45.0 * 100.0) * np.square(T) / natural("M_Pl"))
    with override({"m_s": natural("m_s")}):
        yield


@pytest.mark.identity
def test_closed_form_of_decay_freeze_in(constant):
    # Y = 135 g Gamma M_Pl/(8 pi^3 1.66 g_*^(3/2) m^2), the integral of x^3 K_1 being 3 pi/2
    def closed(states, width, mass):
        return 135.0 * states * width * natural("M_Pl") / (8.0 * np.pi**3 * np.sqrt(4.0 * np.pi**3 / 45.0) * 1e3 * mass**2)

    m_a, g = 2.0, 1e-13
    width = alp.gamma_b_to_s_alp(m_a, g)
    assert_allclose(alp.evolve(m_a, g, 1e-23).y_final, 2.0 * closed(12.0, width, natural("m_b")), rtol=2e-3)
    # a in equilibrium through fast visible decays, chi from its decays: two for each, momentum (35/4)^(1/2) T
    found = alp.evolve(m_a, 1e-8, 1e-30, visible=1e-10)
    assert_allclose(found.y_final, 2.0 * closed(1.0, 1e-30, m_a), rtol=2e-3)
    assert_allclose(found.momentum, np.sqrt(35.0 / 4.0) * natural("T_CMB"), rtol=5e-3)


@pytest.mark.independent
def test_evolution_against_a_stiff_solver(constant):
    m_a, g, dark, seen = 2.0, 2e-9, 2e-19, 3e-20
    found = alp.evolve(m_a, g, dark, axial=g, diagonal=2e-8, visible=seen, t_cut=0.3)

    def rates(n):
        T = 100.0 * np.exp(-n)
        x = m_a / T
        h = np.sqrt(4.0 * np.pi**3 / 45.0 * 100.0) * T**2 / natural("M_Pl")
        dilation = (kn(1, x) / kn(2, x) if x < 600.0 else 1.0) / h
        # production() divides by the same hubble
        quarks = alp.production(T, m_a, g, g, 2e-8).sum() if T > 0.3 else 0.0
        n_eq = m_a**2 * T / (2.0 * np.pi**2) * kn(2, x)
        return quarks + seen * dilation, dark * dilation, n_eq / (2.0 * np.pi**2 / 45.0 * 100.0 * T**3)

    def slope(n, y):
        made, lost, equal = rates(n)
        return [made * (equal - y[0]) - lost * y[0], 2.0 * lost * y[0]]

    cut = np.log(100.0 / 0.3)
    options = {"method": "LSODA", "rtol": 1e-7, "atol": 1e-14}
    first = solve_ivp(slope, (0.0, cut - 1e-9), [0.0, 0.0], **options).y[:, -1]
    last = solve_ivp(slope, (cut + 1e-9, np.log(1e7)), first, **options).y[:, -1]
    assert_allclose(found.y_a[400], first[0], rtol=2e-3)
    assert_allclose(found.y_chi[400], first[1], rtol=2e-3)
    assert_allclose(found.y_final, last[1] + 2.0 * last[0] * dark / (dark + seen), rtol=2e-3)
    assert_allclose(found.y_equilibrium[200], rates(np.log(100.0 / found.T[200]))[2], rtol=1e-9)


@pytest.mark.identity
def test_limits_of_the_evolution():
    g = np.array([1e-13, 2e-13])
    weak = alp.evolve(2.0, g, 1e-24)
    assert_allclose(weak.y_final[1] / weak.y_final[0], 4.0, rtol=1e-4)
    assert weak.T[0] == 100.0
    assert_allclose(weak.T[[400, -1]], [natural("alp.t_cut"), 1e-5])
    assert np.all(weak.y_chi[0] == 0.0)
    assert weak.y_equilibrium.shape == weak.y_chi.shape == (801, 2)
    # a late decay keeps the number and has the momentum of the age at its end
    late = alp.evolve(2.0, 1e-9, np.array([1e-36, 1e-34]))
    assert_allclose(late.y_final[0], late.y_final[1], rtol=1e-9)
    assert_allclose(late.momentum[0] / late.momentum[1], 10.0, rtol=1e-3)
    # continuous between decays inside and outside of the grid: the momentum goes with the root of the lifetime
    inside = alp.evolve(2.0, 1e-9, np.array([1e-27, 1e-31]))
    assert_allclose(inside.momentum[1] / inside.momentum[0], 100.0, rtol=0.3)
    # the decays to the plasma take their share
    shared = alp.evolve(2.0, 1e-9, 1e-27, visible=3e-27)
    assert_allclose(shared.y_final, inside.y_final[0] / 4.0, rtol=1e-3)
    assert_allclose(alp.evolve(2.0, 1e-9, 1e-31, visible=3e-31).y_final, inside.y_final[1] / 4.0, rtol=1e-3)
    # masses and densities belong together
    g = np.array([1e-11, 2e-11])
    chi = alp.mass_for(alp.evolve(2.0, g, 1e-24))
    dark = np.sqrt(1e-24 / alp.gamma_a_to_chi(2.0, chi, 1.0))
    assert_allclose(alp.omega_h2(chi, 2.0, g, dark), natural("Omega h^2", "1"), rtol=1e-6)
    # entropy over the critical density of today, as in the freeze-out of another module
    ratio = relic.analytic_prefactor() * natural("M_Pl") / (2.0 * np.sqrt(45.0 / np.pi))
    assert_allclose(
        alp.omega_h2(1e-3, 2.0, 1e-9, 1e-6), 1e-3 * ratio * alp.evolve(2.0, 1e-9, alp.gamma_a_to_chi(2.0, 1e-3, 1e-6)).y_final
    )
    assert_allclose(alp.mass_for(alp.evolve(2.0, g, 1e-24), 0.012), chi * 0.012 / natural("Omega h^2", "1"), rtol=1e-9)
    twice = alp.omega_h2(chi, 2.0, 1e-9, dark, majorana=True, visible=1e-19)
    assert_allclose(twice, 2.0 * alp.omega_h2(chi, 2.0, 1e-9, dark, visible=1e-19), rtol=1e-4)
    assert alp.omega_h2(1.5, 2.0, 1e-9, 1.0) == 0.0
    cut = [alp.omega_h2(1e-3, 2.0, 6e-9, 1e-8, t_cut=t) for t in (0.2, 1.0)]
    assert_allclose(alp.omega_h2(1e-3, 2.0, 6e-9, 1e-8), cut[0])
    assert cut[1] > 5.0 * cut[0]
    several = alp.omega_h2([1e-5, 1e-3], 2.0, 6e-9, 1e-8, axial=1e-9, diagonal=1e-8)
    assert_allclose(several[1], alp.omega_h2(1e-3, 2.0, 6e-9, 1e-8, axial=1e-9, diagonal=1e-8))


@pytest.mark.published
def test_the_warm_limit_of_freeze_in():
    # arXiv:2111.09321: 15 keV from relics of 5.3 keV, for heavy parents and 107 degrees of freedom; ours decays at fewer
    with override({"alp.wdm_mass": 5.3}):
        limit = alp.warm_limit(alp.evolve(4.0, 1e-6, 1e-30, visible=1e-12))
    assert_allclose(limit * np.cbrt(75.0 / 106.75), natural("alp.freeze_in_mass"), rtol=0.15)
    old = alp.warm_limit(alp.evolve(2.0, 1e-9, 1e-23))
    with override({"alp.wdm_mass": 2.0 * natural("alp.wdm_mass", "keV")}):
        assert_allclose(alp.warm_limit(alp.evolve(2.0, 1e-9, 1e-23)) / old, 2.0 ** (4.0 / 3.0), rtol=1e-9)


@pytest.mark.independent
def test_off_shell_against_traces_and_quad():
    m_a, m_chi, g, d = 2.0, 0.5, 1e-6, 1e-2
    m_b = natural("m_b")

    def sigma(s):
        p, k = pair(np.sqrt(s), m_b, m_b)
        p_2, k_2 = pair(np.sqrt(s), m_chi, m_chi)
        q = slash(p + k)
        first, second = 0.5 * g * q @ GAMMA5, 0.5 * d * q @ GAMMA5
        one = np.trace((slash(k) - m_b * ONE) @ first @ (slash(p) + m_b * ONE) @ bar(first)).real
        two = np.trace((slash(p_2) + m_chi * ONE) @ second @ (slash(k_2) - m_chi * ONE) @ bar(second)).real
        average = 3.0 / 36.0 * one * two / (s - m_a**2) ** 2
        return average / (16.0 * np.pi * s) * np.linalg.norm(p_2[1:]) / np.linalg.norm(p[1:])

    def made(log_t):
        T = np.exp(log_t)
        ends = 2.0 * m_b, 2.0 * m_b + 40.0 * T
        inner = quad(lambda y: 2.0 * y * sigma(y * y) * y * (y * y - 4.0 * m_b**2) * kn(1, y / T), *ends, epsrel=1e-4)[0]
        return 36.0 * T / (32.0 * np.pi**4) * inner / (2.0 * np.pi**2 / 45.0 * g_s(T) * T**3 * hubble(T))

    # most of it comes from these temperatures, where g_s hardly runs
    grid = np.linspace(np.log(0.4), np.log(60.0), 30)
    values = np.array([made(x) for x in grid])
    slope = 1.0 + np.gradient(np.log(g_s(np.exp(grid))), grid) / 3.0
    expected = 2.0 * np.trapezoid(values * slope, grid)
    assert_allclose(alp.yield_off_shell(m_chi, m_a, g, d), expected, rtol=0.03)
    on_shell = alp.evolve(m_a, 0.0, 1e-30, diagonal=1e-13).y_final / 1e-26
    assert alp.yield_off_shell(1e-3, m_a, 1e-9, 1e-8) < 1e-18 * on_shell * 1e-18 / 1e-9**2 * 1e18


@pytest.mark.house
def test_refusals():
    for call in (
        lambda: alp.evolve(5.0, 1e-9, 1e-23),
        lambda: alp.evolve(2.0, 1e-9, 0.0),
        lambda: alp.evolve(2.0, 1e-9, 1e-23, t_cut=2.01),
        lambda: alp.evolve(2.0, 1e-9, 1e-23, t_cut=0.099),
        lambda: alp.evolve(2.0, [1e-9, 1e-8], [1e-23, 1e-22, 1e-21]),
        lambda: alp.br_b_to_k(2.0, 1e-9, "-"),
        lambda: alp.br_b_to_kstar(2.0, 2.0),
    ):
        with pytest.raises(ParameterError):
            call()
    assert alp.evolve(2.0, 1e-9, 1e-23, t_cut=0.1).T[400] == pytest.approx(0.1)
    assert alp.evolve(2.0, 1e-9, 1e-23, t_cut=2.0).T[400] == pytest.approx(2.0)


@pytest.mark.identity
def test_the_row():
    row = alp.row()
    g = float(row.bears[0].split()[2])
    assert_allclose(alp.br_b_to_k(2.0, g), row.rate, rtol=0.02)
    most = float(row.bears[4].split()[-1])
    assert_allclose(alp.br_b_to_kstar(2.0, most * g), kstar_room(), rtol=0.03)
    assert row.kstar == 0.0
    assert row.name == alp.row("today").name


@pytest.mark.regression
def test_the_row_is_that_of_the_chapter():
    row = alp.row()
    coupling, rate, plus, minus, gain, behind, _ = stored.numbers("rival_alp", "vector coupling")
    assert_allclose(1e6 * np.array([row.rate, row.plus, row.minus]), [rate, plus, minus], atol=0.051)
    assert_allclose([row.delta_chi2, row.delta_chi2_line - row.delta_chi2], [gain, behind], atol=0.051)
    assert row.bears[0].startswith(f"C_V/f_a = {1e-9 * coupling:.1e}")
