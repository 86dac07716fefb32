"""A scalar mediator of any width: traces, Dalitz integral, limits, and the published efficiencies of Belle II."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from darkhiggs import belle2, form_factors, inputs, standard_model
from darkhiggs import meson_decays as md
from darkhiggs._belle2_tables import efficiency
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural
from darkhiggs.limits import kstar_room
from darkhiggs.rivals import effective
from darkhiggs.rivals import wide_scalar as ws

TALK = ((2.8, 2.8), (20.0, 0.0))
BINS = [-1.0, 4.0, 8.0, 25.0]
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
GAMMA = [np.kron(np.diag([1, -1]), np.eye(2))] + [np.kron(np.array([[0, 1], [-1, 0]]), s) for s in PAULI]


def slash(p):
    return sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4))


def pair_trace(q2, m):
    """sum over spins of |ubar v|^2 from explicit matrices, for momenta in a general direction."""
    e = 0.5 * np.sqrt(q2)
    k = np.sqrt(e**2 - m**2) * np.array([0.36, 0.48, 0.8])
    return np.trace((slash([e, *k]) + m * np.eye(4)) @ (slash([e, *-k]) - m * np.eye(4))).real


@pytest.mark.identity
@pytest.mark.parametrize(("q2", "m"), [(4.0, 0.0), (4.0, 0.42), (1.0, 0.49)])
def test_width_is_the_trace_times_phase_space(q2, m):
    beta = np.sqrt(1.0 - 4.0 * m**2 / q2)
    mass, gamma = 2.8, 1.3
    expected = ws.coupling(mass, gamma) ** 2 * pair_trace(q2, m) * beta / (8.0 * np.pi) / (2.0 * np.sqrt(q2))
    assert_allclose(ws.width(q2, mass, gamma, m), expected, rtol=1e-12)


@pytest.mark.identity
def test_width_on_the_pole_and_below_threshold():
    assert_allclose(ws.width(2.8**2, 2.8, 0.7), 0.7, rtol=1e-14)
    assert ws.width(0.99, 2.8, 2.8, 0.5) == 0.0 == ws.width(0.0, 2.8, 2.8)
    # q2 = 4 m^2 (1 + t): beta^3 = (t/(1 + t))^(3/2)
    assert_allclose(ws.width(1.0 + 1e-8, 2.8, 2.8, 0.5), (1e-8) ** 1.5, rtol=1e-6)


def k_star_sum(q2):
    """|<K*|sbar gamma_5 b|B>|^2 (m_b + m_s)^2/A_0^2 = 4 m^2 sum |epsilon.q|^2 from explicit polarisations."""
    m_b, m_v = natural("m_B0"), natural("m_K*0")
    e = (m_b**2 + m_v**2 - q2) / (2.0 * m_b)
    p = np.sqrt(e**2 - m_v**2)
    q = np.array([m_b - e, 0.0, 0.0, -p])
    polarisations = [np.array([0, 1, 1j, 0]) / np.sqrt(2), np.array([0, 1, -1j, 0]) / np.sqrt(2), np.array([p, 0, 0, e]) / m_v]
    return 4.0 * m_v**2 * sum(abs(eps @ METRIC @ q) ** 2 for eps in polarisations)


@pytest.mark.identity
@pytest.mark.parametrize("q2", [0.5, 8.0, 19.0])
def test_kstar_over_k_from_polarisations(q2):
    m_b, m_k, m_v, b0 = natural("m_B+"), natural("m_K+"), natural("m_K*0"), natural("m_B0")
    heavy, light = natural("m_b"), natural("m_s")
    kaon = ((m_b**2 - m_k**2) / (heavy - light) * form_factors.b_to_k(q2, "f0")) ** 2

    def space(m, daughter):
        return np.sqrt((m**2 - (daughter + np.sqrt(q2)) ** 2) * (m**2 - (daughter - np.sqrt(q2)) ** 2)) / m**3

    star = k_star_sum(q2) * (form_factors.b_to_kstar(q2) / (heavy + light)) ** 2
    lifetimes = natural("tau_B0", "GeV^-1", "belle2") / natural("tau_B+", "GeV^-1", "belle2")
    expected = lifetimes * star * space(b0, m_v) / (kaon * space(m_b, m_k))
    assert_allclose(ws.kstar_ratio(q2), expected, rtol=1e-9)


@pytest.mark.identity
@pytest.mark.parametrize(("mass", "gamma", "m"), [(2.8, 2.8, 0.0), (2.8, 1.0, 0.42), (6.0, 2.0, 0.5)])
def test_rate_from_the_dalitz_plot(mass, gamma, m):
    # both invariant masses, no factorisation: dGamma = |M|^2 dm12^2 dm23^2/(256 pi^3 m_B^3), |M|^2 flat along m12^2
    m_b, m_k = natural("m_B+"), natural("m_K+")
    g = ws.coupling(mass, gamma)
    vertex = 0.5 * natural("kappa", "1") * 1e-3 * (m_b**2 - m_k**2) / (natural("m_b") - natural("m_s"))

    def slice_of(q2):
        # range of m12^2 = (p_K + p_chi)^2 from the energies in the rest frame of the pair
        e_chi, e_k = 0.5 * np.sqrt(q2), (m_b**2 - q2 - m_k**2) / (2.0 * np.sqrt(q2))
        p_chi, p_k = np.sqrt(e_chi**2 - m**2), np.sqrt(e_k**2 - m_k**2)
        span = (p_chi + p_k) ** 2 - (p_chi - p_k) ** 2
        imaginary = g**2 * pair_trace(q2, m) / (16.0 * np.pi) * p_chi / e_chi
        square = (vertex * form_factors.b_to_k(q2, "f0") * g) ** 2 * pair_trace(q2, m)
        return span * square / ((q2 - mass**2) ** 2 + imaginary**2)

    low, high = 4.0 * m**2 + 1e-12, (m_b - m_k) ** 2
    pieces = [low, *(x for x in (mass**2,) if x < high), high]
    total = sum(quad(slice_of, a, b, epsabs=0.0, epsrel=1e-9, limit=200)[0] for a, b in pairwise(pieces))
    # each quark chirality once: sbar_L b_R is half of sbar b
    expected = total / (256.0 * np.pi**3 * m_b**3) * natural("tau_B+", "GeV^-1", "belle2")
    assert_allclose(ws.br_b_to_k(mass, gamma, m), expected, rtol=1e-6)


@pytest.mark.identity
def test_spectrum_integrates_to_the_rate_and_ends():
    end = (natural("m_B+") - natural("m_K+")) ** 2
    total = quad(lambda q2: ws.dbr_dq2_b_to_k(q2, 2.8, 2.8, 0.3), 0.36, end, epsabs=0.0, epsrel=1e-9, points=[7.84])[0]
    assert_allclose(ws.br_b_to_k(2.8, 2.8, 0.3), total, rtol=1e-6)
    assert ws.dbr_dq2_b_to_k(end + 1e-9, 2.8, 2.8) == 0.0 == ws.dbr_dq2_b_to_k(0.3599, 2.8, 2.8, 0.3)
    star_end = (natural("m_B0") - natural("m_K*0")) ** 2
    assert ws.dbr_dq2_b_to_kstar(star_end + 1e-9, 2.8, 2.8) == 0.0 == ws.kstar_ratio(star_end + 1e-9)
    assert ws.br_b_to_k(2.8, 2.8, 2.5) == 0.0
    star = quad(lambda q2: ws.dbr_dq2_b_to_kstar(q2, 2.8, 1.0), 0.0, star_end, epsabs=0.0, epsrel=1e-9, points=[7.84])[0]
    assert_allclose(ws.br_b_to_kstar(2.8, 1.0), star, rtol=1e-6)


@pytest.mark.identity
@pytest.mark.parametrize("m_chi", [0.0, 0.4])
def test_narrow_mediator_is_the_two_body_decay(m_chi):
    for mass in (1.0, 2.8, 4.5):
        assert_allclose(ws.br_b_to_k(mass, 1e-7, m_chi), md.br_b_to_k_scalar(mass, 1e-3), rtol=1e-5)
    assert_allclose(ws.br_b_to_kstar(2.8, 1e-7, m_chi), md.br_b_to_kstar_scalar(2.8, 1e-3), rtol=1e-5)
    seen = ws.spectrum(2.1, 0.0, m_chi).efficiency
    assert_allclose(seen, belle2.Spectrum.line(2.1).efficiency, rtol=1e-4, atol=1e-8)
    assert_allclose(ws.peak_and_mean(2.1, 0.0, m_chi), 2.1**2, rtol=1e-5)


@pytest.mark.identity
@pytest.mark.parametrize("m_chi", [0.0, 0.5, 1.5])
def test_heavy_mediator_is_the_contact_interaction(m_chi):
    contact = belle2.Spectrum.three_body(m_chi, "scalar", "fermion").efficiency
    # the efficiency is linear between fifty points, at which the nodes do not end
    assert_allclose(ws.spectrum(1e3, 0.0, m_chi).efficiency, contact, rtol=0.0, atol=4e-4 * contact.sum())


@pytest.mark.independent
@pytest.mark.parametrize(("m", "value"), [(0.5, 1.377e11), (1.0, 8.965e10), (2.0, 5.130e9), (0.0, 1.576e11)])
def test_heavy_mediator_meets_the_contact_rates(m, value):
    # BR/C^2 of C (sbar b)(chibar chi) from numerical traces without this library; C = kappa y g/(2 M^2)
    mass, gamma = 1e3, 1.0
    c = 0.5 * natural("kappa", "1") * 1e-3 * ws.coupling(mass, gamma) / mass**2
    assert_allclose(ws.br_b_to_k(mass, gamma, m) / c**2, value, rtol=1e-3)


@pytest.mark.identity
def test_contact_rates_of_kstar_and_thresholds():
    # C (sbar gamma5 b)(chibar chi) with C = kappa y g/(2 M^2), massless pairs too
    masses, mass = np.array([0.0, 0.5, 1.5]), 1e3
    c = 0.5 * natural("kappa", "1") * 1e-3 * ws.coupling(mass, 1.0) / mass**2
    contact = effective.br_b_to_kstar("fermion:S", masses, c, gamma5=True)
    assert_allclose(ws.br_b_to_kstar(mass, 1.0, masses), contact, rtol=1e-4)
    # P waves: beta^3 at the threshold of the pair
    low = 0.36 * np.array([1 + 4e-8, 1 + 1e-8])
    for spectrum in (ws.dbr_dq2_b_to_k, ws.dbr_dq2_b_to_kstar):
        assert_allclose(np.divide(*spectrum(low, 2.8, 2.8, 0.3)), 8.0, rtol=1e-4)
    # all three at rest: two powers of the energy that is left, one more for the pair, and one for K*
    for rate, names, power in ((ws.br_b_to_k, ("m_B+", "m_K+"), 3), (ws.br_b_to_kstar, ("m_B0", "m_K*0"), 4)):
        end = 0.5 * (natural(names[0]) - natural(names[1]))
        assert_allclose(np.divide(*rate(2.8, 1.0, end - np.array([2e-7, 1e-7]))), 2.0**power, rtol=1e-3)
        assert rate(2.8, 1.0, end + 1e-9) == 0.0


@pytest.mark.identity
def test_imaginary_part_by_power_agrees_on_the_pole():
    rates = [ws.dbr_dq2_b_to_k(2.8**2, 2.8, 2.8, power=power) for power in (0, 1, 2)]
    assert_allclose(rates, rates[0], rtol=1e-12)
    tails = [ws.dbr_dq2_b_to_k(16.0, 2.8, 2.8, power=power) for power in (0, 1, 2)]
    assert tails[0] > tails[1] > tails[2]
    assert_allclose(ws.br_b_to_k(2.8, 1.0, kappa=2e-6) / ws.br_b_to_k(2.8, 1.0, kappa=1e-6), 4.0, rtol=1e-12)
    assert_allclose(ws.br_b_to_kstar(1.0, 1e-7, kappa=2e-6), md.br_b_to_kstar_scalar(1.0, 1e-3, kappa=2e-6), rtol=1e-5)
    assert_allclose(1e-3**2 * ws.br_b_to_k(2.8, 1.0, y_top=1.0), ws.br_b_to_k(2.8, 1.0), rtol=1e-12)


@pytest.mark.independent
def test_smearing_against_the_published_efficiencies():
    # the detector simulation of Belle II knows the boost; this library gets it from kinematics
    centres, rows = efficiency()
    seen = rows[:, :9].reshape(-1, 3, 3).sum(axis=1)
    good = (centres > 0.5) & (centres < 16.0)
    share = ws.reconstructed(centres, BINS)
    share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-12)
    difference = (seen / np.maximum(seen.sum(axis=1, keepdims=True), 1e-12) - share)[good]
    assert np.abs(difference).max() < 0.05
    assert np.sqrt(np.mean(difference**2)) < 0.015


@pytest.mark.identity
def test_reconstructed_from_sampled_boosts():
    q2, m_b, m_k, root_s = 5.0, natural("m_B+"), natural("m_K+"), natural("wide_scalar.m_Y4S")
    e_k = (m_b**2 + m_k**2 - q2) / (2.0 * m_b)
    p_k, gamma = np.sqrt(e_k**2 - m_k**2), root_s / (2.0 * m_b)
    cosine = (np.arange(200_000) + 0.5) / 100_000 - 1.0
    boosted = gamma * e_k + np.sqrt(gamma**2 - 1.0) * p_k * cosine
    q2_rec = root_s**2 / 4.0 + m_k**2 - root_s * boosted
    edges = np.linspace(2.0, 9.0, 8)
    assert_allclose(ws.reconstructed(q2, edges), np.histogram(q2_rec, edges)[0] / len(cosine), atol=2e-5)
    assert np.all(ws.reconstructed(22.95, edges) == 0.0)


@pytest.mark.published
@pytest.mark.parametrize(("mass", "gamma"), TALK)
def test_events_add_up_to_those_of_the_likelihood(mass, gamma):
    rate = 2e-5
    published = ws.spectrum(mass, gamma).events(rate)[6:9]
    assert_allclose(ws.events(rate, BINS, mass, gamma), published, rtol=0.05)
    assert_allclose(ws.events(rate, [-1.0, 25.0], mass, gamma).sum(), published.sum(), rtol=1e-3)
    fine = ws.events(rate, np.linspace(-1.0, 25.0, 27), mass, gamma, meson="K*")
    assert_allclose(fine.sum(), ws.events(rate, [-1.0, 25.0], mass, gamma, meson="K*").sum(), rtol=1e-10)
    assert fine.sum() < published.sum()


@pytest.mark.published
def test_bound_on_kstar_of_the_authors():
    excess = inputs.natural("wide_scalar.k_observed", "1") - 1.0
    ratio = standard_model.br_b_to_k_nunu() / standard_model.br_b_to_kstar_nunu()
    ours = 1.0 + excess * ws.kstar_ratio(0.0) * ratio
    assert_allclose(ours, natural("wide_scalar.kstar_max", "1"), atol=0.4)
    grid = np.linspace(0.0, 19.0, 200)
    assert np.argmax(ws.kstar_ratio(grid)) < 20
    # the bound holds for every width
    for mass, gamma in ((1.0, 0.01), *TALK[:1]):
        assert ws.br_b_to_kstar(mass, gamma) < 1.001 * ws.kstar_ratio(grid).max() * ws.br_b_to_k(mass, gamma)


@pytest.mark.published
def test_wide_mediator_fits_like_the_line():
    fit = belle2.Likelihood().fit_rate(ws.spectrum([m for m, _ in TALK], [g for _, g in TALK]))
    assert_allclose(fit.rate, [2.18e-5, 4.59e-5], rtol=0.01)
    assert_allclose(fit.delta_chi2, [12.0, 4.9], atol=0.1)


@pytest.mark.identity
def test_kaon_rate_scales_as_a_contact_interaction():
    rates = ws.br_k_to_pi([100.0, 200.0], 1.0, y_top=1.0)
    assert_allclose(rates[0] / rates[1], 2.0**5, rtol=1e-4)
    assert ws.br_k_to_pi(2.8, 2.8, 0.2) == 0.0
    m_k, m_pi = natural("m_K+"), natural("m_pi+")
    narrow = md.br_k_to_pi_scalar(0.2, 1e-3)
    assert_allclose(ws.br_k_to_pi(0.2, 1e-8), narrow, rtol=1e-5)
    end = (m_k - m_pi) ** 2
    total = quad(
        lambda q2: md.br_k_to_pi_scalar(np.sqrt(q2), 1e-3) * q2 / 2.8 * 2.8 / np.pi / ((q2 - 7.84) ** 2 + q2**2),
        0.0,
        end,
        epsabs=0.0,
        epsrel=1e-9,
    )[0]
    assert_allclose(ws.br_k_to_pi(2.8, 2.8), total, rtol=1e-6)


@pytest.mark.identity
def test_shapes_and_refusals():
    grid = ws.spectrum(np.linspace(1.0, 4.0, 300)[:, None], [1.0, 2.0])
    assert grid.efficiency.shape == (300, 2, 18)
    assert ws.br_b_to_k([2.0, 3.0], [[1.0], [2.0], [3.0]]).shape == (3, 2)
    one = ws.spectrum(1.0 + 3.0 * 17 / 299, 2.0).efficiency
    assert_allclose(grid.efficiency[17, 1], one, rtol=1e-12)
    for call in (
        lambda: ws.spectrum(2.8, 2.8, 2.5),
        lambda: ws.events(1e-5, BINS, 2.8, 2.8, 2.5),
        lambda: ws.peak_and_mean(3.0, 1.0, 2.4),
    ):
        with pytest.raises(ParameterError, match=r"m_chi = 2\.\d GeV is not below 2\.393 GeV"):
            call()
    with pytest.raises(ParameterError, match="edges"):
        ws.events(1e-5, [4.0, 3.0], 2.8, 2.8)


@pytest.mark.identity
def test_row_is_the_wide_mediator():
    row, fit = ws.row(), belle2.Likelihood().fit_rate(ws.spectrum(*TALK[0]))
    assert_allclose((row.rate, row.delta_chi2), (fit.rate, fit.delta_chi2), rtol=1e-12)
    room = kstar_room()
    assert_allclose(row.kstar, ws.br_b_to_kstar(*TALK[0]) / ws.br_b_to_k(*TALK[0]) * fit.rate / room, rtol=1e-12)
    neutral = ws.br_b_to_k(*TALK[0], charge="0") / ws.br_b_to_k(*TALK[0]) * fit.rate
    share = (neutral + standard_model.br_b_to_k_nunu(charge="0")) / natural("bound.k0", "1")
    assert f"at {share:.2f} of its limit" in row.bears[1]
    g = ws.coupling(*TALK[0])
    assert g > np.sqrt(4.0 * np.pi)
    assert row.bears[0] == f"the coupling to dark matter is {g:.1f}, perturbation theory ends at 3.5"


@pytest.mark.identity
@pytest.mark.parametrize("m_chi", [0.5, 1.6, 2.0])
def test_peak_is_found_above_the_threshold(m_chi):
    peak, _ = ws.peak_and_mean(20.0, 0.0, m_chi)
    end = (natural("m_B+") - natural("m_K+")) ** 2
    q2 = np.linspace(4.0 * m_chi**2, end, 40001)[1:-1]
    found = q2[np.argmax(ws.dbr_dq2_b_to_k(q2, 20.0, 1.0, m_chi))]
    assert peak == pytest.approx(found, abs=2e-3)


@pytest.mark.identity
def test_excess_is_what_the_fit_leaves():
    fit = belle2.Likelihood().fit_rate(ws.spectrum(*TALK[0]))
    found, error = ws.excess(*TALK[0])
    # the fit brings signal and excess together
    pulls = (fit.expected["signal"][6:9] - found) / error
    assert_allclose(found, (fit.expected["observed"] - fit.expected["total"] + fit.expected["signal"])[6:9], rtol=1e-12)
    assert np.all(np.abs(pulls) < 1.5)
    samples = [inputs.get(f"belle2.ITA.{name}").uncertainty for name in "ccbar ddbar ssbar uubar charged mixed".split()]
    squares = fit.expected["observed"][:12] + np.sum(np.square(samples), axis=0)
    assert_allclose(error, np.sqrt(squares[6:9]), rtol=1e-12)
