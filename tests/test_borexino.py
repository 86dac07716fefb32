import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import integrate

from darkhiggs import borexino, kinetic_mixing, limits, model, units
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural

M_E, E, G_F, S2 = natural("m_e"), natural("E_7Be"), natural("G_F", "GeV^-2"), natural("s_W^2", "1")
END = 2 * E**2 / (M_E + 2 * E)
CHARGE = np.sqrt(4 * np.pi / natural("1/alpha(0)", "1"))
FLAVOURS = ("e", "mu", "tau")
LEFT = {"e": S2 + 0.5, "mu": S2 - 0.5, "tau": S2 - 0.5}
Q = {"e": 0, "mu": 1, "tau": -1}


def thooft(left, right, low=0.0, high=END):
    """Total cross-section for constant couplings, from the antiderivative in T."""

    def primitive(t):
        return left**2 * t - right**2 * E / 3 * (1 - t / E) ** 3 - left * right * M_E * t**2 / (2 * E**2)

    return 2 * G_F**2 * M_E / np.pi * (primitive(high) - primitive(low))


def by_quadrature(m, g, sign=1.0, t_min=0.19e-3):
    """Rate over the Standard Model by adaptive quadrature, the amplitude written out again."""
    p = dict(zip(FLAVOURS, borexino.flavour_fractions(), strict=True))

    def rate(coupling):
        def spectrum(t):
            total = 0.0
            for flavour in FLAVOURS:
                d = 0.0
                if coupling:
                    eps = sign * kinetic_mixing.epsilon(coupling, -2 * M_E * t)
                    d = Q[flavour] * coupling * CHARGE * eps / (2**1.5 * G_F * (m**2 + 2 * M_E * t))
                a, b = LEFT[flavour] + d, S2 + d
                total += p[flavour] * (a**2 + b**2 * (1 - t / E) ** 2 - a * b * M_E * t / E**2)
            return total

        return integrate.quad(spectrum, t_min, END, epsabs=0, epsrel=1e-12, limit=400, points=[t_min + 1e-6, t_min + 1e-5])[0]

    return rate(g) / rate(0.0)


# --- amplitude: explicit spinors -----------------------------------------------------------------------------------

SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ZERO, ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = [np.block([[ZERO, ONE], [ONE, ZERO]])] + [np.block([[ZERO, s], [-s, ZERO]]) for s in SIGMA]  # chiral basis
METRIC = np.array([1, -1, -1, -1])
P_L, P_R = np.diag([1, 1, 0, 0]), np.diag([0, 0, 1, 1])


def spinors(p, m):
    """Two spinors u(p) that are complete: sum u ubar = pslash + m."""
    slash = sum(METRIC[i] * GAMMA[i] * p[i] for i in range(4))
    rest = np.vstack([np.eye(2), np.eye(2)])
    return [(slash + m * np.eye(4)) @ rest[:, i] / np.sqrt(p[0] + m) / np.sqrt(2.0) for i in range(2)] if m else _massless(p)


def _massless(p):
    n = p[1:] / p[0]
    values, vectors = np.linalg.eigh(np.einsum("i,ijk->jk", n, SIGMA))
    return [np.concatenate([np.sqrt(2 * p[0]) * vectors[:, np.argmin(values)], [0, 0]])]


def amplitude_squared(t, contact, vector_left, vector_right, charged_current=0.0):
    """Spin-averaged |M|^2 of L = -sum G (nubar g P_L nu)(ebar g P e), and of (ebar g P_L nu)(nubar g P_L e)."""
    cos = (1 + M_E / E) / np.sqrt(1 + 2 * M_E / t)
    momentum = np.sqrt(t * (t + 2 * M_E))
    k, p = np.array([E, 0, 0, E]), np.array([M_E, 0, 0, 0])
    p2 = np.array([M_E + t, momentum * np.sqrt(1 - cos**2), 0, momentum * cos])
    k2 = k + p - p2
    total = 0.0
    for nu in spinors(k, 0):
        for nu2 in spinors(k2, 0):
            for el in spinors(p, M_E):
                for el2 in spinors(p2, M_E):

                    def chain(a, projector, b):
                        return np.array([a.conj() @ GAMMA[0] @ g @ projector @ b for g in GAMMA])

                    first = chain(nu2, P_L, nu) * METRIC
                    one = first @ (vector_left * chain(el2, P_L, el) + vector_right * chain(el2, P_R, el))
                    # two fermions exchanged in the final state: a relative minus sign
                    other = -(chain(el2, P_L, nu) * METRIC) @ chain(nu2, P_L, el)
                    total += abs(-contact * (one + charged_current * other)) ** 2
    return total / 2


@pytest.mark.independent
@pytest.mark.parametrize("t", [2e-5, 2.5e-4, 6.4e-4])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_spectrum_from_explicit_spinors(flavour, t):
    # the charged current enters in its own order of the fields, before the Fierz transformation
    contact = 2 * np.sqrt(2) * G_F
    squared = amplitude_squared(t, contact, S2 - 0.5, S2, charged_current=1.0 if flavour == "e" else 0.0)
    assert_allclose(borexino.recoil_spectrum(t, flavour), squared / (32 * np.pi * M_E * E**2), rtol=1e-10)
    # Z' exchange: L = g Q nubar g nu Z' - eps e J_em Z', J_em = -ebar g e, gives -g Q eps e/(m^2 - q^2)
    m, g = 4e-3, 3e-4
    exchange = g * Q[flavour] * CHARGE * kinetic_mixing.epsilon(g, -2 * M_E * t) / (m**2 + 2 * M_E * t) / contact
    for sign in (1, -1):
        squared = amplitude_squared(
            t, contact, S2 - 0.5 + sign * exchange, S2 + sign * exchange, charged_current=1.0 if flavour == "e" else 0.0
        )
        got = borexino.recoil_spectrum(t, flavour, m, g, sign=sign)
        assert_allclose(got, squared / (32 * np.pi * M_E * E**2), rtol=1e-10)


@pytest.mark.identity
def test_signs_of_the_interference():
    spectrum = borexino.recoil_spectrum
    t, m, g = 4e-4, 0.01, 2e-5  # so weak that the square is negligible
    change = {a: spectrum(t, a, m, g) - spectrum(t, a) for a in FLAVOURS}
    assert change["e"] == 0.0
    assert change["mu"] > 0 > change["tau"]
    assert_allclose(change["mu"], -change["tau"], rtol=1e-2)
    flipped = {a: spectrum(t, a, m, g, sign=-1) - spectrum(t, a) for a in FLAVOURS}
    assert_allclose(flipped["mu"], change["tau"], rtol=1e-9)
    # a direct charge of the electron: like charges repel as in Z exchange, and nu_e has g_L > 0
    assert spectrum(t, "e", m, 1e-6, "B-L") > spectrum(t, "e") > 0
    assert spectrum(t, "mu", m, 1e-6, "B-L") < spectrum(t, "mu")
    assert spectrum(t, "mu", m, 1e-6, "L_mu-L_e") > spectrum(t, "mu")
    assert spectrum(t, "tau", m, 1e-6, "L_e-L_tau") > spectrum(t, "tau")
    # no charge, no change; the sign of epsilon is not theirs
    assert spectrum(t, "tau", m, 0.1, "L_mu-L_e") == spectrum(t, "tau")
    assert spectrum(t, "e", m, 1e-6, "B-L", sign=-1) == spectrum(t, "e", m, 1e-6, "B-L")


@pytest.mark.identity
def test_end_of_the_spectrum():
    inside, outside = END * (1 - 1e-12), END * (1 + 1e-12)
    for flavour in FLAVOURS:
        assert borexino.recoil_spectrum(inside, flavour) > 0
        assert borexino.recoil_spectrum([outside, 1.0], flavour).tolist() == [0.0, 0.0]
        assert borexino.recoil_spectrum(END, flavour) > 0
        assert borexino.cross_section(flavour, t_min=1.0) == 0.0
    # backward scattering: the electron takes all but the neutrino's recoil, and g_L^2 counts alone for m_e -> 0
    assert_allclose(END, E - (E * M_E / (M_E + 2 * E)), rtol=1e-12)


@pytest.mark.independent
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("t_min", [0.0, 0.19e-3, 0.5e-3])
def test_cross_section_is_the_integral(flavour, t_min):
    value, _ = integrate.quad(lambda t: borexino.recoil_spectrum(t, flavour), t_min, END, epsabs=0, epsrel=1e-12)
    assert_allclose(borexino.cross_section(flavour, t_min=t_min), value, rtol=1e-12)
    assert_allclose(borexino.cross_section(flavour, t_min=t_min), thooft(LEFT[flavour], S2, t_min), rtol=1e-12)


@pytest.mark.identity
def test_cross_section_at_high_energy():
    # m_e << E: sigma = 2 G_F^2 m_e E/pi (g_L^2 + g_R^2/3)
    expected = [2 * G_F**2 * M_E * 1.0 / np.pi * (LEFT[a] ** 2 + S2**2 / 3) for a in FLAVOURS]
    assert_allclose([borexino.cross_section(a, 1.0) for a in FLAVOURS], expected, rtol=2e-3)
    assert borexino.cross_section("mu", [[1e-3], [2e-3]], [0.0, 1e-4, 2e-4]).shape == (2, 3)


@pytest.mark.published
def test_cross_section_that_borexino_uses():
    # 46.0 counts a day and 100 t are quoted as a flux of 3.10e9 nu_e, of which 89.6 % in the line:
    # 5.79e-45 cm^2. Tree level lies 2.6 % above; the radiative corrections are a few per cent.
    flux = get("borexino.flux_equivalent").value * natural("BR(7Be,862)", "1")
    implied = get("borexino.rate").value / (86400 * get("borexino.electrons").value * flux)
    assert_allclose(implied, 5.795e-45, rtol=1e-3)
    assert_allclose(units.convert(borexino.cross_section("e"), "GeV^-2", "cm^2"), implied, rtol=0.03)


@pytest.mark.published
def test_bound_on_the_rate():
    # measured flux over solar model, errors of both in quadrature, at 1.96 sigma, written out: 4.99 +- 0.156 over 4.93 +- 0.30
    # and over 4.50 +- 0.27
    by_hand = [4.99 / x * (1 + 1.96 * np.sqrt((0.156 / 4.99) ** 2 + (e / x) ** 2)) for x, e in ((4.93, 0.30), (4.50, 0.27))]
    bounds = [borexino.rate_bound(name) for name in ("high", "low")]
    assert_allclose(bounds, by_hand, rtol=1e-3)
    assert_allclose(bounds, [1.15, 1.26], atol=0.005)
    assert bounds[0] < 1.24 < bounds[1]
    assert_allclose(borexino.rate_bound("high", [0.0, 1.0]), [4.99 / 4.93, 1.082], atol=1e-3)
    assert borexino.rate_bound() == borexino.rate_bound("high", 1.96)


# --- flavours ------------------------------------------------------------------------------------------------------


@pytest.mark.identity
def test_pmns():
    u = borexino.pmns()
    assert_allclose(u @ u.conj().T, np.eye(3), atol=1e-15)
    assert_allclose(abs(u[0, 2]) ** 2, natural("sin^2(theta_13)", "1"), rtol=1e-14)
    assert_allclose(abs(u[0, 1]) ** 2 / (abs(u[0, 0]) ** 2 + abs(u[0, 1]) ** 2), natural("sin^2(theta_12)", "1"), rtol=1e-14)
    assert_allclose(abs(u[1, 2]) ** 2 / (abs(u[1, 2]) ** 2 + abs(u[2, 2]) ** 2), natural("sin^2(theta_23)", "1"), rtol=1e-14)
    # the phase: U_e3 = s13 exp(-i delta), and the Jarlskog invariant J = Im(U_e1 U_mu2 U_e2* U_mu1*)
    delta = np.pi * natural("delta_CP/pi", "1")
    assert_allclose(np.angle(u[0, 2]), np.angle(np.exp(-1j * delta)), rtol=1e-12)
    s, c = ({k: f(np.arcsin(np.sqrt(natural(f"sin^2(theta_{k})", "1")))) for k in ("12", "13", "23")} for f in (np.sin, np.cos))
    jarlskog = c["12"] * s["12"] * c["23"] * s["23"] * c["13"] ** 2 * s["13"] * np.sin(delta)
    assert_allclose((u[0, 0] * u[1, 1] * u[0, 1].conj() * u[1, 0].conj()).imag, jarlskog, rtol=1e-12)
    assert np.all(u[0, :2].imag == 0) and np.all(u[0, :2].real > 0) and np.all(u[1:, 2].real > 0)


@pytest.mark.independent
def test_pmns_as_a_product_of_rotations():
    def rotation(i, j, sine2, phase=1.0):
        r = np.eye(3, dtype=complex)
        r[i, i] = r[j, j] = np.sqrt(1 - sine2)
        r[i, j], r[j, i] = np.sqrt(sine2) / phase, -np.sqrt(sine2) * phase
        return r

    s12, s13, s23 = (natural(f"sin^2(theta_{k})", "1") for k in ("12", "13", "23"))
    product = rotation(1, 2, s23) @ rotation(0, 2, s13, np.exp(1j * np.pi * natural("delta_CP/pi", "1"))) @ rotation(0, 1, s12)
    assert_allclose(borexino.pmns(), product, atol=1e-15)


@pytest.mark.identity
def test_fractions():
    u = np.abs(borexino.pmns()) ** 2
    for p_ee in (0.35, 0.54, 0.6):
        f = borexino.mass_fractions(p_ee)
        assert_allclose([f.sum(), f @ u[0], f[2]], [1.0, p_ee, u[0, 2]], rtol=1e-12)
        p = borexino.flavour_fractions(p_ee)
        assert_allclose([p[0], p.sum()], [p_ee, 1.0], rtol=1e-12)
        assert_allclose(p, [sum(f[i] * u[a, i] for i in range(3)) for a in range(3)], rtol=1e-12)
    # no matter: nu_e oscillate in vacuum, f_i = |U_ei|^2
    assert_allclose(borexino.mass_fractions(np.sum(u[0] ** 2)), u[0], rtol=1e-12)
    assert borexino.flavour_fractions([[0.5], [0.55]]).shape == (2, 1, 3)
    assert_allclose(borexino.mass_fractions(), borexino.mass_fractions(0.54), rtol=1e-15)
    # the ends of the range: one light mass state only
    low, high = (u[0, 2] ** 2 + (1 - u[0, 2]) * u[0, i] for i in (1, 0))
    assert_allclose(borexino.mass_fractions(low)[0], 0.0, atol=1e-15)
    assert_allclose(borexino.mass_fractions(high)[1], 0.0, atol=1e-15)


@pytest.mark.identity
def test_flavour_factors():
    for p_ee in (None, 0.4):
        p = borexino.flavour_fractions(p_ee)
        expected = [p[0] + p[1], p[0] + p[2], 1 - p[0]]
        assert_allclose(borexino.flavour_factors("corrected", p_ee), expected, rtol=1e-12)
        assert_allclose(borexino.flavour_factors(p_ee=p_ee), np.sqrt(expected), rtol=1e-12)
    assert borexino.flavour_factors(p_ee=[0.5, 0.55]).shape == (2, 3)
    assert_allclose(borexino.flavour_factors("corrected", [0.5, 0.55])[:, 2], [0.5, 0.45], rtol=1e-12)


@pytest.mark.independent
def test_sum_over_mass_states_is_the_sum_over_flavours():
    # final mass states j, amplitude (U^+ A U)_ji, summed over j and averaged over i: sum_a P_ea |A_a|^2
    u, f = borexino.pmns(), borexino.mass_fractions()
    a = np.array([0.7, -0.3, 0.4])
    amplitude = u.conj().T @ np.diag(a) @ u
    total = sum(f[i] * abs(amplitude[j, i]) ** 2 for i in range(3) for j in range(3))
    assert_allclose(total, borexino.flavour_fractions() @ a**2, rtol=1e-12)


# --- rate ----------------------------------------------------------------------------------------------------------


@pytest.mark.independent
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("t_min", [0.0, 0.19e-3, 0.27e-3])
@pytest.mark.parametrize(("m", "g"), [(1e-4, 3e-5), (2.1e-3, 1.37e-4), (0.01, 5e-4), (0.0115, 5e-4), (1.0, 0.05)])
def test_ratio_against_adaptive_quadrature(m, g, sign, t_min):
    assert_allclose(borexino.ratio(m, g, sign=sign, t_min=t_min), by_quadrature(m, g, sign, t_min), rtol=1e-9)


# mpmath, 25 digits, from the inputs alone, without this library
@pytest.mark.independent
@pytest.mark.parametrize(
    ("m", "g", "t_min", "value"),
    [
        (0.0021, 1.37e-4, 0.19e-3, 1.3426011618564),
        (0.010, 5e-4, 0.19e-3, 1.1299836385538),
        (0.0115, 5e-4, 0.0, 1.089019440902),
        (0.1, 8e-3, 0.27e-3, 1.8849648104152),
    ],
)
def test_ratio_against_mpmath(m, g, t_min, value):
    assert_allclose(borexino.ratio(m, g, t_min=t_min), value, rtol=1e-9)


@pytest.mark.identity
@pytest.mark.parametrize("kind", ["L_mu-L_tau", "L_mu-L_e", "L_e-L_tau", "B-L"])
def test_heavy_mediator_is_a_contact_interaction(kind):
    # constant shift of both couplings: 't Hooft's cross-section with g + d
    m, g = 50.0, 0.9
    charges = dict(zip(FLAVOURS, {"L_mu-L_tau": (0, 1, -1), "L_mu-L_e": (-1, 1, 0), "L_e-L_tau": (1, 0, -1), "B-L": (-1, -1, -1)}[kind], strict=True))  # fmt: skip
    electron = CHARGE * kinetic_mixing.epsilon(g) if kind == "L_mu-L_tau" else charges["e"] * g
    p = dict(zip(FLAVOURS, borexino.flavour_fractions(), strict=True))
    for t_min in (0.0, 0.3e-3):
        new = standard = 0.0
        for a in FLAVOURS:
            d = charges[a] * g * electron / (2**1.5 * G_F * m**2)
            new += p[a] * thooft(LEFT[a] + d, S2 + d, t_min)
            standard += p[a] * thooft(LEFT[a], S2, t_min)
        # epsilon moves by q2/(5 m_mu^2) ~ 1e-5 over the recoils
        assert_allclose(borexino.ratio(m, g, kind, t_min=t_min) - 1, new / standard - 1, rtol=2e-5)


@pytest.mark.identity
def test_light_mediator_is_coulomb_like():
    # m -> 0: the mass drops out above the threshold, and the whole range diverges as 1/m^2
    assert_allclose(borexino.ratio(1e-9, 1e-4), borexino.ratio(1e-6, 1e-4), rtol=1e-5)
    excess = borexino.ratio(np.array([1e-9, 1e-8]), 1e-8, "B-L", t_min=0.0) - 1
    assert_allclose(excess[0] / excess[1], 100.0, rtol=1e-3)
    # the square alone at low T: d sigma/dT = Q^2 (g_nu g_e)^2 m_e/(2 pi) (1 + ...)/(m^2 + 2 m_e T)^2, hence this integral
    m, g = 1e-8, 1e-6
    coulomb = g**4 * M_E / (4 * np.pi) * 2 / (2 * M_E * m**2)
    p = borexino.flavour_fractions()
    standard = sum(p[i] * borexino.cross_section(a) for i, a in enumerate(FLAVOURS))
    assert_allclose(borexino.ratio(m, g, "B-L", t_min=0.0) - 1, coulomb / standard, rtol=1e-3)


@pytest.mark.identity
def test_ratio_is_a_polynomial_in_g2():
    g2 = np.array([0.0, 1.0, 2.0, 3.0]) * 1e-7
    for sign in (1, -1):
        r = borexino.ratio(0.01, np.sqrt(g2), sign=sign)
        assert r[0] == 1.0
        assert_allclose(np.diff(r, 3), 0.0, atol=1e-13)
        linear, quadratic = (-3 * r[0] + 4 * r[1] - r[2]) / 2e-7, (r[0] - 2 * r[1] + r[2]) / 2e-14
        assert quadratic > 0
        # nu_tau outnumber nu_mu: with the sign of the loop the rate falls first
        assert linear * sign < 0
        # even and odd part under the sign
        other = borexino.ratio(0.01, np.sqrt(g2[1]), sign=-sign)
        assert_allclose(r[1] - other, 2 * linear * 1e-7, rtol=1e-6)


@pytest.mark.identity
def test_square_is_linear_in_the_fraction_and_quartic_in_g():
    # the part without interference: what the slide's factor stands for; literal S^(1/2) and one epsilon would give g^3
    def square(g, p_ee):
        p = borexino.flavour_fractions(p_ee)
        standard = sum(p[i] * borexino.cross_section(a, t_min=0.19e-3) for i, a in enumerate(FLAVOURS))
        return standard * (borexino.ratio(0.01, g, p_ee=p_ee) + borexino.ratio(0.01, g, sign=-1, p_ee=p_ee) - 2) / 2

    assert_allclose(square(6e-4, 0.54) / square(3e-4, 0.54), 16.0, rtol=1e-9)
    s = [borexino.flavour_factors("corrected", p)[2] for p in (0.4, 0.6)]
    assert_allclose(square(5e-4, 0.4) / square(5e-4, 0.6), s[0] / s[1], rtol=1e-9)
    assert_allclose(s, [0.6, 0.4], rtol=1e-12)


@pytest.mark.identity
@pytest.mark.parametrize("kind", ["L_mu-L_tau", "L_mu-L_e", "L_e-L_tau", "B-L"])
@pytest.mark.parametrize("sign", [1, -1])
def test_limit_saturates_the_bound(kind, sign):
    m = np.geomspace(1e-6, 0.1, 6)
    for r_max in (1.001, 1.08, 1.24, 3.0):
        g = borexino.coupling_limit(m, r_max, kind, sign, 0.5, 1e-4)
        assert_allclose(borexino.ratio(m, g, kind, sign, 0.5, 1e-4), r_max, rtol=1e-10)
        # no smaller coupling exceeds it, also where the rate falls first
        below = borexino.ratio(m, g * np.linspace(0, 1, 50, endpoint=False)[:, None], kind, sign, 0.5, 1e-4)
        assert np.all(below < r_max)
        assert np.all(np.diff(g) > 0)


@pytest.mark.identity
def test_rate_falls_before_it_rises_with_the_coupling():
    g = borexino.coupling_limit(0.01, 1.001)
    fall = borexino.ratio(0.01, np.linspace(0.01, 0.5, 20) * g)
    assert np.all(fall < 1)
    assert borexino.ratio(0.01, g * 1.01) > 1.001
    # without interference the coupling goes as room^(1/4)
    opposite = [borexino.coupling_limit(0.01, r, sign=-1) for r in (1.01, 1.16)]
    assert 1 < opposite[1] / opposite[0]


@pytest.mark.identity
def test_defaults_and_shapes():
    assert borexino.ratio(0.01, 5e-4) == borexino.ratio(0.01, 5e-4, "L_mu-L_tau", 1, 0.54, 0.19e-3)
    assert borexino.coupling_limit(0.01) == borexino.coupling_limit(0.01, 1.24, "L_mu-L_tau", 1, 0.54, 0.19e-3)
    m, g = np.array([1e-3, 0.01, 0.5]), np.array([1e-4, 5e-4])
    grid = borexino.ratio(m[:, None], g)
    assert grid.shape == (3, 2)
    assert_allclose(grid, [[borexino.ratio(a, b) for b in g] for a in m], rtol=1e-12)
    both = borexino.ratio(m[:, None], 5e-4, p_ee=[0.5, 0.55], t_min=[0.0, 1e-4])
    assert_allclose(both[2, 1], borexino.ratio(0.5, 5e-4, p_ee=0.55, t_min=1e-4), rtol=1e-12)
    limit = borexino.coupling_limit(m, [[1.08], [1.34]])
    assert limit.shape == (2, 3)
    assert_allclose(limit[1, 0], borexino.coupling_limit(1e-3, 1.34), rtol=1e-12)
    assert isinstance(borexino.ratio(0.01, 1e-4), float) and isinstance(borexino.coupling_limit(0.01), float)
    spectrum = borexino.recoil_spectrum([[1e-4], [2e-4]], "mu", m, 1e-4)
    assert_allclose(spectrum[1, 2], borexino.recoil_spectrum(2e-4, "mu", 0.5, 1e-4), rtol=1e-12)
    assert borexino.rescaled_limit(m).shape == (3,)


# --- published -----------------------------------------------------------------------------------------------------


@pytest.mark.published
def test_published_reading_is_r_1_34():
    curve = limits.curve("Borexino-reading")
    r = borexino.ratio(curve.m, curve.upper)
    # 1.343, 1.320, 1.353: a reading error of 5-10 % in g is 10-20 % in R - 1 at least
    assert_allclose(r, 1.34, atol=0.03)
    assert_allclose(borexino.coupling_limit(curve.m, 1.34), curve.upper, rtol=0.02)
    # the bounds that are shown lie below the reading by this much
    for r_max, factor in ((1.24, 0.92), (1.16, 0.84), (1.08, 0.72)):
        assert_allclose(borexino.coupling_limit(curve.m, r_max) / curve.upper, factor, atol=0.02)
    # the whole recoil range, and the other sign, would want a larger R
    assert np.all(borexino.ratio(curve.m, curve.upper, t_min=0.0) > 1.38)
    assert np.all(borexino.ratio(curve.m, curve.upper, sign=-1) > 1.38)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("name", "sign", "excluded"),
    [
        ("A", 1, [False, False, False, False]),
        ("A10", 1, [True, False, False, False]),
        ("B", 1, [False, False, False, False]),
        ("A", -1, [True, False, False, False]),
        ("A10", -1, [True, True, False, False]),
        ("B", -1, [False, False, False, False]),
    ],
)
def test_verdicts_on_the_benchmarks(name, sign, excluded):
    point = model.benchmark(name)
    bounds = np.array([1.08, 1.16, 1.24, 1.34])
    assert (borexino.ratio(point.m_zp, point.g_x, sign=sign) > bounds).tolist() == excluded
    assert (point.g_x > borexino.coupling_limit(point.m_zp, bounds, sign=sign)).tolist() == excluded


@pytest.mark.independent
def test_rescaling_of_the_talk():
    # a rate that is Z' exchange alone: the corrected recipe is exact, for large room the interference is negligible
    m, room = 0.01, 1e3
    assert_allclose(borexino.rescaled_limit(m, room, "corrected") / borexino.coupling_limit(m, room), 1.0, rtol=0.02)
    # literal: alpha_BL^2 = S^(1/2) alpha alpha_X |epsilon|, solved for g_X by bisection
    from scipy.optimize import brentq

    alpha, limit = 1 / natural("1/alpha(0)", "1"), borexino.coupling_limit(m, 1.24, "B-L", p_ee=0.5, t_min=1e-4)
    for form, power, factor in (("literal", 1, np.sqrt(0.5)), ("corrected", 2, 0.5)):
        root = brentq(
            lambda g, power=power, factor=factor: (
                factor * alpha * g**2 / (4 * np.pi) * abs(kinetic_mixing.epsilon(g)) ** power / (limit**2 / (4 * np.pi)) ** 2
                - 1
            ),
            1e-8,
            1e-1,
            xtol=1e-18,
            rtol=1e-13,
        )
        assert_allclose(borexino.rescaled_limit(m, 1.24, form, 0.5, 1e-4), root, rtol=1e-10)
    assert borexino.rescaled_limit(m) == borexino.rescaled_limit(m, 1.24, "literal")
    # the printed factor would exclude couplings a hundred times smaller than the rate does
    assert borexino.coupling_limit(m) / borexino.rescaled_limit(m) > 50


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: borexino.ratio(-0.01, 1e-4), r"m_zp = -0.01 GeV is outside its range \[1e-09, 10000\] GeV"),
        (lambda: borexino.ratio(0.01, 1.5), r"g_x = 1.5 is outside its range \[0, 1\]"),
        (lambda: borexino.ratio(0.01, 1e-4, "L_e"), "model = 'L_e' is not one of 'L_mu-L_tau'"),
        (lambda: borexino.ratio(0.01, 1e-4, sign=0), "sign = 0 is neither 1 nor -1"),
        (lambda: borexino.ratio(0.01, 1e-4, sign=np.array([1, -1])), r"sign has shape \(2,\); give one number"),
        (lambda: borexino.ratio(0.01, 1e-4, p_ee=0.9), r"p_ee = 0.9 is outside its range \[0.29"),
        (lambda: borexino.ratio(0.01, 1e-4, t_min=6.4e-4), "t_min = 0.00064 GeV"),
        (lambda: borexino.coupling_limit(0.01, 1.0), r"r_max = 1 is outside its range \[1.001, 1000\]"),
        (lambda: borexino.coupling_limit(np.nan), "m_zp = nan GeV"),
        (lambda: borexino.recoil_spectrum(1e-4, "x"), "flavour = 'x' is not one of 'e', 'mu', 'tau'"),
        (lambda: borexino.recoil_spectrum(-1e-4, "e"), "t = -0.0001 GeV"),
        (lambda: borexino.recoil_spectrum(1e-4, "mu", None, 1e-4), "m_zp is not set, but g_x is"),
        (lambda: borexino.recoil_spectrum(1e-4, "mu", 0.1, 1e-4, "L"), "model = 'L'"),
        (lambda: borexino.cross_section("e", 0.0), "energy = 0 GeV"),
        (lambda: borexino.flavour_factors("slide"), "form = 'slide' is not one of 'literal', 'corrected'"),
        (lambda: borexino.rescaled_limit(0.01, form="slide"), "form = 'slide'"),
        (lambda: borexino.rate_bound("solar"), "metallicity = 'solar' is not one of 'high', 'low'"),
        (lambda: borexino.rate_bound(n_sigma=-1.0), r"n_sigma = -1 is outside its range \[0, 10\]"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
