"""Dark matter with a large charge: rates and spectra against explicit matrices, relic density, recast of the limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import annihilation, cmb, limits, model, relic, units
from darkhiggs.inputs import natural
from darkhiggs.rivals import large_charges

M_ZP, G = 0.0115, 5e-4
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ZERO = np.zeros((2, 2))
GAMMA = np.array(
    [np.kron(np.diag([1, -1]), np.eye(2)), *(np.block([[ZERO, one], [-one, ZERO]]) for one in PAULI)], dtype=complex
)
LEFT = 0.5 * (np.eye(4) - 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3])


def slash(p: np.ndarray) -> np.ndarray:
    return np.einsum("m,mij->ij", METRIC @ p, GAMMA)


def pair_tensor(particle: str, m: float, m_zp: float, v_rel: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Spin-averaged M^mu nu M*^mu' nu' of a pair that makes two Z' along z, for g Q = 1, and the two momenta of the Z'.

    The particles move along a direction at an angle, and M has contravariant indices.
    """
    e = m / np.sqrt(1.0 - 0.25 * v_rel**2)
    p = np.sqrt(e**2 - m**2) * np.array([np.sin(0.7), 0.0, np.cos(0.7)])
    p1, p2 = np.array([e, *p]), np.array([e, *-p])
    k = np.sqrt(e**2 - m_zp**2)
    k1, k2 = np.array([e, 0, 0, k]), np.array([e, 0, 0, -k])
    t = (p1 - k1) @ METRIC @ (p1 - k1) - m**2
    u = (p1 - k2) @ METRIC @ (p1 - k2) - m**2
    if particle == "X":
        tensor = 2.0 * METRIC - np.outer(2 * p1 - k1, p1 - k1 - p2) / t - np.outer(p1 - k2 - p2, 2 * p1 - k2) / u
        return np.einsum("mn,ab->mnab", tensor, np.conj(tensor)), k1, k2
    a, b = (slash(p1 - k) + m * np.eye(4) for k in (k1, k2))
    vertex = np.einsum("nij,jk,mkl->mnil", GAMMA, a, GAMMA) / t + np.einsum("mij,jk,nkl->mnil", GAMMA, b, GAMMA) / u
    bar = np.einsum("ij,mnkj,kl->mnil", GAMMA[0], np.conj(vertex), GAMMA[0])
    anti, spinor = slash(p2) - m * np.eye(4), slash(p1) + m * np.eye(4)
    return np.einsum("ij,mnjk,kl,abli->mnab", anti, vertex, spinor, bar) / 4.0, k1, k2


def polarisations(k: np.ndarray, m_zp: float) -> np.ndarray:
    return -METRIC + np.outer(METRIC @ k, METRIC @ k) / m_zp**2


@pytest.mark.independent
@pytest.mark.parametrize("particle", large_charges.PARTICLES)
@pytest.mark.parametrize("ratio", [0.2, 0.8, 0.99])
def test_z_prime_pairs_and_their_neutrinos_against_explicit_matrices(particle: str, ratio: float) -> None:
    m = 0.03
    m_zp = ratio * m
    tensor, k1, k2 = pair_tensor(particle, m, m_zp, 1e-5)
    squared = np.einsum("mnab,ma,nb->", tensor, polarisations(k1, m_zp), polarisations(k2, m_zp)).real
    # at rest the distribution is isotropic; identical particles; sigma v = W/s
    expected = (G * 7.0) ** 4 * squared * (k1[3] / m) / (8.0 * np.pi) / 2.0 / (4.0 * m**2)
    assert_allclose(large_charges.sigma_v(m, m_zp, G, 7.0, 1e-5, "zpzp", particle), expected, rtol=1e-6)
    r = ratio**2
    shape = (1 - r) / (1 - r / 2) ** 2 if particle == "chi" else 2 + (r / (2 - r)) ** 2
    assert_allclose(np.sqrt(1 - r) * (7.0 * G) ** 4 / (16 * np.pi * m**2) * shape, expected, rtol=1e-6)
    # decay of the first Z': antineutrino of energy E, lepton tensor of a left-handed pair, averaged over the azimuth
    density = np.einsum("mnab,nb->ma", tensor, polarisations(k2, m_zp))
    beta = k1[3] / k1[0]
    cosines = np.array([-0.9, -0.3, 0.0, 0.5, 0.99])
    weights = []
    for c in cosines:
        values = []
        for azimuth in 2.0 * np.pi * np.arange(6) / 6:
            across = 0.5 * m_zp * np.sqrt(1 - c**2)
            along = 0.5 * m * (beta + c)
            q = np.array([0.5 * m * (1 + beta * c), across * np.cos(azimuth), across * np.sin(azimuth), along])
            pair = np.einsum("ij,mjk,kl,ali->ma", slash(k1 - q), GAMMA @ LEFT, slash(q), GAMMA @ LEFT)
            values.append(np.einsum("ma,mb,ac,bc->", density, METRIC, METRIC, pair).real)
        weights.append(np.mean(values))
    found = large_charges.dn_de(0.5 * m * (1 + beta * cosines), m, m_zp, particle)
    assert_allclose(found / found[2], np.array(weights) / weights[2], rtol=1e-6)


@pytest.mark.identity
def test_neutrino_pairs_at_rest_and_slow() -> None:
    m, v = np.array([0.004, 0.02, 0.3]), 1e-3
    base = G**4 * 100.0 * m**2 / (np.pi * (4 * m**2 - M_ZP**2) ** 2)
    assert_allclose(large_charges.sigma_v(m, M_ZP, G, 10.0, 0.0, "nunu"), base, rtol=1e-5)
    assert np.all(large_charges.sigma_v(m, M_ZP, G, 10.0, 0.0, "nunu", "X") == 0.0)
    assert_allclose(large_charges.sigma_v(m, M_ZP, G, 10.0, v, "nunu", "X"), base * v**2 / 6, rtol=1e-5)
    # today's speed by default, the sum over the channels, and the threshold of two Z' on both sides
    today = large_charges.speed_today()
    assert today == pytest.approx(np.sqrt(3.0) * 238.0 / 299792.458, rel=1e-12)
    for particle in large_charges.PARTICLES:
        parts = [large_charges.sigma_v(m, M_ZP, G, 10.0, today, one, particle) for one in ("nunu", "leptons", "zpzp")]
        assert_allclose(large_charges.sigma_v(m, M_ZP, G, 10.0, particle=particle), np.sum(parts, axis=0), rtol=1e-12)
        near = large_charges.sigma_v(M_ZP * np.array([0.999, 1.001]), M_ZP, G, 10.0, 0.0, "zpzp", particle)
        assert near[0] == 0.0
        assert near[1] > 0.0


@pytest.mark.identity
def test_the_charge_gives_the_density() -> None:
    m = np.array([0.003, 0.008, 0.0114, 0.0116, 0.03, 1.0])
    for particle in large_charges.PARTICLES:
        charge = large_charges.charge_for(m, M_ZP, G, particle)
        assert_allclose(relic.omega_h2_z_prime(m, M_ZP, G, charge, particle), 0.12, rtol=1e-8)
        less = large_charges.charge_for(m[4], M_ZP, np.array([G, 2 * G]), particle, 0.06)
        assert_allclose(relic.omega_h2_z_prime(m[4], M_ZP, np.array([G, 2 * G]), less, particle), 0.06, rtol=1e-8)
        # Z'Z' depends on g Q alone, up to the neutrinos
        assert less[0] / less[1] == pytest.approx(2.0, rel=0.1)
    assert np.isinf(large_charges.charge_for(0.002, 10.0, 1e-6))
    assert large_charges.charge_perturbative(G) * G == pytest.approx(np.sqrt(4 * np.pi), rel=1e-12)


@pytest.mark.identity
def test_the_density_follows_the_formula_for_an_s_wave() -> None:
    for particle in large_charges.PARTICLES:
        charge = large_charges.charge_for(0.1, 0.001, G, particle)
        rate = large_charges.sigma_v(0.1, 0.001, G, charge, 0.0, None, particle)
        # sigma v falls with v^2 by a tenth at freeze-out
        assert relic.omega_h2_analytic(0.1, rate) == pytest.approx(0.12, rel=0.15)


@pytest.mark.identity
def test_shares_and_spectrum_are_normalised() -> None:
    s_12, s_13 = natural("sin^2(theta_12)", "1"), natural("sin^2(theta_13)", "1")
    row = np.array([(1 - s_12) * (1 - s_13), s_12 * (1 - s_13), s_13])
    assert large_charges.electron_share() == pytest.approx(0.5 * (1 - np.sum(row**2)), rel=1e-12)
    m = 0.03
    energy = np.linspace(0.0, m, 200001)
    for particle in large_charges.PARTICLES:
        density = large_charges.dn_de(energy, m, M_ZP, particle)
        assert np.trapezoid(density, energy) == pytest.approx(2.0, rel=1e-4)
        assert np.trapezoid(energy * density, energy) == pytest.approx(m, rel=1e-4)
        ends = 0.5 * (m + np.array([-1, 1]) * np.sqrt(m**2 - M_ZP**2))
        inside = large_charges.dn_de(ends * [1 + 1e-6, 1 - 1e-6], m, M_ZP, particle)
        assert np.all(inside > 0.0)
        assert np.all(large_charges.dn_de(ends * [1 - 1e-6, 1 + 1e-6], m, M_ZP, particle) == 0.0)
        assert np.all(large_charges.dn_de(energy[1:], M_ZP, [[0.02], [M_ZP]], particle) == 0.0)


@pytest.mark.identity
@pytest.mark.parametrize("experiment", large_charges.EXPERIMENTS)
def test_the_limits_are_recast(experiment: str) -> None:
    line = (limits.curve if experiment in ("SuperK", "KamLAND") else limits.projection)(f"{experiment}-nu")
    assert line.unit == "cm^3/s"
    # half the annihilations, and the share of nu_e
    factor = 2.0 / (3.0 * large_charges.electron_share())
    m = np.array([0.02, 0.028])
    assert_allclose(large_charges.sigma_v_max(m, M_ZP, experiment), factor * line.sigma_max(m), rtol=1e-12)
    assert np.all(np.isinf(large_charges.sigma_v_max([0.005, 0.2], M_ZP, experiment)))
    assert np.all(np.isinf(large_charges.sigma_v_max([0.01, M_ZP], M_ZP, experiment, "zpzp")))
    # Z'Z' by a sum over energies
    energy = np.geomspace(1e-4, 0.12, 40001)
    for particle in large_charges.PARTICLES:
        for mass in (0.045, 0.1):
            density = large_charges.dn_de(energy, mass, M_ZP, particle)
            total = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(energy))])
            test = np.linspace(line.m[0], line.m[-1], 3001)
            number = np.interp(1.1 * test, energy, total) - np.interp(0.9 * test, energy, total)
            with np.errstate(divide="ignore"):
                best = np.min((mass / test) ** 2 * line.sigma_max(test) / number)
            found = large_charges.sigma_v_max(mass, M_ZP, experiment, "zpzp", particle)
            assert found == pytest.approx(factor * best, rel=0.01)
    # at threshold both antineutrinos have the energy m/2
    edge = 0.04
    near = large_charges.sigma_v_max(edge, edge * (1 - 1e-12), experiment, "zpzp")
    window = line.m[0] * (line.m[-1] / line.m[0]) ** np.linspace(0.0, 1.0, 20001)
    window = window[(0.9 * window < edge / 2) & (1.1 * window > edge / 2)]
    assert near == pytest.approx(factor * np.min((edge / window) ** 2 * line.sigma_max(window)) / 2, rel=0.02)
    # the charge at the limit
    for mass, channel in ((0.02, "nunu"), (0.06, "zpzp")):
        for particle in large_charges.PARTICLES:
            m_zp = 0.1 if channel == "nunu" else M_ZP
            charge = large_charges.charge_max(mass, m_zp, G, experiment, particle)
            parts = [
                large_charges.sigma_v(mass, m_zp, G, min(charge, 1e4), None, one, particle)
                / large_charges.sigma_v_max(mass, m_zp, experiment, one, particle)
                for one in ("nunu", "zpzp")
            ]
            if charge < 1e4:
                assert max(parts) == pytest.approx(1.0, rel=1e-5)
    assert np.isinf(large_charges.charge_max(0.005, M_ZP, G, experiment))


@pytest.mark.published
def test_future_detectors_reach_a_self_conjugate_relic() -> None:
    # as the abstracts of arXiv:2005.01950 and 2206.06755 say, near 20 MeV; Super-Kamiokande does not
    thermal = units.convert(relic.thermal_cross_section(0.02, self_conjugate=True), "GeV^-2", "cm^3/s")
    assert limits.projection("HyperK-nu").upper_at(0.019) < thermal
    assert limits.projection("JUNO-nu").upper_at(0.02) < 1.1 * thermal
    assert limits.curve("SuperK-nu").upper_at(0.02) > 3.0 * thermal
    assert limits.curve("KamLAND-nu").upper_at(0.02) > 3.0 * thermal


@pytest.mark.identity
def test_energy_at_recombination() -> None:
    mass = np.array([0.02, 0.06, 0.3])
    sector = model.DarkSector(m_zp=M_ZP, g_x=G, m_x=mass, q_x=10.0)
    assert_allclose(large_charges.over_cmb(mass, M_ZP, G, 10.0, "X"), cmb.p_ann(sector) / cmb.p_ann_max(), rtol=1e-6)
    below = np.array([0.004, 0.01])
    direct = annihilation.rate_dirac(below, M_ZP, G, 10.0, 4 * below**2, "leptons") / (4 * below**2)
    assert_allclose(large_charges.over_cmb(below, M_ZP, G, 10.0), direct / cmb.annihilation_limit(below), rtol=1e-6)
    # muons: 7/20 of the energy
    pair = large_charges.sigma_v(0.12, 0.1215, G, 10.0, 0.0, "leptons")
    share = 0.35 * cmb.f_eff(0.35 * 0.12 - natural("m_e"))
    assert large_charges.over_cmb(0.12, 0.1215, G, 10.0) == pytest.approx(pair * share / (2 * 0.12 * cmb.p_ann_max()), rel=1e-9)
    # a Z' above two muons
    chain = large_charges.over_cmb(0.5, 0.22, G, 10.0, "X") * 2 * 0.5 * cmb.p_ann_max()
    rate = large_charges.sigma_v(0.5, 0.22, G, 10.0, 0.0, "zpzp", "X") * 0.35 * cmb.f_eff_cascade(0.5, 0.22)
    assert 0.0 < chain < rate


@pytest.mark.identity
def test_words_are_checked() -> None:
    for call in (
        lambda: large_charges.sigma_v(0.01, M_ZP, G, 1.0, particle="psi"),
        lambda: large_charges.charge_for(0.01, M_ZP, G, "psi"),
        lambda: large_charges.dn_de(0.01, 0.02, M_ZP, "psi"),
        lambda: large_charges.sigma_v_max(0.01, M_ZP, "SuperK", "nunu", "psi"),
        lambda: large_charges.over_cmb(0.01, M_ZP, G, 1.0, "psi"),
    ):
        with pytest.raises(ValueError, match="particle = 'psi' is not one of 'X', 'chi'"):
            call()
    with pytest.raises(ValueError, match="experiment = 'DUNE' is not one of"):
        large_charges.sigma_v_max(0.01, M_ZP, "DUNE")
