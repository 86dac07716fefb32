import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import _amplitudes, annihilation, model, widths
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural
from darkhiggs.kinetic_mixing import epsilon

# Heavy and light Z', both signs of the mixing and of the charges, H1 above and below 2 m_X
POINTS = {
    "P1": {"m_zp": 0.3, "g_x": 0.2, "m_x": 0.5, "m_h1": 0.7, "sin_theta": 0.2, "lambda_phi_x": 0.8, "q_x": 1.7},
    "P2": {"m_zp": 0.7, "g_x": 0.4, "m_x": 0.5, "m_h1": 0.2, "sin_theta": -0.1, "lambda_phi_x": 0.3, "q_x": -0.7, "q_phi": 2.0},
    "P3": {"m_zp": 0.02, "g_x": 0.01, "m_x": 0.5, "m_h1": 1.3, "sin_theta": 0.05, "lambda_phi_x": 0.003, "q_x": 3.0},
    "P4": {"m_zp": 0.9, "g_x": 0.5, "m_x": 1.3, "m_h1": 0.4, "sin_theta": 0.6, "lambda_phi_x": 2.0, "q_x": 1.0, "q_phi": -1.0},
    "P5": {"m_zp": 20.0, "g_x": 0.5, "m_x": 50.0, "m_h1": 40.0, "sin_theta": 0.7, "lambda_phi_x": 1.0, "q_x": 0.5},
}
COS, WEIGHT = np.polynomial.legendre.leggauss(150)
METRIC = np.array([1.0, -1.0, -1.0, -1.0])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = np.array(
    [np.kron(np.diag([1, -1]), np.eye(2))] + [np.kron(np.array([[0, 1], [-1, 0]]), sigma) for sigma in PAULI], dtype=complex
)
ONE = np.eye(4)


def dot(a, b):
    return np.sum((a.T * METRIC * b.T), axis=-1)


def slash(p):
    return np.einsum("m,mx,mij->xij" if p.ndim > 1 else "m,m,mij->ij", METRIC, p, GAMMA)


def momenta(s, m, m_a, m_b):
    """Incoming along cos(theta) to the outgoing pair, which lies along z; arrays over the angle."""
    p, k = (np.sqrt((s - (a + b) ** 2) * (s - (a - b) ** 2) / (4 * s)) for a, b in ((m, m), (m_a, m_b)))
    e, zero, sin = np.sqrt(p**2 + m**2), 0 * COS, np.sqrt(1 - COS**2)
    p1, p2 = np.array([e + zero, p * sin, zero, p * COS]), np.array([e + zero, -p * sin, zero, -p * COS])
    k1 = np.array([np.sqrt(k**2 + m_a**2) + zero, zero, zero, k + zero])
    k2 = np.array([np.sqrt(k**2 + m_b**2) + zero, zero, zero, -k + zero])
    return p1, p2, k1, k2, k / (4 * np.pi * np.sqrt(s))


def polarisations(k, m):
    """Two transverse vectors and the longitudinal one of a boson along the z axis."""
    zero, one = 0 * COS, 0 * COS + 1
    return [np.array([zero, one, zero, zero]), np.array([zero, zero, one, zero]), np.array([k[3], zero, zero, k[0]]) / m]


def propagators(sector, s):
    """H1, H2 and Z', with the widths of the module that knows the decays."""
    root, m_h = np.sqrt(s), natural("m_h")
    new = widths.gamma_higgs_to_h1h1(sector) + widths.gamma_higgs_to_zpzp(sector) + widths.gamma_higgs_to_xx(sector)
    return (
        1 / (s - sector.m_h1**2 + 1j * root * widths.gamma_h1(sector, root)),
        1 / (s - m_h**2 + 1j * m_h * (sector.cos_theta**2 * natural("Gamma_h") + new)),
        1 / (s - sector.m_zp**2 + 1j * root * widths.gamma_zp(sector.replace(m_zp=root))),
    )


def bosons(sector, s, channel):
    """W from the Feynman rules: i L for every vertex, explicit polarisation vectors, no algebra."""
    g, lam, v, c, sin = sector.g_x * sector.q_x, sector.lambda_phi_x, sector.v_phi, sector.cos_theta, sector.sin_theta
    m, m_1, cubic = sector.m_zp, sector.m_h1, model.scalar_potential(sector)
    h1, h2, zp = propagators(sector, s)
    m_a, m_b = {"zpzp": (m, m), "h1h1": (m_1, m_1), "zph1": (m, m_1)}[channel]
    p1, p2, k1, k2, phase_space = momenta(s, sector.m_x, m_a, m_b)
    t, u = 1j / (dot(p1 - k1, p1 - k1) - sector.m_x**2), 1j / (dot(p1 - k2, p1 - k2) - sector.m_x**2)
    to_h1, to_h2 = -1j * lam * v * c, -1j * lam * v * sin
    if channel == "zpzp":
        scalar = to_h1 * 1j * h1 * 2j * m**2 / v * c + to_h2 * 1j * h2 * 2j * m**2 / v * sin + 2j * g**2
        squared = sum(
            np.abs(
                scalar * dot(e1, e2)
                + (-1j * g) ** 2 * dot(2 * p1 - k1, e1) * t * dot(p1 - k1 - p2, e2)
                + (-1j * g) ** 2 * dot(2 * p1 - k2, e2) * u * dot(p1 - k2 - p2, e1)
            )
            ** 2
            for e1 in polarisations(k1, m)
            for e2 in polarisations(k2, m)
        )
    elif channel == "h1h1":
        amplitude = -1j * lam * c**2 + to_h1 * 1j * h1 * -1j * cubic["g_111"] + to_h2 * 1j * h2 * -1j * cubic["g_211"]
        squared = np.abs(amplitude + to_h1**2 * (t + u)) ** 2
    else:
        total = p1 + p2
        current = p1 - p2 - total * dot(total, p1 - p2) / m**2
        squared = sum(
            np.abs(
                -1j * g * -1j * zp * 2j * m**2 / v * c * dot(current, e)
                + -1j * g * dot(2 * p1 - k1, e) * t * to_h1
                + to_h1 * u * -1j * g * dot(p1 - k2 - p2, e)
            )
            ** 2
            for e in polarisations(k1, m)
        )
    identical = 1.0 if channel == "zph1" else 0.5
    return identical * phase_space * np.sum(WEIGHT * squared) / 2


def trace_squared(left, vertex, right):
    """Sum over spins of |u-bar Gamma v|^2: Tr[left Gamma right Gamma-bar]."""
    bar = GAMMA[0] @ np.conj(np.swapaxes(vertex, -1, -2)) @ GAMMA[0]
    return np.trace(left @ vertex @ right @ bar, axis1=-2, axis2=-1).real


def fermions(sector, s, m, coupling, *, chiral=False, higgs=0.0):
    """W into a fermion pair with this coupling to the Z' and m/v_H times `higgs` to h; one coherent amplitude."""
    h1, h2, zp = propagators(sector, s)
    p1, p2, k1, k2, phase_space = momenta(s, sector.m_x, m, m)
    c, sin, v = sector.cos_theta, sector.sin_theta, sector.v_phi
    project = 0.5 * (ONE - 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]) if chiral else ONE
    vertex = sector.g_x * sector.q_x * coupling * zp * slash(p1 - p2) @ project
    scalar = sector.lambda_phi_x * v * (c * h1 * sin - sin * h2 * c) * higgs * m / model.v_higgs()
    squared = trace_squared(slash(k1) + m * ONE, vertex + scalar * ONE, slash(k2) - m * ONE)
    return phase_space * np.sum(WEIGHT * squared) / 2


CASES = [
    ("P1", 1.001), ("P1", 1.3), ("P1", 4.0), ("P2", 1.0001), ("P2", 2.5), ("P2", 8.0), ("P3", 1.001), ("P3", 1.69), ("P3", 2.0),
    ("P4", 1.0001), ("P4", 1.2), ("P4", 3.0), ("P5", 1.1), ("P5", 1.5657), ("P5", 3.0),
]  # fmt: skip


@pytest.mark.independent
@pytest.mark.parametrize(("point", "ratio"), CASES)
@pytest.mark.parametrize("channel", ["zpzp", "h1h1", "zph1"])
def test_bosons_against_explicit_polarisations(point, ratio, channel):
    sector = model.DarkSector(**POINTS[point])
    s = 4 * sector.m_x**2 * ratio
    m_a, m_b = {"zpzp": ("m_zp",) * 2, "h1h1": ("m_h1",) * 2, "zph1": ("m_zp", "m_h1")}[channel]
    value = annihilation.rate(sector, s, channel)
    if np.sqrt(s) <= getattr(sector, m_a) + getattr(sector, m_b):
        assert value == 0.0
    else:
        # 1e-16/v^2: s - 4 m_X^2 is a difference
        assert_allclose(value, bosons(sector, s, channel), rtol=1e-9)


@pytest.mark.independent
@pytest.mark.parametrize(("point", "ratio"), CASES)
def test_fermions_against_traces(point, ratio):
    sector = model.DarkSector(**POINTS[point])
    s = 4 * sector.m_x**2 * ratio
    nunu = 2 * fermions(sector, s, 0.0, sector.g_x, chiral=True)
    e = np.sqrt(4 * np.pi / natural("1/alpha(0)", "1"))
    pairs = [
        (natural("m_e"), e * np.abs(epsilon(sector.g_x, s))),
        (natural("m_mu"), sector.g_x),
        (natural("m_tau"), sector.g_x),
    ]
    leptons = sum(fermions(sector, s, m, coupling, higgs=1.0) for m, coupling in pairs if s > 4 * m**2)
    assert_allclose(annihilation.rate(sector, s, "nunu"), nunu, rtol=1e-8)
    assert_allclose(annihilation.rate(sector, s, "leptons"), leptons, rtol=1e-8 + 1e-4 * (s < 4 * natural("m_mu") ** 2))


@pytest.mark.independent
@pytest.mark.filterwarnings("ignore::darkhiggs.errors.UnitWarning")
def test_electrons_through_kinetic_mixing_and_muons_through_higgs():
    # below the muon threshold, and where the scalars dominate
    light = model.DarkSector(m_zp=0.03, g_x=0.01, m_x=0.05, m_h1=0.5, sin_theta=0.1, lambda_phi_x=1e-8, q_x=1.0)
    e = np.sqrt(4 * np.pi / natural("1/alpha(0)", "1"))
    s = 0.02 * np.array([0.6, 1.0, 2.0])
    for energy in s:
        coupling = e * np.abs(epsilon(0.01, energy))
        # the table of the mixing is good to 6e-5
        value = fermions(light, energy, natural("m_e"), coupling, higgs=1.0)
        assert_allclose(annihilation.rate(light, energy, "leptons"), value, rtol=1e-4)
    slow = light.replace(m_x=4e-4, lambda_phi_x=0.0)
    energy = 4.4 * natural("m_e") ** 2
    value = fermions(slow, energy, natural("m_e"), e * np.abs(epsilon(0.01, energy)))
    assert_allclose(annihilation.rate(slow, energy, "leptons"), value, rtol=1e-4)
    heavy = model.DarkSector(m_zp=3.0, g_x=1e-4, m_x=0.2, m_h1=1.0, sin_theta=0.2, lambda_phi_x=0.1, q_x=1.0)
    for energy in (0.2, 0.5, 1.0):
        value = fermions(heavy, energy, natural("m_mu"), 1e-4, higgs=1.0)
        value += fermions(heavy, energy, natural("m_e"), 1e-4 / 70, higgs=1.0)
        assert_allclose(annihilation.rate(heavy, energy, "leptons"), value, rtol=1e-7)


@pytest.mark.independent
@pytest.mark.parametrize("channel", ["nunu", "leptons", "zpzp"])
@pytest.mark.parametrize("m_zp", [0.1, 0.45, 1.2])
@pytest.mark.parametrize("ratio", [1.001, 1.3, 6.0])
def test_dirac_against_traces(channel, m_zp, ratio):
    m, g, q = 0.5, 0.3, -1.4
    s = 4 * m**2 * ratio
    value = annihilation.rate_dirac(m, m_zp, g, q, s, channel)
    if channel == "zpzp":
        if s <= 4 * m_zp**2:
            assert value == 0.0
            return
        p1, p2, k1, k2, phase_space = momenta(s, m, m_zp, m_zp)
        t, u = dot(p1 - k1, p1 - k1) - m**2, dot(p1 - k2, p1 - k2) - m**2
        squared = 0.0
        for e1 in polarisations(k1, m_zp):
            for e2 in polarisations(k2, m_zp):
                vertex = slash(e2) @ (slash(p1 - k1) + m * ONE) @ slash(e1) / t[:, None, None]
                vertex = vertex + slash(e1) @ (slash(p1 - k2) + m * ONE) @ slash(e2) / u[:, None, None]
                squared = squared + trace_squared(slash(p2) - m * ONE, (g * q) ** 2 * vertex, slash(p1) + m * ONE)
        expected = phase_space * np.sum(WEIGHT * squared) / 2 / 2 / 4
    else:
        sector = model.DarkSector(m_zp=np.sqrt(s), g_x=g)
        dark = (g * q) ** 2 * np.sqrt(s) / (12 * np.pi) * np.sqrt(1 - 4 * m**2 / s) * (1 + 2 * m**2 / s)
        propagator = 1 / (s - m_zp**2 + 1j * np.sqrt(s) * (widths.gamma_zp(sector) + dark))
        left = 0.5 * (ONE - 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3])
        e = np.sqrt(4 * np.pi / natural("1/alpha(0)", "1"))
        mixed = e * np.abs(epsilon(g, s))
        products = [(0.0, g * np.sqrt(2) * left)]
        if channel == "leptons":
            products = [(natural("m_e"), mixed * ONE), (natural("m_mu"), g * ONE), (natural("m_tau"), g * ONE)]
        expected = 0.0
        for mass, coupling in products:
            if s <= 4 * mass**2:
                continue
            p1, p2, k1, k2, phase_space = momenta(s, m, mass, mass)
            squared = 0.0
            for mu in range(4):
                for nu in range(4):
                    bar = GAMMA[0] @ np.conj((GAMMA[nu] @ coupling).T) @ GAMMA[0]
                    dark_part = np.trace(
                        (slash(p2) - m * ONE) @ GAMMA[mu] @ (slash(p1) + m * ONE) @ GAMMA[nu], axis1=-2, axis2=-1
                    )
                    left_part = (slash(k1) + mass * ONE) @ GAMMA[mu] @ coupling
                    pair = np.trace(left_part @ (slash(k2) - mass * ONE) @ bar, axis1=-2, axis2=-1)
                    squared = squared + METRIC[mu] * METRIC[nu] * (dark_part * pair).real
            expected += phase_space * np.sum(WEIGHT * squared) / 2 / 4 * (g * q) ** 2 * np.abs(propagator) ** 2
    assert_allclose(value, expected, rtol=1e-8)


@pytest.mark.identity
def test_goldstone_limit_and_its_failure_at_20_mev():
    a = model.benchmark("A").replace(m_x=[1.0, 0.02], m_h1=5.0, lambda_phi_x=1e-3)
    s = 4 * a.m_x**2
    goldstone = a.lambda_phi_x**2 / (64 * np.pi * a.m_x**2) * (s / (s - 25.0)) ** 2
    ratio = annihilation.sigma_v(a, 0.0, "zpzp") / goldstone
    r = a.m_zp**2 / s
    # Gamma_1/m_1 ~ 1e-3 and away from the pole
    assert_allclose(ratio, np.sqrt(1 - 4 * r) * (1 - 4 * r + 12 * r**2), rtol=1e-5)
    assert abs(ratio[0] - 1.0) < 1e-3
    assert abs(ratio[1] - 0.61) < 0.01


@pytest.mark.identity
def test_goldstone_equivalence_of_the_gauge_amplitude():
    # with v_Phi fixed and m_Z' -> 0 the longitudinal part of the gauge amplitude dies with m_Z'^2; the portal's does not
    sector = model.DarkSector(m_zp=np.array([1e-2, 1e-3, 1e-4, 1e-6]), g_x=0.3, m_x=0.5, q_x=1.0)
    values = annihilation.rate(sector, 2.0, "zpzp")
    assert np.all(np.isfinite(values))
    assert np.all(np.abs(values / values[-1] - 1.0) <= [1e-3, 1e-5, 1e-7, 1e-12])


@pytest.mark.identity
def test_massless_gauge_limit():
    # g^4 Q^4/(8 pi m_X^2) at rest; two photons of scalar electrodynamics
    sector = model.DarkSector(m_zp=1e-5, g_x=0.1, m_x=2.0, q_x=1.5)
    assert_allclose(annihilation.sigma_v(sector, 0.0, "zpzp"), (0.1 * 1.5) ** 4 / (8 * np.pi * 4.0), rtol=1e-9)
    # far above the mass the angular distribution is flat: |M|^2 = 8 g^4 Q^4
    fast = annihilation.rate(sector.replace(m_x=1e-3), 1.0, "zpzp")
    assert_allclose(fast, (0.1 * 1.5) ** 4 / (2 * np.pi), rtol=1e-3)


@pytest.mark.identity
def test_amplitudes_interfere():
    # at rest, m_Z' << m_X, far from the pole: transverse Z' from the charge, longitudinal ones from the portal, with m_Z'^2 between
    base = model.DarkSector(m_zp=0.1, g_x=0.05, m_x=0.5, m_h1=5.0, q_x=1.0, lambda_phi_x=2e-3)
    both = annihilation.sigma_v(base, 0.0, "zpzp")
    charge = annihilation.sigma_v(base.replace(lambda_phi_x=0.0), 0.0, "zpzp")
    portal = annihilation.sigma_v(base.replace(q_x=None), 0.0, "zpzp")
    # H1 above s: the portal's amplitude is negative, the charge's positive
    g, s, m = 0.05**2, 1.0, 0.1
    p = 2e-3 / (s - 25.0)
    a = s / 2 - m**2
    cross = 2 * (2 * g * m**2 * p + g * m**2 * p)
    expected = np.sqrt(1 - 4 * m**2) / (4 * np.pi) * cross / s
    assert a > 0.0
    assert_allclose(both - charge - portal, expected, rtol=1e-6)
    assert expected < 0.0
    # the sign of the charge does not matter
    assert_allclose(annihilation.sigma_v(base.replace(q_x=-1.0), 0.3), annihilation.sigma_v(base, 0.3), rtol=1e-14)


@pytest.mark.identity
def test_thresholds_on_both_sides():
    sector = model.DarkSector(**POINTS["P1"]).replace(m_x=0.05, m_h1=0.4)
    for channel, threshold in (("zpzp", 0.6), ("h1h1", 0.8), ("zph1", 0.7)):
        below = annihilation.rate(sector, (threshold * np.array([0.2, 0.5, 0.9, 1.0 - 1e-9])) ** 2, channel)
        assert below.tolist() == [0.0] * 4
        near = annihilation.rate(sector, threshold**2 * (1 + np.array([1e-6, 4e-6])), channel)
        assert_allclose(near[1] / near[0], 2.0, rtol=1e-4)
    muons = 2 * natural("m_mu")
    near = annihilation.rate(sector, (muons * np.array([1 - 1e-9, 1 + 1e-6, 1 + 4e-6])) ** 2, "leptons")
    assert_allclose((near[2] - near[0]) / (near[1] - near[0]), 2.0, rtol=1e-2)
    electrons = model.DarkSector(m_zp=1e-2, g_x=1e-3, m_x=1e-4, q_x=1.0)
    s = (2 * natural("m_e") * np.array([0.5, 1 - 1e-9, 1 + 1e-9])) ** 2
    assert (annihilation.rate(electrons, s, "leptons") > 0.0).tolist() == [False, False, True]


def pole_area(call, m, gamma):
    """Integral over s of a line of width gamma at m, in t with s = m^2 + m gamma tan t."""
    t, weight = np.polynomial.legendre.leggauss(200)
    half = np.arctan(500.0)
    s = m**2 + m * gamma * np.tan(half * t)
    values = np.array([call(x) for x in s])
    return np.sum(weight * half * values * m * gamma / np.cos(half * t) ** 2) / (2 * half / np.pi)


@pytest.mark.identity
@pytest.mark.parametrize(("channel", "width"), [("zpzp", widths.gamma_h1_to_zpzp), ("leptons", widths.gamma_h1_to_leptons)])
def test_narrow_h1_against_the_product_of_its_widths(channel, width):
    sector = model.DarkSector(m_zp=0.1, g_x=1e-3, m_x=0.3, m_h1=1.0, sin_theta=0.01, lambda_phi_x=3e-5)
    gamma = widths.gamma_h1(sector)
    assert gamma < 2e-6
    area = pole_area(lambda s: annihilation.rate(sector, s, channel), 1.0, gamma)
    expected = 32 * np.pi**2 * widths.gamma_h1_to_xx(sector) * width(sector) / gamma / np.sqrt(1 - 4 * 0.09)
    # what the tails hold beyond 500 widths is put back for a pure Lorentzian
    assert_allclose(area, expected, rtol=1e-4)


@pytest.mark.identity
def test_narrow_z_prime_against_the_product_of_its_widths():
    g, m, m_x = 1e-3, 1.0, 0.3
    sector = model.DarkSector(m_zp=m, g_x=g, m_x=m_x, q_x=2.0)
    gamma, nunu = widths.gamma_zp(sector), g**2 * m / (12 * np.pi)
    dark = widths.gamma_zp(sector) - widths.gamma_zp(sector.replace(q_x=None))
    area = pole_area(lambda s: annihilation.rate(sector, s, "nunu"), m, gamma)
    # three polarisations of the Z'
    assert_allclose(area, 3 * 32 * np.pi**2 * dark * nunu / gamma / np.sqrt(1 - 4 * m_x**2), rtol=1e-4)
    visible = widths.gamma_zp(sector) - dark - nunu
    area = pole_area(lambda s: annihilation.rate(sector, s, "leptons"), m, gamma)
    assert_allclose(area, 3 * 32 * np.pi**2 * dark * visible / gamma / np.sqrt(1 - 4 * m_x**2), rtol=1e-4)
    # Dirac: the average over four spin states
    chi = (g * 2.0) ** 2 * m / (12 * np.pi) * np.sqrt(1 - 4 * m_x**2) * (1 + 2 * m_x**2)
    gamma = gamma - dark + chi
    area = pole_area(lambda s: annihilation.rate_dirac(m_x, m, g, 2.0, s, "nunu"), m, gamma)
    assert_allclose(area, 0.75 * 32 * np.pi**2 * chi * nunu / gamma / np.sqrt(1 - 4 * m_x**2), rtol=1e-4)


@pytest.mark.identity
@pytest.mark.parametrize("point", ["P1", "P2", "P4"])
def test_partial_waves(point):
    sector = model.DarkSector(**POINTS[point]).replace(m_x=1.0)
    v = np.linspace(0.01, 0.05, 10)
    for channel in annihilation.CHANNELS:
        a, b = np.polynomial.polynomial.polyfit(v**2, annihilation.sigma_v(sector, v, channel), 3)[:2]
        if channel in ("zph1", "nunu"):
            assert abs(a) < 1e-10 * b
            assert annihilation.sigma_v(sector, 0.0, channel) == 0.0
        else:
            # the cut into X X* in the width of H1 is odd in v
            assert_allclose(a, annihilation.sigma_v(sector, 0.0, channel), rtol=1e-5)
            assert a > 0.0
    # the coefficient of v^2 into neutrinos
    x, m, g, q = 1.0, sector.m_zp, sector.g_x, sector.q_x
    b = annihilation.sigma_v(sector, 1e-4, "nunu") / 1e-8
    assert_allclose(b, g**4 * q**2 * x**2 / (6 * np.pi * (4 * x**2 - m**2) ** 2), rtol=2e-2)
    without = sector.replace(lambda_phi_x=0.0, sin_theta=0.0)
    assert annihilation.sigma_v(without, 0.0, "leptons") == 0.0


@pytest.mark.identity
def test_slow_particles_keep_their_digits():
    sector = model.DarkSector(**POINTS["P1"]).replace(m_x=1.0)
    for channel in ("zph1", "nunu"):
        v = np.array([1e-9, 1e-6, 1e-3])
        assert_allclose(annihilation.sigma_v(sector, v, channel) / v**2 / 3, [annihilation.sigma_v(sector, 1e-9, channel) / 3e-18] * 3, rtol=1e-5)  # fmt: skip
    # the two ways to write the same energy
    v = np.array([0.5, 1.0, 1.5])
    s = 4 / (1 - v**2 / 4)
    assert_allclose(annihilation.sigma_v(sector, v) * s, annihilation.rate(sector, s), rtol=1e-12)


@pytest.mark.identity
def test_light_h1_pair_from_the_contact_term():
    # heavy v_Phi, nothing else: lambda^2/(64 pi m_X^2) at rest and for m_H1 -> 0
    sector = model.DarkSector(m_zp=1e-3, g_x=1e-6, m_x=0.5, m_h1=1e-4, lambda_phi_x=1e-9)
    ratio = annihilation.sigma_v(sector, 0.0, "h1h1") * 64 * np.pi * 0.25 / 1e-18
    # t and u: -lambda v^2/m_X^2 relative to the contact term
    exchange = 2 * 1e-9 * 1e6 / (2 * 0.25)
    assert_allclose(ratio, (1 - exchange) ** 2, rtol=1e-6)


@pytest.mark.identity
def test_h1_pairs_equal_zp_pairs_far_above_their_masses():
    # s >> m^2 with the quartic alone: Phi* Phi, so H1 H1 and Z'Z' come in equal parts
    # (s << 32 pi v_Phi^2, where the running width of unitary gauge is small)
    sector = model.DarkSector(m_zp=1e-3, g_x=1e-6, m_x=1.0, m_h1=1e-3, lambda_phi_x=1e-10)
    pair = [annihilation.rate(sector, 1e3, channel) for channel in ("zpzp", "h1h1")]
    assert_allclose(pair[0] / pair[1], 1.0, rtol=1e-5)


@pytest.mark.published
def test_scalar_pair_from_leptons():
    # PDG review of cross-section formulae: dsigma/dOmega(e+e- -> S S*) = alpha^2 beta^3 sin^2(theta)/(8s); crossed
    g, s, m_x = 0.01, 1.0, 0.4
    sector = model.DarkSector(m_zp=1e-5, g_x=g, m_x=m_x, q_x=1.0)
    alpha, beta = g**2 / (4 * np.pi), np.sqrt(1 - 4 * m_x**2 / s)
    sigma = np.pi * alpha**2 * beta**3 / (3 * s)
    # detailed balance: 4 spin states of the leptons; the flux factors of both sides. Two neutrinos are one Dirac fermion.
    expected = 4 * sigma * (2 * s) * (1 / (8 * np.pi)) / (beta / (8 * np.pi))
    assert_allclose(annihilation.rate(sector, s, "nunu"), expected, rtol=1e-8)


@pytest.mark.published
def test_muon_pair_from_dirac_fermions():
    # Peskin, Schroeder, sec. 5.1: sigma = 4 pi alpha^2/(3s) sqrt(1 - m^2/E^2) (1 + m^2/2E^2)
    g, s, m = 0.01, 0.1, natural("m_mu")
    alpha = g**2 / (4 * np.pi)
    sigma = 4 * np.pi * alpha**2 / (3 * s) * np.sqrt(1 - 4 * m**2 / s) * (1 + 2 * m**2 / s)
    value = annihilation.rate_dirac(1e-6, 1e-7, g, 1.0, s, "leptons")
    # electrons by kinetic mixing add 2e-5
    assert_allclose(value, 2 * s * sigma, rtol=1e-4)


@pytest.mark.published
def test_two_photons_from_dirac_fermions():
    # Peskin, Schroeder, sec. 5.5, integrated over half the sphere
    m, g, e = 0.5, 0.1, 0.7
    p, s, alpha = np.sqrt(e**2 - m**2), 4 * e**2, g**2 / (4 * np.pi)
    x, weight = 0.5 * (COS + 1), 0.5 * WEIGHT
    d = m**2 + p**2 * (1 - x**2)
    sigma = 2 * np.pi * alpha**2 / s * e / p * np.sum(weight * ((e**2 + p**2 * x**2) / d + 2 * m**2 / d - 2 * m**4 / d**2))
    value = annihilation.rate_dirac(m, 1e-6, g, 1.0, s, "zpzp")
    assert_allclose(value, 2 * s * (p / e) * sigma, rtol=1e-9)


@pytest.mark.identity
def test_dirac_at_rest():
    # (1 - m_Z'^2/m^2)^(3/2)/(1 - m_Z'^2/2m^2)^2 g^4/(16 pi m^2), s-wave; zero mass: positronium-like average
    m, g, m_zp = 0.4, 0.2, np.array([1e-4, 0.2, 0.39])
    r = (m_zp / m) ** 2
    value = annihilation.rate_dirac(m, m_zp, g, 1.0, 4 * m**2, "zpzp") / (4 * m**2)
    assert_allclose(value, g**4 / (16 * np.pi * m**2) * (1 - r) ** 1.5 / (1 - r / 2) ** 2, rtol=1e-9)
    # through the Z': s-wave, unlike the scalar's
    nunu = annihilation.rate_dirac(m, 0.2, g, 1.0, 4 * m**2, "nunu") / (4 * m**2)
    width = widths.gamma_zp(model.DarkSector(m_zp=2 * m, g_x=g))
    assert_allclose(nunu, g**4 * m**2 / (np.pi * ((4 * m**2 - 0.04) ** 2 + (2 * m * width) ** 2)), rtol=1e-9)
    total = annihilation.rate_dirac(m, 0.2, g, 1.0, 1.0)
    assert_allclose(
        total, sum(annihilation.rate_dirac(m, 0.2, g, 1.0, 1.0, x) for x in ("nunu", "leptons", "zpzp")), rtol=1e-14
    )


@pytest.mark.identity
@pytest.mark.parametrize("y_2", [1e-12, 1e-4, 2.9e-3, 3.1e-3, 0.1, 0.9])
def test_angular_averages(y_2):
    # both sides of the seam between the series and the closed forms
    one = np.ones(1)
    values = _amplitudes.angular_averages(one * y_2, one, one, one, 1 - y_2 * one)
    n = 1 - y_2 * COS**2
    expected = [np.sum(WEIGHT * COS**power / n**order) / 2 for power, order in ((0, 1), (2, 1), (0, 2), (2, 2), (4, 2))]
    # the series is exact, the closed forms lose 1e-16/y^2, the last one 1e-16/y^4
    for value, other, rtol in zip(np.ravel(values), expected, [2e-13, 1e-12, 2e-13, 1e-12, 1e-9], strict=True):
        assert_allclose(value, other, rtol=rtol)


@pytest.mark.identity
def test_channels_without_their_coupling_or_mass_vanish():
    full = model.DarkSector(**POINTS["P1"])
    s = np.array([1.5, 4.0])
    for channel in ("zph1", "nunu"):
        assert annihilation.rate(full.replace(q_x=None), s, channel).tolist() == [0.0, 0.0]
    small = annihilation.rate(full.replace(q_x=1e-9), s)
    assert_allclose(annihilation.rate(full.replace(q_x=None), s), small, rtol=1e-9)
    # no coupling to H1: without its mass only Z'H1 is lost
    alone = full.replace(lambda_phi_x=0.0)
    assert annihilation.rate(alone, s, "h1h1").tolist() == [0.0, 0.0]
    for channel in ("zpzp", "nunu", "leptons"):
        assert_allclose(
            annihilation.rate(alone.replace(m_h1=None), s, channel), annihilation.rate(alone, s, channel), rtol=1e-14
        )
    assert annihilation.rate(alone.replace(m_h1=None), s, "zph1").tolist() == [0.0, 0.0]
    assert np.all(annihilation.rate(alone, s, "zph1") > 0.0)
    assert_allclose(annihilation.rate(full, s), sum(annihilation.rate(full, s, c) for c in annihilation.CHANNELS), rtol=1e-14)


@pytest.mark.identity
def test_arrays_and_scalars_agree():
    names = sorted(POINTS["P1"])
    points = [POINTS[name] for name in ("P1", "P3", "P4", "P5")]
    grid = model.DarkSector(**{name: np.array([point[name] for point in points]) for name in names})
    v = np.array([[0.0], [1e-4], [0.1], [0.8], [1.7]])
    for channel in (None, *annihilation.CHANNELS):
        values = annihilation.sigma_v(grid, v, channel)
        assert values.shape == (5, 4)
        single = [
            [annihilation.sigma_v(model.DarkSector(**p).replace(q_phi=1.0), float(x), channel) for p in points] for x in v[:, 0]
        ]
        assert_allclose(values, single, rtol=1e-12)
    assert np.ndim(annihilation.sigma_v(model.DarkSector(**points[0]), 0.1)) == 0
    # the sector's shape shows even where a channel is closed
    assert annihilation.rate(grid.replace(m_x=0.01), 1e-3, "h1h1").shape == (4,)
    values = annihilation.rate_dirac(0.4, [0.1, 0.2], 0.1, 1.0, np.array([[0.7], [0.9]]))
    assert_allclose(values[1, 0], annihilation.rate_dirac(0.4, 0.1, 0.1, 1.0, 0.9), rtol=1e-13)
    assert values.shape == (2, 2)


@pytest.mark.identity
def test_masked_points_are_nan_and_others_keep_their_values():
    good = model.DarkSector(**POINTS["P1"]).replace(m_x=[0.5, 0.6, 0.7])
    bad = good.replace(m_h1=[0.7, -1.0, 0.7])
    for channel in (None, *annihilation.CHANNELS):
        values = annihilation.sigma_v(bad, np.array([[0.1], [0.2]]), channel)
        assert np.isnan(values).tolist() == [[False, True, False]] * 2
        assert_allclose(values[:, ::2], annihilation.sigma_v(good, np.array([[0.1], [0.2]]), channel)[:, ::2], rtol=1e-14)
    heavy = good.replace(m_x=[0.5, np.nan, 0.7])
    values = annihilation.rate(heavy, 4 * heavy.m_x**2 * 1.1)
    assert np.isnan(values).tolist() == [False, True, False]
    assert np.isnan(annihilation.breaks(bad)[0])[:, 1].all() and not np.isnan(annihilation.breaks(bad)[0])[:, 0].any()


@pytest.mark.identity
def test_breaks_are_the_thresholds_and_poles():
    sector = model.DarkSector(**POINTS["P1"]).replace(m_x=[0.1, 0.5])
    positions, scales = annihilation.breaks(sector)
    assert positions.shape == scales.shape == (9, 2)
    order = np.argsort(positions[:, 0])
    tau, m_h = natural("m_tau"), natural("m_h")
    expected = [2 * natural("m_e"), 2 * natural("m_mu"), 0.3, 0.6, 0.7, 1.0, 1.4, 2 * tau, m_h]
    assert_allclose(positions[order, 0], expected, rtol=1e-12)
    new = widths.gamma_higgs_to_h1h1(sector) + widths.gamma_higgs_to_zpzp(sector) + widths.gamma_higgs_to_xx(sector)
    gamma_2 = sector.cos_theta**2 * natural("Gamma_h") + new
    poles = {2: widths.gamma_zp(sector), 4: widths.gamma_h1(sector), 8: gamma_2}
    for row in range(9):
        assert_allclose(scales[order[row]], poles.get(row, [0.0, 0.0]), rtol=1e-12)
    # only what takes part
    gauge = annihilation.breaks(model.DarkSector(m_zp=0.3, g_x=0.1, m_x=0.5, q_x=1.0))
    assert sorted(gauge[0].tolist())[2:] == [0.3, 0.6, 2 * tau]
    assert annihilation.breaks(sector.replace(q_x=None))[0].shape == (7, 2)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: annihilation.rate(p, 0.9), r"s is below its range: the squared energy is at least 4 m_x\^2"),
        (lambda p: annihilation.rate(p, -1.0), r"s = -1 GeV\^2 is outside its range"),
        (lambda p: annihilation.rate(p, np.nan), r"s = nan GeV\^2"),
        (lambda p: annihilation.rate(p, 2.0, "hadrons"), "channel = 'hadrons' is not one of 'zpzp'"),
        (lambda p: annihilation.sigma_v(p, 2.0), r"v_rel = 2 is outside its range \[0, 2\)"),
        (lambda p: annihilation.sigma_v(p, -0.1), "v_rel = -0.1"),
        (lambda p: annihilation.sigma_v(p.replace(m_h1=None), 0.1), "m_h1 is not set"),
        (lambda p: annihilation.breaks(p.replace(m_h1=None)), "m_h1 is not set"),
        (lambda p: annihilation.rate(model.benchmark("A"), 1.0), "m_x is not set"),
        (lambda p: annihilation.rate_dirac(0.5, 0.1, 0.1, 1.0, 0.9), r"at least 4 m_chi\^2"),
        (lambda p: annihilation.rate_dirac(0.5, 0.0, 0.1, 1.0, 2.0), "m_zp = 0 GeV"),
        (lambda p: annihilation.rate_dirac(0.0, 0.1, 0.1, 1.0, 2.0), "m_chi = 0 GeV"),
        (lambda p: annihilation.rate_dirac(0.5, 0.1, 1.1, 1.0, 2.0), "g_x = 1.1"),
        (lambda p: annihilation.rate_dirac(0.5, 0.1, 0.1, 1e5, 2.0), "q_chi = 100000"),
        (lambda p: annihilation.rate_dirac(0.5, 0.1, 0.1, 1.0, 2.0, "h1h1"), "channel = 'h1h1' is not one of 'nunu'"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call(model.DarkSector(**POINTS["P1"]))


@pytest.mark.identity
def test_rounding_error_at_threshold_changes_nothing():
    sector = model.DarkSector(**POINTS["P1"])
    assert_allclose(annihilation.rate(sector, 1.0 - 1e-12), annihilation.rate(sector, 1.0), rtol=1e-9)


@pytest.mark.identity
def test_averages_of_slow_particles_are_the_whole_series():
    j, y_2 = np.arange(30.0), np.array([1e-4, 0.999 * _amplitudes._SMALL])
    powers = y_2[:, None] ** j
    t_1, u_2 = _amplitudes._series(y_2)
    assert_allclose(t_1, np.sum(powers / (2 * j + 3), axis=1), rtol=2e-14)
    assert_allclose(u_2, np.sum(powers * (j + 1) / (2 * j + 5), axis=1), rtol=2e-14)
