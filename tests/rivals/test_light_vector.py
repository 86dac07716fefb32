"""Each width against polarisation sums with explicit four-vectors, and against limits that other modules know."""

import dataclasses
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests import stored

from darkhiggs import babar, belle2, form_factors, meson_decays, standard_model
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural, override
from darkhiggs.kinematics import kallen
from darkhiggs.limits import kstar_room
from darkhiggs.rivals import light_vector as lv

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
EPSILON = np.zeros((4, 4, 4, 4))
for _order in itertools.permutations(range(4)):
    EPSILON[_order] = np.linalg.det(np.eye(4)[list(_order)])


def dot(a, b):
    return a @ METRIC @ b


def lower(a):
    return METRIC @ a


def momenta(m_b, m_k, m):
    """B at rest, K along z, Z' against it."""
    p = np.sqrt(kallen(m_b**2, m_k**2, m**2)) / (2.0 * m_b)
    return np.array([m_b, 0, 0, 0]), np.array([np.hypot(m_k, p), 0, 0, p]), np.array([np.hypot(m, p), 0, 0, -p])


def polarisations(momentum):
    """Three real polarisations of a vector that moves along z."""
    mass, z = np.sqrt(dot(momentum, momentum)), momentum[3]
    return np.array([0, 1.0, 0, 0]), np.array([0, 0, 1.0, 0]), np.array([z, 0, 0, momentum[0]]) / mass


def width(amplitudes, m_b, k):
    return np.sum(np.abs(amplitudes) ** 2) * k[3] / (8.0 * np.pi * m_b**2)


def strength(q, eps):
    """Field strength of an outgoing Z', up to the common factor i."""
    return np.outer(q, eps) - np.outer(eps, q)


@pytest.mark.independent
@pytest.mark.parametrize("charge", ["+", "0"])
@pytest.mark.parametrize("dimension", [4, 5, 6])
@pytest.mark.parametrize("m", [0.05, 1.0, 2.0, 4.7])
def test_kaon_against_polarisation_sum(m, dimension, charge):
    m_b, m_k = natural(f"m_B{charge}"), natural(f"m_K{charge}")
    p, k, q = momenta(m_b, m_k, m)
    f_p, f_0, f_t = (form_factors.b_to_k(m * m, name) for name in ("f+", "f0", "fT"))
    gap = (m_b**2 - m_k**2) / m**2
    vector = f_p * (p + k - gap * q) + f_0 * gap * q
    # <K|sbar sigma^mn b|B>, up to a phase; its contraction with q is the usual definition of f_T
    tensor = 2.0 * f_t / (m_b + m_k) * (np.outer(p, k) - np.outer(k, p))
    assert_allclose(tensor @ lower(q), f_t / (m_b + m_k) * ((m_b**2 - m_k**2) * q - m**2 * (p + k)), atol=1e-9)
    amplitudes = []
    for eps in polarisations(q):
        field = METRIC @ strength(q, eps) @ METRIC
        amplitudes.append(
            {
                4: dot(eps, vector),
                5: np.sum(field * tensor),
                # the derivative of the field strength
                6: (field @ q) @ vector,
            }[dimension]
        )
    g = 3e-9
    expected = width(0.5 * g * np.array(amplitudes), m_b, k) * natural(f"tau_B{charge}", "GeV^-1", "belle2")
    assert_allclose(lv.br_b_to_k(m, g, dimension, charge), expected, rtol=1e-9)


def currents(m, charge, eta, tensor):
    """Matrix elements of the vector and axial current, or of sigma and sigma gamma5 with q, for one polarisation of the K*."""
    m_b, m_v = natural(f"m_B{charge}"), natural(f"m_K*{charge}")
    p, k, q = momenta(m_b, m_v, m)
    lam, total = kallen(m_b**2, m_v**2, m**2), m_b + m_v
    value = {n: form_factors.b_to_kstar(m * m, n) for n in ("A0", "A1", "A12", "V", "T1", "T2", "T23")}
    curl = np.einsum("mnrs,n,r,s->m", EPSILON, lower(eta), lower(p), lower(k))
    along, sum_ = dot(eta, q), p + k
    if tensor:
        front = (m_b**2 - m_v**2) * (m_b**2 + 3.0 * m_v**2 - m**2) * value["T2"]
        t_3 = (front - 8.0 * m_b * m_v**2 * (m_b - m_v) * value["T23"]) / lam
        second = value["T2"] * ((m_b**2 - m_v**2) * eta - along * sum_)
        second = second + t_3 * along * (q - m**2 / (m_b**2 - m_v**2) * sum_)
        assert abs(dot(second, q)) < 1e-9
        return 2.0 * value["T1"] * curl, 1j * second
    front = total**2 * (m_b**2 - m_v**2 - m**2) * value["A1"]
    a_2 = (front - 16.0 * m_b * m_v**2 * total * value["A12"]) / lam
    axial = 2.0 * m_v * value["A0"] * along / m**2 * q + total * value["A1"] * (eta - along / m**2 * q)
    axial = axial - a_2 * along / total * (sum_ - (m_b**2 - m_v**2) / m**2 * q)
    return 2.0 * value["V"] / total * curl, 1j * axial


@pytest.mark.independent
@pytest.mark.parametrize("charge", ["+", "0"])
@pytest.mark.parametrize("dimension", [4, 5, 6])
@pytest.mark.parametrize("m", [0.3, 1.0, 2.0, 4.2])
@pytest.mark.parametrize(("g_v", "g_a"), [(1.0, 0.0), (0.0, 1.0), (0.7, -0.4)])
def test_kstar_against_polarisation_sum(m, dimension, charge, g_v, g_a):
    m_b, m_v = natural(f"m_B{charge}"), natural(f"m_K*{charge}")
    _, k, q = momenta(m_b, m_v, m)
    factor = {4: 1.0, 5: 2.0, 6: m * m}[dimension]
    amplitudes = []
    for eta, eps in itertools.product(polarisations(k), polarisations(q)):
        first, second = currents(m, charge, eta, dimension == 5)
        amplitudes.append(factor * dot(eps, 0.5 * g_v * first + 0.5 * g_a * second))
    expected = width(np.array(amplitudes), m_b, k) * natural(f"tau_B{charge}", "GeV^-1", "belle2")
    assert_allclose(lv.br_b_to_kstar(m, g_v, g_a, dimension, charge), expected, rtol=1e-9)


@pytest.mark.identity
@pytest.mark.parametrize("q2", [0.5, 4.0, 12.0, 18.0])
def test_neutrinos_are_a_virtual_left_handed_vector(q2):
    # the current of massless neutrinos has a spectral function proportional to q2
    k = standard_model.dbr_dq2_b_to_k_nunu(q2) / (q2 * lv.br_b_to_k(np.sqrt(q2), 1.0))
    at_zero = standard_model.dbr_dq2_b_to_k_nunu(1.0) / lv.br_b_to_k(1.0, 1.0)
    assert_allclose(k, at_zero, rtol=1e-9)
    kstar = standard_model.dbr_dq2_b_to_kstar_nunu(q2) / (q2 * lv.br_b_to_kstar(np.sqrt(q2), 1.0, -1.0))
    assert_allclose(kstar, at_zero, rtol=1e-9)


@pytest.mark.identity
def test_light_longitudinal_vector_is_a_scalar():
    # a Goldstone boson with the couplings g_V (m_b - m_s)/(2m) and g_A (m_b + m_s)/(2m)
    m, g = 1e-4, 1e-12
    kappa = g * (natural("m_b") - natural("m_s")) / m
    assert_allclose(lv.br_b_to_k(m, g), meson_decays.br_b_to_k_scalar(m, 1.0, kappa=kappa), rtol=1e-6)
    kappa = g * (natural("m_b") + natural("m_s")) / m
    assert_allclose(lv.br_b_to_kstar(m, 0.0, g), meson_decays.br_b_to_kstar_scalar(m, 1.0, kappa=kappa), rtol=1e-6)


@pytest.mark.identity
def test_light_vector_of_dimension_five_is_a_photon():
    # Gamma(B -> K* gamma) = alpha G_F^2 |V|^2 C_7^2 m_b^2 m_B^3 (1 - r)^3 T_1^2/(32 pi^4): here with g^2 in place of its couplings
    m_b, m_v = natural("m_B0"), natural("m_K*0")
    t_1 = form_factors.b_to_kstar(0.0, "T1")
    expected = m_b**3 * (1.0 - m_v**2 / m_b**2) ** 3 * t_1**2 / (4.0 * np.pi)
    expected *= natural("tau_B0", "GeV^-1", "belle2")
    assert_allclose(lv.br_b_to_kstar(1e-6, 1.0, -1.0, 5), expected, rtol=1e-6)
    # angular momentum forbids a photon and a K
    assert lv.br_b_to_k(1e-6, 1.0, 5) < 1e-10 * expected


@pytest.mark.published
def test_photon_of_the_standard_model():
    # leading order with C_7(m_b) = -0.304: the measured rate 4.2e-5 within the form factor and the corrections of order alpha_s
    c_7, alpha = 0.304, 1.0 / 137.036
    g = 4.0 * natural("G_F", "GeV^-2") / np.sqrt(2.0) * natural("|V_ts*V_tb|", "1") * c_7
    g *= np.sqrt(4.0 * np.pi * alpha) * natural("m_b") / (16.0 * np.pi**2)
    assert 2.5e-5 < lv.br_b_to_kstar(1e-6, g, -g, 5) < 6e-5


@pytest.mark.identity
@pytest.mark.parametrize("dimension", [4, 5, 6])
def test_powers_and_ends(dimension):
    low = {4: -2.0, 5: 2.0, 6: 2.0}[dimension]
    m = np.array([1e-4, 2e-4])
    one = lv.br_b_to_k(m, 1e-8, dimension)
    assert_allclose(np.log2(one[1] / one[0]), low, atol=1e-5)
    # K^(3/2) at the end point, that is 3/2 powers of the distance
    end = natural("m_B+") - natural("m_K+")
    near = lv.br_b_to_k(end - np.array([1e-6, 2e-6]), 1e-8, dimension)
    assert_allclose(np.log2(near[1] / near[0]), 1.5, atol=1e-5)
    assert lv.br_b_to_k([end, end + 1e-9, 100.0], 1.0, dimension).tolist() == [0.0, 0.0, 0.0]
    end = natural("m_B0") - natural("m_K*0")
    near = lv.br_b_to_kstar(end - np.array([1e-6, 2e-6]), [[1e-8], [0.0]], [[0.0], [1e-8]], dimension)
    assert_allclose(np.log2(near[:, 1] / near[:, 0]), [1.5, 0.5], atol=1e-4)
    assert lv.br_b_to_kstar(end + 1e-9, 1.0, 1.0, dimension) == 0.0
    assert lv.br_b_to_kstar(2.0, 1.0, 1.0, dimension) == lv.br_b_to_kstar(2.0, -1.0, 1.0, dimension)
    assert_allclose(lv.br_b_to_k(2.0, 2e-8, dimension), 4.0 * lv.br_b_to_k(2.0, -1e-8, dimension), rtol=1e-14)


@pytest.mark.identity
def test_dimension_six_is_four_times_the_mass():
    m = np.linspace(0.5, 4.0, 8)
    assert_allclose(lv.br_b_to_k(m, 1e-8, 6), lv.br_b_to_k(m, 1e-8 * m**2, 4), rtol=1e-14)
    assert_allclose(lv.br_b_to_kstar(m, 1e-8, 2e-8, 6), lv.br_b_to_kstar(m, 1e-8 * m**2, 2e-8 * m**2, 4), rtol=1e-14)


@pytest.mark.identity
def test_toys_move_the_rate():
    toys = np.eye(8)
    assert lv.br_b_to_k([1.0, 2.0], 1e-8, nuisance=toys).shape == (8, 2)
    error = form_factors.band(lambda n: lv.br_b_to_k(2.0, 1e-8, nuisance=n))
    slope = form_factors.band(lambda n: form_factors.b_to_k(4.0, "f+", nuisance=n))
    value, f_p = lv.br_b_to_k(2.0, 1e-8), form_factors.b_to_k(4.0, "f+")
    assert_allclose(error / value, 2.0 * slope / f_p, rtol=1e-9)


@pytest.mark.house
def test_dimension_is_one_of_three():
    for bad in (3, 7, 4.5):
        with pytest.raises(ParameterError, match="dimension = "):
            lv.br_b_to_k(2.0, 1e-8, bad)
        with pytest.raises(ParameterError, match="dimension = "):
            lv.br_b_to_kstar(2.0, 1e-8, 0.0, bad)


@pytest.mark.identity
def test_both_charges_of_a_kaon_in_babar():
    rate = np.array([1e-6, 2e-5])
    charged = rate * lv.br_b_to_kstar(2.0, 1e-8, 0.0, charge="+") / lv.br_b_to_kstar(2.0, 1e-8, 0.0, charge="0")
    wanted = babar.chi2(2.0, rate, "K*0") + babar.chi2(2.0, charged, "K*+")
    assert_allclose(lv.chi2_babar(2.0, rate, "K*"), wanted, rtol=1e-12)
    # beyond the end of the decay nothing is seen
    assert_allclose(lv.chi2_babar(6.0, 1e-5), lv.chi2_babar(2.0, 0.0), rtol=1e-12)
    with pytest.raises(ParameterError, match=r"^kaon = 'K\+' is not one of"):
        lv.chi2_babar(2.0, 1e-5, "K+")


@pytest.mark.identity
def test_fit_with_babar():
    alone = belle2.Likelihood().fit_rate(belle2.Spectrum.line(2.0))
    rate, low, high, z = lv.fit_with_babar(2.0, "none")
    assert_allclose([rate, low, high], [alone.rate, alone.rate - alone.minus, alone.rate + alone.plus], atol=1e-7)
    assert_allclose(z**2, alone.delta_chi2, rtol=1e-3)
    b, s = 0.4 * babar.expected(), babar.events(2.0, 1.0)
    for n in (0, 3):
        found = lv.fit_with_babar(2.0, n, 0.4)
        x = np.array([found[0], 0.0])
        chi2 = belle2.Likelihood().chi2(belle2.Spectrum.line(2.0), x) + 2 * (b + s * x - n * np.log(b + s * x))
        assert_allclose(found[3] ** 2, chi2[1] - chi2[0], rtol=1e-9)
        assert found[1] < found[0] < found[2]
    sums = [lv.fit_with_babar(2.0, name) for name in ("K", "K and K*")]
    x = np.array([sums[1][0], 0.0])
    ratio = lv.br_b_to_kstar(2.0, 1e-8, 0.0) / lv.br_b_to_k(2.0, 1e-8)
    chi2 = belle2.Likelihood().chi2(belle2.Spectrum.line(2.0), x) + lv.chi2_babar(2.0, x) + lv.chi2_babar(2.0, ratio * x, "K*")
    assert_allclose(sums[1][3] ** 2, chi2[1] - chi2[0], rtol=1e-9)
    assert_allclose(sums[0][0], 8.0e-6, rtol=0.02)
    for bad in ("K*", 7, 2.5):
        with pytest.raises(ParameterError, match="counts = "):
            lv.fit_with_babar(2.0, bad)


@pytest.mark.regression
def test_the_row_is_that_of_the_chapter():
    row = lv.row()
    coupling, rate, plus, minus, gain, behind, kstar = stored.numbers("rival_light_vector", "vector, dimension 4 or 6")
    assert_allclose(1e6 * np.array([row.rate, row.plus, row.minus]), [rate, plus, minus], atol=0.051)
    assert_allclose([row.delta_chi2, row.delta_chi2_line - row.delta_chi2], [gain, behind], atol=0.051)
    assert_allclose(row.kstar, kstar, atol=0.0051)
    assert row.bears[0] == f"g_V = {1e-8 * coupling:.1e}"
    chiral = stored.numbers("rival_light_vector", "left- or right-handed, dimension 4 or 6")[-1]
    assert f"at {chiral:.2f} times" in row.bears[2]
    assert f"at {stored.numbers('rival_light_vector', 'vector, dimension 5')[-1]:.0f} times" in row.bears[3]


@pytest.mark.identity
def test_the_limits_of_the_row():
    row, (m, g) = lv.row(), (2.0, float(lv.row().bears[0].split()[-1]))
    # at the largest axial coupling the rate of K* is its room
    most = float(row.bears[1].split()[-1])
    assert_allclose(lv.br_b_to_kstar(m, g, most * g) / lv.br_b_to_k(m, g) * row.rate, kstar_room(), rtol=0.02)
    k0 = row.rate * lv.br_b_to_k(m, g, charge="0") / lv.br_b_to_k(m, g)
    change = babar.chi2(m, row.rate) - babar.chi2(m, 0.0) + babar.chi2(m, k0, "K0") - babar.chi2(m, 0.0, "K0")
    assert row.bears[4].endswith(f"changes by {change:+.1f}")
    # of what it needs only the limit on B -> X_s is new since the talk
    assert dataclasses.replace(lv.row("today"), cells=row.cells) == row
    with override({"bound.kstar": 2.0 * natural("bound.kstar", "1")}):
        assert_allclose(lv.row().kstar * kstar_room(), lv.br_b_to_kstar(m, g, 0.0) / lv.br_b_to_k(m, g) * row.rate, rtol=1e-9)
