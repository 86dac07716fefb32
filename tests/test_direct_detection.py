import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import direct_detection, inputs, limits, model, units
from darkhiggs.errors import DataError, ParameterError
from darkhiggs.inputs import get, natural

POINT = {"m_zp": 0.0115, "g_x": 5e-4, "m_x": 0.7, "m_h1": 2.0, "sin_theta": 0.3, "lambda_phi_x": 0.2, "q_x": 1.5}
NUCLEON = 0.5 * (0.93827208816 + 0.93956542052)
E = np.sqrt(4 * np.pi / 137.035999)


def square_centimetres(sigma):
    return units.convert(sigma, "GeV^-2", "cm^2")


# Dirac matrices and spinors written out: an amplitude without any trace theorem
SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = [np.kron(np.diag([1, -1]), np.eye(2)).astype(complex)] + [np.kron(np.array([[0, 1], [-1, 0]]), s) for s in SIGMA]
METRIC = np.array([1.0, -1.0, -1.0, -1.0])


def spinors(momentum, mass):
    energy = np.sqrt(mass**2 + momentum @ momentum)
    lower = np.einsum("i,ijk->jk", momentum, SIGMA) / (energy + mass)
    return np.sqrt(energy + mass) * np.vstack([np.eye(2), lower])


def cross_section(m_x, mass, vertex, propagator, velocity=1e-6):
    """Sigma of X f -> X f at a small relative velocity, from the amplitude at each angle."""
    p = m_x * mass / (m_x + mass) * velocity
    nodes, weights = np.polynomial.legendre.leggauss(12)
    e_x = np.sqrt(m_x**2 + p**2)
    total = 0.0
    for cosine, weight in zip(nodes, weights, strict=True):
        out = p * np.array([np.sqrt(1 - cosine**2), 0.0, cosine])
        k = np.array([0.0, 0.0, p])
        current = np.array([2 * e_x, *(-(k + out))])  # X flies against the fermion
        bar = spinors(out, mass).conj().T @ GAMMA[0]
        u = spinors(k, mass)
        if vertex == "vector":
            matrix = sum(METRIC[i] * current[i] * (bar @ GAMMA[i] @ u) for i in range(4))
        else:
            matrix = bar @ u
        q2 = 2 * p**2 * (1 - cosine)
        total += weight / 2 * np.sum(np.abs(matrix * propagator(q2)) ** 2) / 2
    s = (e_x + np.sqrt(mass**2 + p**2)) ** 2
    return total / (16 * np.pi * s)


@pytest.mark.independent
@pytest.mark.parametrize("m_x", [0.02, 0.7, 5.0])
def test_higgs_exchange_from_spinors(m_x):
    sector = model.DarkSector(**(POINT | {"m_x": m_x}))
    s, c, v_h = 0.3, np.sqrt(0.91), model.v_higgs()
    m_2 = natural("m_h")
    for sigma, mass, f in (
        (direct_detection.sigma_nucleon, NUCLEON, 0.30),
        (direct_detection.sigma_electron, natural("m_e"), 1.0),
    ):
        # phi = c H1 + s H2 couples with lambda v_Phi, h = c H2 - s H1 with f m/v_H
        portal = 0.2 * 23.0 * f * mass / v_h

        def propagator(q2, portal=portal):
            return portal * (-c * s / (q2 + 4.0) + s * c / (q2 + m_2**2))

        assert_allclose(sigma(sector), cross_section(m_x, mass, "scalar", propagator), rtol=1e-6)


@pytest.mark.independent
@pytest.mark.parametrize(("target", "mass", "charge"), [("proton", 0.93827208816, 1), ("electron", 0.51099895e-3, -1)])
def test_z_prime_exchange_from_spinors(target, mass, charge):
    sector = model.DarkSector(**POINT)
    mixing = -E * 5e-4 / (12 * np.pi**2) * np.log(natural("m_tau") ** 2 / natural("m_mu") ** 2)
    coupling = 5e-4 * 1.5 * E * mixing * charge
    value = cross_section(0.7, mass, "vector", lambda q2: coupling / (q2 + 0.0115**2))
    assert_allclose(direct_detection.sigma_zp(sector, target), value, rtol=1e-5)


@pytest.mark.independent
def test_nucleus_against_its_own_cross_section():
    # the whole nucleus, mu_A^2 (g Q_X eps e Z)^2/(pi m^4), by A^2 and the ratio of reduced masses
    sector = model.DarkSector(**POINT)
    for name, z, a in (("oxygen", 8, 15.999), ("argon", 18, 39.948), ("xenon", 54, 131.293)):
        m_a = a * 0.93149410242
        mu_a, mu_n = 0.7 * m_a / (0.7 + m_a), 0.7 * NUCLEON / (0.7 + NUCLEON)
        eps = -5e-4 / 69.285
        whole = mu_a**2 * (5e-4 * 1.5 * eps * E * z) ** 2 / (np.pi * 0.0115**4)
        assert_allclose(direct_detection.sigma_zp(sector, name), whole * mu_n**2 / (mu_a**2 * a**2), rtol=2e-4)
    assert direct_detection.sigma_zp(sector, "neutron") == 0.0


def waves(particle, k_in, k_out):
    """<out| i(X* dX - dX* X) |in> and <out| X* X |in> from plane waves: X annihilates X and creates its antiparticle."""
    # each field is a phase exp(i sign k x); its derivative multiplies by i sign k
    annihilated, created = ("x", "x*") if particle == "X" else ("x*", "x")
    slope = {annihilated: -1j * k_in, created: 1j * k_out}
    return (1j * (slope["x"] - slope["x*"])).real, 1.0


@pytest.mark.independent
@pytest.mark.parametrize("target", ["proton", "electron"])
def test_interference_has_opposite_sign_for_the_antiparticle(target):
    # |M|^2 from spinors with both exchanges in one amplitude, for X and for its antiparticle
    # charges that make the two about as large
    q_x, mass, f, charge = {"proton": (200.0, NUCLEON, 0.3, 1), "electron": (0.03, natural("m_e"), 1.0, -1)}[target]
    sector = model.DarkSector(**(POINT | {"q_x": q_x}))
    s, c, v_h, m_2 = 0.3, np.sqrt(0.91), model.v_higgs(), natural("m_h")
    mixing = -E * 5e-4 / (12 * np.pi**2) * np.log(natural("m_tau") ** 2 / natural("m_mu") ** 2)
    gauge, portal = 5e-4 * q_x * E * mixing * charge, 0.2 * 23.0 * f * mass / v_h

    def total(particle, gauge, portal):
        p = 0.7 * mass / (0.7 + mass) * 1e-6
        e_x, k = np.sqrt(0.49 + p**2), np.array([0.0, 0.0, p])
        u, found = spinors(k, mass), 0.0
        nodes, weights = np.polynomial.legendre.leggauss(8)
        for cosine, weight in zip(nodes, weights, strict=True):
            out = p * np.array([np.sqrt(1 - cosine**2), 0.0, cosine])
            bar, q2 = spinors(out, mass).conj().T @ GAMMA[0], 2 * p**2 * (1 - cosine)
            current, density = waves(particle, np.array([e_x, *-k]), np.array([e_x, *-out]))
            vector = sum(METRIC[i] * current[i] * (bar @ GAMMA[i] @ u) for i in range(4)) / (q2 + 0.0115**2)
            scalar = density * (bar @ u) * s * c * (1 / (q2 + 4.0) - 1 / (q2 + m_2**2))
            found += weight / 2 * np.sum(np.abs(gauge * vector + portal * scalar) ** 2) / 2
        return found / (16 * np.pi * (e_x + np.sqrt(mass**2 + p**2)) ** 2)

    x, anti = (total(particle, gauge, portal) for particle in ("X", "anti-X"))
    higgs = direct_detection.sigma_nucleon(sector) if target == "proton" else direct_detection.sigma_electron(sector)
    zp = direct_detection.sigma_zp(sector, target)
    # in the mean they add, to what spin and velocity leave
    assert_allclose(0.5 * (x + anti), higgs + zp, rtol=1e-3)
    # each alone has the interference, with opposite sign
    assert_allclose(abs(x - anti), 4 * np.sqrt(higgs * zp), rtol=1e-3)
    assert abs(x - anti) > 0.1 * (x + anti), (higgs, zp)
    assert_allclose(
        [total("X", gauge, 0.0), total("X", 0.0, portal)], [total("anti-X", gauge, 0.0), total("anti-X", 0.0, portal)]
    )


@pytest.mark.identity
@pytest.mark.parametrize("name", list(direct_detection.searches()))
def test_a_search_counts_both_exchanges_on_its_target(name):
    curve, target = limits.curve(name), direct_detection.EXPERIMENTS[name]
    m_x = curve.m[1]
    sector = model.DarkSector(**(POINT | {"m_x": m_x}))
    protons = {"oxygen": 8 / 15.999, "argon": 18 / 39.948, "xenon": 54 / 131.293, "electron": 1.0}[target]
    mass = natural("m_e") if target == "electron" else NUCLEON
    mu = m_x * mass / (m_x + mass)
    eps = -E * 5e-4 / (12 * np.pi**2) * np.log(natural("m_tau") ** 2 / natural("m_mu") ** 2)
    for transfer in ("contact", "typical", "largest"):
        q = 0.0 if transfer == "contact" else direct_detection.momentum_transfer(m_x, target, largest=transfer == "largest")
        zp = (mu * 5e-4 * 1.5 * eps * E * protons / (0.0115**2 + q**2)) ** 2 / np.pi
        f = 1.0 if target == "electron" else 0.3
        portal = 0.2 * 0.3 * np.sqrt(0.91) * f * (mass / m_x) * (23 / model.v_higgs()) * mu
        higgs = (portal * (1 / (4 + q**2) - 1 / (natural("m_h") ** 2 + q**2))) ** 2 / (4 * np.pi)
        for exchange, value in (("higgs", higgs), ("zp", zp), (None, higgs + zp)):
            found = direct_detection.sigma(sector, name, transfer, exchange=exchange)
            assert_allclose(found, value, rtol=1e-6)
            ratio = direct_detection.over_limit(sector, name, transfer, exchange=exchange)
            assert_allclose(ratio, value / curve.sigma_max(m_x), rtol=1e-6)
    # the default is the weakest limit
    assert direct_detection.sigma(sector, name) == direct_detection.sigma(sector, name, "largest")
    assert direct_detection.sigma(sector, name, "contact") > direct_detection.sigma(sector, name)


@pytest.mark.identity
def test_light_h1_depends_on_the_momentum_transfer():
    sector = model.DarkSector(**(POINT | {"m_h1": 0.01}))
    assert_allclose(direct_detection.sigma_nucleon(sector, q=0.01) / direct_detection.sigma_nucleon(sector), 0.25, rtol=1e-6)
    assert_allclose(
        direct_detection.sigma_electron(sector, q=0.02) / direct_detection.sigma_electron(sector), 1 / 25, rtol=1e-6
    )


@pytest.mark.identity
def test_lightest_mass_excluded_by_both_exchanges():
    sector = model.DarkSector(**(POINT | {"q_x": 0.1, "sin_theta": 0.01}))
    edges = {exchange: direct_detection.excluded_above(sector, exchange=exchange) for exchange in ("higgs", "zp", None)}
    assert edges[None] < min(edges["higgs"], edges["zp"]) < np.inf
    ratio = direct_detection.over_limit(sector.replace(m_x=edges[None]), "XENON1T-Migdal")
    other = direct_detection.over_limit(sector.replace(m_x=edges[None]), "DarkSide-50")
    assert_allclose(max(ratio, other), 1.0, rtol=1e-2)


@pytest.mark.published
def test_higgs_portal_formula():
    # arXiv:1306.4710: lambda^2 f^2 mu^2 m_n^2/(4 pi m_h^4 m_S^2), the portal being lambda_hS = lambda v_Phi s c/v_H (m_h/m_1)^2 here
    sector = model.DarkSector(**(POINT | {"m_h1": 0.05}))
    portal = 0.2 * 23.0 * 0.3 * np.sqrt(0.91) / model.v_higgs()
    mu = 0.7 * NUCLEON / (0.7 + NUCLEON)
    value = portal**2 * 0.30**2 * mu**2 * NUCLEON**2 / (4 * np.pi * 0.05**4 * 0.7**2)
    assert_allclose(direct_detection.sigma_nucleon(sector), value, rtol=1e-6)


@pytest.mark.talk
def test_printed_formula_is_sixteen_times_larger():
    sector = model.DarkSector(**(POINT | {"sin_theta": 1e-5}))
    for sigma in (direct_detection.sigma_nucleon, direct_detection.sigma_electron):
        assert_allclose(sigma(sector, "talk") / sigma(sector), 16.0, rtol=1e-9)
    mu = 0.7 * NUCLEON / (0.7 + NUCLEON)
    printed = 4 * mu**2 * 0.3**2 * 0.2**2 * 0.3**2 / np.pi * (NUCLEON / 0.7) ** 2 * (23 / model.v_higgs()) ** 2
    printed *= (1 / 4.0 - 1 / natural("m_h") ** 2) ** 2
    assert_allclose(direct_detection.sigma_nucleon(model.DarkSector(**POINT), "talk"), printed, rtol=1e-12)


@pytest.mark.talk
def test_numbers_of_the_slides():
    # Q_X = 1 and the resonance m_X = m_Z'/2: X-e is 1e-45 at A and A10, X-p 1e-46 at B, and 1e-51 is none of them
    for name, electron, proton in (("A", True, False), ("A10", True, False), ("B", False, True)):
        p = model.benchmark(name)
        sector = p.replace(m_x=p.m_zp / 2, q_x=1.0)
        x_e = np.log10(direct_detection.sigma_zp(sector, "electron") / get("talk.sigma_xe_backup").to("GeV^-2"))
        x_p = np.log10(direct_detection.sigma_zp(sector) / get("talk.sigma_xp").to("GeV^-2"))
        assert (abs(x_e) < 1.0, abs(x_p) < 1.0) == (electron, proton)
        assert direct_detection.sigma_zp(sector, "electron") > 1e3 * get("talk.sigma_xe").to("GeV^-2")


@pytest.mark.identity
def test_interference_and_decoupling():
    # equal masses cancel; without mixing or portal nothing is left
    heavy = model.DarkSector(**(POINT | {"m_h1": natural("m_h")}))
    assert direct_detection.sigma_nucleon(heavy) == 0.0
    for name in ("sin_theta", "lambda_phi_x"):
        assert direct_detection.sigma_nucleon(model.DarkSector(**(POINT | {name: 0.0}))) == 0.0
    base = model.DarkSector(**POINT)
    assert_allclose(
        direct_detection.sigma_nucleon(base.replace(q_phi=2.0)) * 4, direct_detection.sigma_nucleon(base), rtol=1e-12
    )
    assert_allclose(direct_detection.sigma_zp(base.replace(g_x=1e-3)), 16 * direct_detection.sigma_zp(base), rtol=1e-12)
    # a light X: the target is a wall, and mu -> m_X
    light = base.replace(m_x=[1e-6, 2e-6])
    assert_allclose(np.divide(*direct_detection.sigma_zp(light)), 0.25, rtol=1e-5)


@pytest.mark.identity
def test_light_mediator():
    sector = model.DarkSector(**POINT)
    contact = direct_detection.sigma_zp(sector, "xenon")
    assert_allclose(direct_detection.sigma_zp(sector, "xenon", q=0.0115) / contact, 0.25, rtol=1e-12)
    assert_allclose(direct_detection.sigma_zp(sector, "xenon", q=0.023) / contact, 1 / 25, rtol=1e-12)
    # E_R = q^2/(2 m_A) of a heavy X on xenon cannot exceed 2 m_A v^2
    m_a, v = 131.293 * 0.93149410242, (544 + 250.5) / 299792.458
    assert_allclose(direct_detection.momentum_transfer(1e4, "xenon", largest=True), 2 * m_a * 1e4 / (1e4 + m_a) * v, rtol=1e-9)
    assert_allclose(direct_detection.momentum_transfer(1e-4, "argon"), np.sqrt(2) * 1e-4 * 238 / 299792.458, rtol=1e-5)
    assert_allclose(direct_detection.momentum_transfer([0.1, 1.0], "electron"), natural("m_e") / 137.036, rtol=1e-6)
    # the mean of q^2 = 2 p^2 (1 - cos) over the sphere is half of its maximum
    same = (
        direct_detection.momentum_transfer(1.0, "argon") / 238.0,
        direct_detection.momentum_transfer(1.0, "argon", largest=True) / 794.5,
    )
    assert_allclose(same[0] ** 2 / same[1] ** 2, 0.5, rtol=1e-12)


@pytest.mark.published
@pytest.mark.parametrize(
    ("name", "m", "sigma", "target"),
    [
        ("CRESST-III", 0.2, 6.4e-36, "oxygen"),
        ("CRESST-III", 1.0, 7.1e-39, "oxygen"),
        ("CRESST-III", 8.0, 6.9e-42, "oxygen"),
        ("XENON1T-Migdal", 0.2, 6.7e-37, "xenon"),
        ("XENON1T-Migdal", 3.0, 7.4e-41, "xenon"),
        ("DarkSide-50", 1.2, 4.8e-40, "argon"),
        ("DarkSide-50", 2.0, 2.5e-42, "argon"),
        ("DarkSide-50", 8.0, 1.5e-43, "argon"),
        ("PandaX-4T", 3.2, 3.1e-43, "xenon"),
        ("PandaX-4T", 8.0, 9.9e-46, "xenon"),
        ("LZ", 9.0, 1.0e-46, "xenon"),
        ("LZ", 10.0, 5.1e-47, "xenon"),
        ("DAMIC-M", 0.002, 4.4e-36, "electron"),
        ("DAMIC-M", 0.2, 3.3e-38, "electron"),
        ("XENON1T-electron", 0.05, 1.2e-39, "electron"),
        ("XENON1T-electron", 0.2, 1.1e-40, "electron"),
    ],
)
def test_published_limits(name, m, sigma, target):
    curve = limits.curve(name)
    assert_allclose(square_centimetres(curve.sigma_max(m)), sigma, rtol=1e-12)
    assert curve.cl == 0.9 and curve.log_mass and curve.unit == "cm^2" and curve.cite
    assert np.isinf(curve.sigma_max([0.5 * curve.m[0], 2 * curve.m[-1]])).all()
    assert direct_detection.EXPERIMENTS[name] == target


@pytest.mark.published
def test_the_strongest_search_per_nucleon():
    # XENON1T-Migdal, DarkSide-50 from where it begins, then xenon at full threshold; nothing at 1 MeV
    lowest = square_centimetres(direct_detection.nucleon_limit([1e-3, 0.2, 1.2, 8.0, 9.0]))
    assert_allclose(lowest, [np.inf, 6.7e-37, 4.8e-40, 9.9e-46, 1.0e-46], rtol=1e-12)


@pytest.mark.identity
def test_every_direct_search_is_a_curve_and_interpolates_in_logarithms():
    beside = {"DarkSide-50-reading"}
    assert {name for name in limits.curves() if limits.curve(name).unit == "cm^2"} == beside | set(direct_detection.searches())
    with inputs.use("today"):
        beside |= {"DarkSide-50-Migdal-fluctuations", "DarkSide-50-2025"}
        found = {name for name in limits.curves() if limits.curve(name).unit == "cm^2"}
        assert found == beside | set(direct_detection.EXPERIMENTS) and set(direct_detection.searches()) == found - beside
    for electrons in (True, False):
        assert set(direct_detection.searches(electrons)) == {
            name for name in direct_detection.searches() if (direct_detection.EXPERIMENTS[name] == "electron") == electrons
        }
    assert set(direct_detection.EXPERIMENTS.values()) < set(direct_detection.TARGETS)
    assert_allclose(square_centimetres(limits.curve("LZ").sigma_max(np.sqrt(90.0))), np.sqrt(1.0e-46 * 5.1e-47), rtol=1e-12)
    with pytest.raises(ParameterError, match="cannot become 'GeV\\^-2'"):
        limits.curve("KOTO").sigma_max(0.1)


@pytest.mark.identity
@pytest.mark.parametrize("convention", ["tree", "talk"])
@pytest.mark.parametrize("name", list(direct_detection.searches()))
def test_largest_coupling_saturates_the_limit(name, convention):
    curve = limits.curve(name)
    sector = model.DarkSector(**(POINT | {"m_x": curve.m[1], "sin_theta": 1e-4}))
    top = direct_detection.coupling_max(sector, name, convention)
    sigma = direct_detection.sigma_electron if "electron" in name or name == "DAMIC-M" else direct_detection.sigma_nucleon
    assert_allclose((top / (0.2 * 1e-4)) ** 2 * sigma(sector, convention), curve.sigma_max(curve.m[1]), rtol=1e-12)
    assert np.isinf(direct_detection.coupling_max(sector.replace(m_x=50.0), name))


@pytest.mark.identity
@pytest.mark.parametrize("name", ["DarkSide-50", "DAMIC-M"])
def test_zp_exchange_is_at_its_limit_at_the_largest_charge(name):
    target, curve = direct_detection.EXPERIMENTS[name], limits.curve(name)
    sector = model.DarkSector(**(POINT | {"m_x": curve.m[1], "q_x": 1.0}))
    momenta = [0.0, *(direct_detection.momentum_transfer(curve.m[1], target, largest=x) for x in (False, True))]
    for transfer, q in zip(("contact", "typical", "largest"), momenta, strict=True):
        ratio = direct_detection.over_limit(sector, name, transfer, exchange="zp")
        largest = sector.replace(q_x=1.0 / np.sqrt(ratio))
        assert_allclose(direct_detection.sigma_zp(largest, target, q=q), curve.sigma_max(curve.m[1]), rtol=1e-12)
    masked = sector.replace(m_x=[0.9 * curve.m[0], np.nan, curve.m[1]])
    ratio = direct_detection.over_limit(masked, name, exchange="zp")
    assert ratio[0] == 0.0 and np.isnan(ratio[1]) and ratio[2] > 0.0


@pytest.mark.identity
@pytest.mark.parametrize("transfer", ["contact", "typical", "largest"])
def test_lightest_excluded_mass(transfer):
    nuclear = direct_detection.searches(electrons=False)
    points = model.benchmarks().replace(q_x=[0.05, 1.0, 5.0])
    edge = direct_detection.excluded_above(points, transfer, exchange="zp")
    for factor in (0.99, 1.01):
        near = points.replace(m_x=factor * edge)
        ratio = np.max([direct_detection.over_limit(near, name, transfer, exchange="zp") for name in nuclear], axis=0)
        assert np.all((ratio > 1.0) == (factor > 1.0))
    assert np.isinf(direct_detection.excluded_above(points.replace(q_x=1e-9), transfer, exchange="zp")).all()
    # where the lightest mass of a limit is excluded, too
    strong = model.benchmark("A").replace(q_x=1e4)
    assert direct_detection.excluded_above(strong, transfer, exchange="zp") == limits.curve("CRESST-III").m[0]


@pytest.mark.identity
def test_shapes_and_masked_points():
    sector = model.DarkSector(**(POINT | {"m_x": np.array([[0.5], [2.0]]), "m_h1": [1.0, -1.0, 4.0]}))
    functions = (
        direct_detection.sigma_nucleon,
        direct_detection.sigma_electron,
        lambda s: direct_detection.coupling_max(s, "CRESST-III"),
    )
    for function in functions:
        grid = function(sector)
        assert grid.shape == (2, 3) and np.isnan(grid).tolist() == [[False, True, False]] * 2
        assert_allclose(grid[1, 2], function(model.DarkSector(**(POINT | {"m_x": 2.0, "m_h1": 4.0}))), rtol=1e-12)
    # a masked mass of X too
    masked = model.DarkSector(**(POINT | {"m_x": [0.5, np.nan]}))
    assert np.isnan(direct_detection.coupling_max(masked, "CRESST-III")).tolist() == [False, True]
    assert np.isnan(direct_detection.sigma_zp(masked)).tolist() == [False, True]
    assert np.isnan(direct_detection.sigma_zp(model.DarkSector(**(POINT | {"g_x": [5e-4, 2.0]})))).tolist() == [False, True]


@pytest.mark.published
@pytest.mark.parametrize(
    ("name", "unit", "value"),
    [
        ("f_n", "1", 0.30),
        ("halo.circular", "km/s", 238.0),
        ("halo.escape", "km/s", 544.0),
        ("talk.sigma_xp", "cm^2", 1e-46),
        ("talk.sigma_xe", "cm^2", 1e-51),
        ("talk.sigma_xe_backup", "cm^2", 1e-45),
    ],
)
def test_transcribed_values(name, unit, value):
    assert get(name).value == value and get(name).unit == unit


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: direct_detection.sigma_nucleon(model.benchmark("A")), "m_x is not set"),
        (lambda: direct_detection.sigma_nucleon(model.DarkSector(**POINT), "printed"), "convention = 'printed'"),
        (lambda: direct_detection.sigma_zp(model.benchmark("A").replace(m_x=1.0)), "q_x is not set"),
        (lambda: direct_detection.sigma_zp(model.DarkSector(**POINT), "gold"), "target = 'gold' is not one of 'proton'"),
        (lambda: direct_detection.sigma_zp(model.DarkSector(**POINT), q=-1.0), r"q = -1 GeV is outside its range \[0, 1\] GeV"),
        (lambda: direct_detection.momentum_transfer(0.0, "xenon"), "m_x = 0 GeV"),
        (lambda: direct_detection.momentum_transfer(1.0, "gold"), "target = 'gold'"),
        (lambda: direct_detection.coupling_max(model.DarkSector(**POINT), "LZ", "x"), "convention = 'x'"),
        (lambda: direct_detection.over_limit(model.DarkSector(**(POINT | {"q_x": None})), "LZ"), "q_x is not set"),
        (lambda: direct_detection.over_limit(model.DarkSector(**(POINT | {"m_h1": None})), "LZ"), "m_h1 is not set"),
        (lambda: direct_detection.sigma(model.DarkSector(**POINT), "LZ", exchange="both"), "exchange = 'both'"),
        (lambda: direct_detection.sigma(model.DarkSector(**POINT), "LZ", "all"), "transfer = 'all'"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()
    with pytest.raises(DataError, match="no direct search is called 'LUX'; known: CRESST-III"):
        direct_detection.coupling_max(model.DarkSector(**POINT), "LUX")


@pytest.mark.published
@pytest.mark.parametrize(
    ("name", "m", "sigma", "rtol"),
    [
        # printed in abstracts, to the digits printed
        ("PandaX-4T", 3.0, "published.pandax_3gev", 0.05),
        ("XENONnT", 5.0, "published.xenonnt_5gev", 0.01),
        # points of the files that the collaborations release
        ("LZ-light", 9.0, 1.11e-46, 1e-12),
        ("DAMIC-M-Migdal", 0.2276, 1.17e-36, 1e-12),
        ("XENONnT-electron", 0.2, 6.29e-42, 1e-12),
        # two readings below 0.45 GeV, where both hold the Migdal effect alone: 4 % r.m.s., 9 % at worst
        ("DarkSide-50-Migdal", 0.2314, 1.88e-37, 0.1),
        ("DarkSide-50-Migdal", 0.1209, 8.74e-37, 0.1),
        ("CRESST-III-2024", 0.1004, 8.73e-33, 1e-12),
    ],
)
def test_limits_of_today(name, m, sigma, rtol):
    with inputs.use("today"):
        curve, target = limits.curve(name), direct_detection.EXPERIMENTS[name]
        sigma = inputs.get(sigma).value if isinstance(sigma, str) else sigma
        assert_allclose(square_centimetres(curve.sigma_max(m)), sigma, rtol=rtol)
        assert curve.cl == 0.9 and curve.log_mass and np.all(np.diff(curve.m) > 0.0)
        sector = model.DarkSector(**(POINT | {"m_x": m}))
        assert_allclose(
            direct_detection.over_limit(sector, name, "contact", exchange="zp") * curve.sigma_max(m),
            direct_detection.sigma_zp(sector, target),
            rtol=1e-12,
        )


@pytest.mark.published
def test_two_readings_of_one_figure_agree():
    ours, other = limits.curve("DarkSide-50"), limits.curve("DarkSide-50-reading")
    mass = ours.m[1:]
    assert_allclose(ours.upper_at(mass), other.upper_at(mass), rtol=ours.reading_error)
    # between its points, which lie far apart, ours is the weaker one, by a quarter at most
    assert 0.9 < np.min(ours.upper_at(other.m[1:-2]) / other.upper_at(other.m[1:-2])) < 1.1
    assert np.max(ours.upper_at(other.m[1:-2]) / other.upper_at(other.m[1:-2])) < 1.3
    # at the edge, where the curve is steepest, ours is 17 % low
    assert 0.8 < ours.upper_at(1.21) / other.upper_at(1.21) < 0.9


@pytest.mark.regression
def test_excluded_masses_with_the_curves_of_today():
    sectors = model.benchmarks().replace(q_x=0.7)
    with inputs.use("today"):
        edges = [direct_detection.excluded_above(sectors, transfer, exchange="zp") for transfer in ("contact", "largest")]
        assert_allclose(edges, [[1.262, 1.214, 2.394], [1.315, 1.276, 3.153]], rtol=2e-3)
        strong = sectors.replace(m_x=np.array([[0.84], [0.87]]))
        ratio = direct_detection.over_limit(strong, "DarkSide-50-Migdal-fluctuations", "contact", exchange="zp")
        assert (ratio[:, 0] > 1.0).tolist() == [False, True]
        # what decides nothing is no search
        assert not {"DarkSide-50-Migdal-fluctuations", "DarkSide-50-2025"} & set(direct_detection.searches())
    with pytest.raises(DataError, match="no direct search is called 'XENONnT'; known: CRESST-III, XENON1T-Migdal"):
        direct_detection.sigma(sectors.replace(m_x=2.0), "XENONnT")
