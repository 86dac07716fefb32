"""The singlet scalar of 2004: amplitudes and rates against explicit spins, polarisations and phase space; printed numbers."""

import numpy as np
import pytest
from tests import stored

from darkhiggs import belle2, cmb, direct_detection, form_factors, inputs, kinematics, light_higgs, model, relic, standard_model
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural
from darkhiggs.limits import kstar_room
from darkhiggs.meson_decays import br_b_to_kstar_scalar
from darkhiggs.rivals import effective, singlet

V = float(model.v_higgs())


def by_dalitz(m_s: float, coupling: float, m_h: float, points: int = 400) -> float:
    """B+ -> K+ S S from the Dalitz plot: a sum over q2 and the squared mass of K and one S, with a bare amplitude."""
    m_b, m_k, kappa = float(natural("m_B+")), float(natural("m_K+")), float(natural("kappa", "1"))
    low, high = 4.0 * m_s**2, (m_b - m_k) ** 2
    # substitution for the square roots at both ends
    t = (np.arange(points) + 0.5) / points
    q2 = low + (high - low) * np.sin(0.5 * np.pi * t) ** 2
    step = 0.5 * np.pi * (high - low) * np.sin(np.pi * t) / points
    # range of m_KS^2 at given q2, from energies in the rest frame of the pair
    e_s, e_k = 0.5 * np.sqrt(q2), (m_b**2 - q2 - m_k**2) / (2.0 * np.sqrt(q2))
    p_s, p_k = np.sqrt(np.maximum(e_s**2 - m_s**2, 0)), np.sqrt(np.maximum(e_k**2 - m_k**2, 0))
    span = ((e_s + e_k) ** 2 - (p_s - p_k) ** 2) - ((e_s + e_k) ** 2 - (p_s + p_k) ** 2)
    scalar = (m_b**2 - m_k**2) / (natural("m_b") - natural("m_s")) * form_factors.b_to_k(q2, "f0")
    # two ways to contract S^2 with S S; the projector of sbar_L b_R; the propagator far below the mass
    amplitude = kappa * 0.5 * scalar * 2.0 * coupling * V / m_h**2
    width = 0.5 * np.sum(step * span * amplitude**2) / ((2.0 * np.pi) ** 3 * 32.0 * m_b**3)
    return float(width * natural("tau_B+", "GeV^-1", "belle2"))


@pytest.mark.independent
@pytest.mark.parametrize("m_s", [0.0, 0.3, 1.0, 1.9, 2.39])
def test_the_rate_is_the_dalitz_integral(m_s: float) -> None:
    assert singlet.br_b_to_k(m_s, 0.7, 115.0) == pytest.approx(by_dalitz(m_s, 0.7, 115.0), rel=1e-8 if m_s else 1e-5)


@pytest.mark.independent
def test_the_kstar_rate_is_a_sum_over_polarisations() -> None:
    m_b, m_v, kappa = float(natural("m_B0")), float(natural("m_K*0")), float(natural("kappa", "1"))
    metric = np.diag([1.0, -1.0, -1.0, -1.0])
    for q2, m_s in ((1.5, 0.3), (9.0, 1.0)):
        p = float(kinematics.momentum(m_b, m_v, np.sqrt(q2)))
        e_v = np.hypot(p, m_v)
        q = np.array([m_b - e_v, 0, 0, -p])
        states = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [p / m_v, 0, 0, e_v / m_v]])
        # <K*| sbar gamma_5 b |B> = -2 i m_V A_0 (eps* . q)/(m_b + m_s), half of it from the projector
        a_0 = form_factors.b_to_kstar(q2, "A0")
        density = m_v * a_0 / (natural("m_b") + natural("m_s"))
        amplitudes = kappa * density * (states @ metric @ q) * 2.0 * V / 125.0**2
        beta = np.sqrt(1.0 - 4.0 * m_s**2 / q2)
        # 1/2 for identical particles, phase space of B -> K* q and q -> S S
        phase = p / (4.0 * np.pi * m_b) * beta / (8.0 * np.pi) / (2.0 * np.pi)
        expected = 0.5 * np.sum(amplitudes**2) * phase / (2.0 * m_b) * natural("tau_B0", "GeV^-1", "belle2")
        found = br_b_to_kstar_scalar(np.sqrt(q2), 1.0) * singlet._pair(np.asarray(q2), np.asarray(m_s)) / 125.0**4
        assert found == pytest.approx(expected, rel=1e-6)
    q2 = np.linspace(0.36, (m_b - m_v) ** 2, 40001)
    pairs = singlet._pair(q2, np.asarray(0.3)) / 125.0**4
    total = np.trapezoid(br_b_to_kstar_scalar(np.sqrt(q2), 1.0) * pairs, q2)
    assert singlet.br_b_to_kstar(0.3, 1.0, 125.0) == pytest.approx(total, rel=1e-4)


def gamma_matrices() -> list[np.ndarray]:
    sigma = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]
    zero, one = np.zeros((2, 2)), np.eye(2)
    return [np.block([[one, zero], [zero, -one]])] + [np.block([[zero, s], [-s, zero]]) for s in sigma]


@pytest.mark.independent
def test_annihilation_to_muons_is_a_trace() -> None:
    gamma, m, m_s, coupling, m_h = gamma_matrices(), float(natural("m_mu")), 0.13, 0.4, 120.0
    e = m_s
    p = np.sqrt(e**2 - m**2)
    direction = np.array([0.3, -0.5, np.sqrt(1 - 0.34)])
    slash = e * gamma[0] - sum(c * p * g for c, g in zip(direction, gamma[1:], strict=True))
    back = e * gamma[0] + sum(c * p * g for c, g in zip(direction, gamma[1:], strict=True))
    trace = np.trace((slash + m * np.eye(4)) @ (back - m * np.eye(4))).real
    squared = (2.0 * coupling * V / m_h**2 * m / V) ** 2 * trace
    expected = squared * (p / e) / (8.0 * np.pi) / (4.0 * m_s**2)
    with inputs.override({"m_e": {"value": 1e-9, "uncertainty": 0.0, "unit": "GeV"}}):
        # below the threshold of pions there is nothing but muons
        assert singlet.sigma_v(m_s, coupling, m_h) == pytest.approx(expected, rel=1e-6)


@pytest.mark.identity
def test_the_higgs_width_is_that_of_two_scalars() -> None:
    beta = np.sqrt(1.0 - (2.0 * 10.0 / 120.0) ** 2)
    two_different = (2.0 * 0.3 * V) ** 2 * beta / (16.0 * np.pi * 120.0)
    assert singlet.gamma_higgs_to_ss(10.0, 0.3, 120.0) == pytest.approx(0.5 * two_different, rel=1e-12)
    assert singlet.gamma_higgs_to_ss(70.0, 0.3, 120.0) == 0.0
    assert singlet.br_higgs_invisible(1.0, singlet.coupling_max(1.0, 0.2)) == pytest.approx(0.2, rel=1e-12)
    assert singlet.br_higgs_invisible(1.0, 0.0) == pytest.approx(natural("BR(h->ZZ*->4nu)", "1"))


@pytest.mark.identity
def test_the_amplitude_ratio_is_that_of_the_two_penguins() -> None:
    # C_DM = 2 kappa lambda v/(m_b m_h^2) by its own route, over the C_nu of the Standard Model
    c_dm = 2.0 * standard_model.penguin_coupling(165.0) * 0.8 * V / (natural("m_b") * 118.0**2)
    assert singlet.amplitude_ratio(0.8, 118.0, 165.0) == pytest.approx(c_dm / standard_model.c_nu(165.0), rel=1e-12)


@pytest.mark.talk
def test_the_printed_ratio_is_that_of_the_top_of_2004() -> None:
    g_2 = 4.0 * natural("m_W") ** 2 / V**2
    unit = natural("m_W") ** 2 / (g_2 * 125.0**2)
    printed = natural("talk.singlet.amplitude_ratio", "1")
    assert singlet.amplitude_ratio(1.0, 125.0, 174.3) / unit == pytest.approx(printed, abs=0.05)
    assert singlet.amplitude_ratio(1.0, 125.0) / unit == pytest.approx(4.37, abs=0.005)


@pytest.mark.published
def test_the_printed_coefficient_lacks_the_projector() -> None:
    printed = natural("published.singlet.br_massless", "1")
    assert singlet.br_b_to_k_2004(0.0, 1.0, 100.0, projector=False) == pytest.approx(printed, rel=0.06)
    assert singlet.br_b_to_k_2004(0.0, 1.0, 100.0) == pytest.approx(printed / 4.0, rel=0.06)
    ratio = singlet.br_b_to_k_2004([0.0, 1.0], 1.0, 100.0, projector=False) / singlet.br_b_to_k_2004([0.0, 1.0], 1.0, 100.0)
    assert ratio == pytest.approx(4.0, rel=1e-12)
    assert printed / singlet.br_b_to_k(0.0, 1.0, 100.0) == pytest.approx(2.9, abs=0.1)


@pytest.mark.identity
def test_form_factor_top_and_constants_are_the_rest_of_the_factor() -> None:
    # the same formula with today's numbers in the entries of 2004 gives the default rate
    kappa = standard_model.penguin_coupling(float(natural("singlet.m_t.2004")), "pdg2026")
    today = singlet.br_b_to_k(0.5, 1.0, 100.0, kappa=kappa, inputs="pdg2026")
    old = singlet.br_b_to_k_2004(0.5, 1.0, 100.0)
    q2 = np.linspace(1.0, 22.8, 4001)
    spectrum = singlet.dbr_dq2_b_to_k(q2, 0.5, 1.0, 100.0)
    a, b, c, d = natural("singlet.f_0.2004", "1")
    x = q2 / natural("m_B+") ** 2
    shapes = (a * np.exp(b * x + c * x**2 + d * x**3) / form_factors.b_to_k(q2, "f0")) ** 2
    factor = np.trapezoid(spectrum * shapes, q2) / np.trapezoid(spectrum, q2)
    factor *= (natural("singlet.|V_ts*V_tb|.2004", "1") / natural("|V_ts*V_tb|", "1")) ** 2
    factor *= natural("singlet.tau_B+.2004", "GeV^-1") / natural("tau_B+", "GeV^-1")
    assert old / today == pytest.approx(factor, rel=1e-3)


@pytest.mark.identity
def test_scaling_ends_and_shapes() -> None:
    one = singlet.br_b_to_k(0.5, 1.0, 100.0)
    assert singlet.br_b_to_k(0.5, 3.0, 200.0) == pytest.approx(9.0 / 16.0 * one, rel=1e-12)
    end = 0.5 * (natural("m_B+") - natural("m_K+"))
    assert singlet.br_b_to_k(end + 1e-9, 1.0, 100.0) == 0.0 < singlet.br_b_to_k(end - 1e-3, 1.0, 100.0)
    assert singlet.br_b_to_kstar(2.3, 1.0, 100.0) == 0.0
    assert singlet.br_b_to_k(np.ones((2, 1)), np.ones(3), 100.0).shape == (2, 3)
    q2 = np.linspace(1.0, 22.9, 40001)
    total = np.trapezoid(singlet.dbr_dq2_b_to_k(q2, 0.5, 1.0, 100.0), q2)
    assert total == pytest.approx(one, rel=1e-4)
    assert singlet.dbr_dq2_b_to_k([0.9, 23.0], 0.5, 1.0, 100.0).tolist() == [0.0, 0.0]
    assert singlet.br_b_to_k(0.5, singlet.coupling_for_rate(2e-5, 0.5, 110.0), 110.0) == pytest.approx(2e-5, rel=1e-12)
    # B0 and B+ differ by the lifetime and 4 MeV
    assert singlet.br_b_to_k(0.5, 1.0, 100.0, "0") / one == pytest.approx(0.923, abs=0.01)


@pytest.mark.identity
def test_the_limits_of_a_contact_interaction() -> None:
    # a heavy Higgs boson: (sbar b) S^2 with the coefficient kappa lambda v/(2 m_h^2), also for massless S
    masses, m_h = np.array([0.0, 0.6, 1.9]), 125.0
    c = 0.5 * float(natural("kappa", "1")) * 0.7 * V / m_h**2
    for found, rate, gamma5 in (
        (singlet.br_b_to_k, effective.br_b_to_k, False),
        (singlet.br_b_to_kstar, effective.br_b_to_kstar, True),
    ):
        contact = rate("scalar:S", masses, c, self_conjugate=True, gamma5=gamma5)
        assert found(masses, 0.7, m_h) == pytest.approx(contact, rel=1e-7)
    # where all three are at rest: two powers of the energy that is left, and one more for the P wave of K*
    for rate, names, power in ((singlet.br_b_to_k, ("m_B+", "m_K+"), 2), (singlet.br_b_to_kstar, ("m_B0", "m_K*0"), 3)):
        end = 0.5 * float(natural(names[0]) - natural(names[1]))
        near = rate(end - np.array([2e-7, 1e-7]), 0.7, m_h)
        assert near[0] / near[1] == pytest.approx(2.0**power, rel=1e-3)
        assert rate(end + 1e-9, 0.7, m_h) == 0.0
    half = 60.0
    near = singlet.gamma_higgs_to_ss(half - np.array([4e-7, 1e-7]), 0.7, 2 * half)
    assert near[0] / near[1] == pytest.approx(2.0, rel=1e-5)


@pytest.mark.independent
def test_the_share_of_fast_kaons() -> None:
    m_b, m_k = natural("m_B+"), natural("m_K+")
    q2 = np.linspace(4.0, (m_b - m_k) ** 2, 200001)
    rate = singlet.dbr_dq2_b_to_k(q2, 1.0, 1.0, 100.0)
    fast = kinematics.momentum(m_b, m_k, np.sqrt(q2)) > 1.5
    assert singlet.momentum_fraction(1.0, 1.5) == pytest.approx(
        np.trapezoid(rate * fast, q2) / np.trapezoid(rate, q2), rel=1e-3
    )
    assert singlet.momentum_fraction(1.0, 0.0) == pytest.approx(1.0, rel=1e-9)
    assert singlet.momentum_fraction(2.0, 2.5) == 0.0
    neutrinos = standard_model.dbr_dq2_b_to_k_nunu(np.linspace(0.0, (m_b - m_k) ** 2, 200001))
    fast = kinematics.momentum(m_b, m_k, np.sqrt(np.linspace(0.0, (m_b - m_k) ** 2, 200001))) > 1.5
    share = np.sum(neutrinos * fast) / np.sum(neutrinos)
    ratio = singlet.momentum_fraction(1.0, 1.5, relative=True) / singlet.momentum_fraction(1.0, 1.5)
    assert ratio == pytest.approx(1.0 / share, rel=1e-3)


@pytest.mark.independent
def test_the_coupling_gives_the_density() -> None:
    masses = np.array([0.15, 0.5, 1.0, 2.0])
    coupling = singlet.coupling_for(masses, 125.0)
    unit = 8.0 * V**2 / 125.0**4

    def rate(s: np.ndarray) -> np.ndarray:
        return unit * coupling**2 * np.sqrt(s) * singlet.gamma_virtual_higgs(np.minimum(np.sqrt(s), 10.0))

    breaks = np.array([0.2113, 0.27914, 0.55828, 0.98735, 2.0, 3.5539, 3.7297]), np.zeros(7)
    assert relic.omega_h2_for(masses, rate, 1.0, True, breaks) == pytest.approx(0.12, rel=1e-4)
    needed = relic.thermal_cross_section(masses, "s", True)
    at_rest = np.sqrt(needed / singlet.sigma_v(masses, 1.0, 125.0))
    # away from thresholds and resonances the average changes little
    assert coupling[[0, 2]] / at_rest[[0, 2]] == pytest.approx(1.0, abs=0.12)
    # Omega is proportional to lambda^-2, and lambda to m_h^2
    assert singlet.coupling_for(1.0, 125.0, omega_h2=0.03) / coupling[2] == pytest.approx(2.0, rel=0.05)
    assert singlet.coupling_for(1.0, 250.0) / coupling[2] == pytest.approx(4.0, rel=1e-9)


@pytest.mark.identity
def test_the_size_of_the_loop() -> None:
    # imaginary part sqrt(q2) Gamma(h* -> S S) at q2 = m_h^2, over m_h^2
    assert singlet.loop_size(0.7, 110.0) == pytest.approx(singlet.gamma_higgs_to_ss(0.0, 0.7, 110.0) / 110.0, rel=1e-12)


@pytest.mark.identity
def test_spectra_and_the_cmb_take_arrays():
    found = singlet.spectra([[0.1, 0.6]])
    one = belle2.Spectrum.three_body(0.6).efficiency
    np.testing.assert_allclose(found.efficiency[0, 1], one, rtol=1e-12)
    assert found.br.tolist() == [[1.0, 1.0]]
    with pytest.raises(ParameterError, match=r"^m_s holds no mass; give at least one in GeV$"):
        singlet.spectra([])
    lam = singlet.coupling_max_cmb([0.3, 1.0], "chiral")
    at_limit = singlet.sigma_v([0.3, 1.0], lam, None, "chiral")
    np.testing.assert_allclose(0.5 * at_limit, cmb.annihilation_limit([0.3, 1.0], "ee", True), rtol=1e-9)


@pytest.mark.regression
def test_the_row_is_that_of_the_chapter():
    row = singlet.row()
    rate, plus, minus, gain, behind, kstar, coupling = stored.numbers("rival_singlet", "0.60")
    assert row.point == "m_S = 0.60 GeV"
    np.testing.assert_allclose(1e6 * np.array([row.rate, row.plus, row.minus]), [rate, plus, minus], atol=0.51)
    np.testing.assert_allclose([row.delta_chi2, row.delta_chi2_line - row.delta_chi2], [gain, behind], atol=0.051)
    np.testing.assert_allclose(1e6 * row.kstar * kstar_room(), kstar, atol=0.051)
    assert row.bears[0] == f"lambda = {coupling:.2f}"


@pytest.mark.identity
def test_the_limits_of_the_row():
    row, today = singlet.row(), singlet.row("today")
    for one, label in ((row, "talk"), (today, "today")):
        with inputs.use(label):
            most = singlet.coupling_max(0.6)
            assert f"up to {most:.4f}, a rate of {singlet.br_b_to_k(0.6, most):.1e}" in one.bears[1]
    assert today.bears[1] != row.bears[1]
    assert today.rate == row.rate
    thermal = singlet.coupling_for(0.6)
    assert f"lambda = {thermal:.1f}, {singlet.br_b_to_k(0.6, thermal) / row.rate:.0f} times" in row.bears[2]
    early = float(row.bears[3].split(" up to ")[1].split()[0])
    assert singlet.sigma_v(0.6, early) == pytest.approx(2.0 * cmb.annihilation_limit(0.6, "ee", True), rel=0.02)


@pytest.mark.independent
def test_cross_section_with_a_nucleon():
    # a real field has twice the amplitude of a complex one with lambda_PhiX v_Phi in place of lambda v_H
    sector = model.benchmark("A").replace(m_x=0.6, m_h1=50.0, lambda_phi_x=0.1, sin_theta=1.0 / np.sqrt(2.0), q_x=0.7)
    product = 0.1 * sector.v_phi * 0.5 * (1.0 / 50.0**2 - 1.0 / natural("m_h") ** 2)
    one = direct_detection.sigma_nucleon(sector)
    coupling = abs(product) * natural("m_h") ** 2 / V
    np.testing.assert_allclose(singlet.sigma_nucleon(0.6, coupling), 4.0 * one, rtol=1e-9)
    # lambda and m_h enter as lambda^2/m_h^4, and a heavy S is scattered as 1/m_S^2
    np.testing.assert_allclose(
        singlet.sigma_nucleon(0.6, 2.0, 2.0 * natural("m_h")), singlet.sigma_nucleon(0.6, 0.5), rtol=1e-12
    )
    np.testing.assert_allclose(singlet.sigma_nucleon(1e4, 1.0) / singlet.sigma_nucleon(5e3, 1.0), 0.25, rtol=1e-3)


@pytest.mark.identity
def test_the_three_descriptions_of_the_hadrons() -> None:
    m = np.array([0.5, 1.5, 3.0])
    for ours, name in zip(singlet.HADRONS, ("dispersive", "Donoghue90", "chiral"), strict=True):
        np.testing.assert_allclose(singlet.gamma_virtual_higgs(m, ours), light_higgs.gamma_sm_like(m, hadrons=name), rtol=1e-14)
    np.testing.assert_array_equal(singlet.gamma_virtual_higgs(m), light_higgs.gamma_sm_like(m))


@pytest.mark.identity
def test_largest_limit_on_invisible_decays():
    assert singlet.coupling_max(0.5, 0.998) > singlet.coupling_max(0.5, 0.9)
    with pytest.raises(ParameterError, match=r"br_limit = 0\.9995 is outside its range"):
        singlet.coupling_max(0.5, 0.9995)
