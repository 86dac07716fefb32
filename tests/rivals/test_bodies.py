"""Shapes and K* ratios against traces with explicit matrices, limits, and the preferences of arXiv:2312.12507."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose

from darkhiggs import belle2, form_factors, inputs, kinematics, meson_decays, rivals, standard_model
from darkhiggs.errors import ParameterError
from darkhiggs.limits import kstar_room
from darkhiggs.rivals import bodies, effective

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ONE, NONE = np.eye(2), np.zeros((2, 2))
GAMMA = np.array([np.block([[ONE, NONE], [NONE, -ONE]]), *(np.block([[NONE, s], [-s, NONE]]) for s in PAULI)])
SIGMA = np.array([[0.5j * (a @ b - b @ a) for b in GAMMA] for a in GAMMA])


def levi_civita():
    tensor = np.zeros((4, 4, 4, 4))
    for order in itertools.permutations(range(4)):
        tensor[order] = np.linalg.det(np.eye(4)[list(order)])
    return tensor


EPSILON = levi_civita()


def lower(vector):
    return METRIC @ vector


def dot(a, b):
    return a @ METRIC @ b


def slash(vector):
    return np.einsum("m,mab->ab", lower(vector), GAMMA)


def momenta(m_b, m, q2):
    """Momenta of B and of the meson in the rest frame of the pair, the meson along z."""
    energy = (m_b**2 - m**2 - q2) / (2.0 * np.sqrt(q2))
    p = np.sqrt(kinematics.kallen(m_b**2, m**2, q2) / (4.0 * q2))
    k = np.array([energy, 0.0, 0.0, p])
    return k + np.array([np.sqrt(q2), 0.0, 0.0, 0.0]), k


def hadrons(meson, shape, quarks, q2):
    """Matrix elements of the quark current, one for each polarisation of the meson, with upper indices."""
    m_b, m = (inputs.natural(name) for name in (f"m_B{meson[-1]}", f"m_{meson}"))
    big, k = momenta(m_b, m, q2)
    q, both = big - k, big + k
    chiral = float(quarks == "chiral")
    if meson == "K+":
        f_0, f_plus, f_t = (form_factors.b_to_k(q2, which) for which in ("f0", "f+", "fT"))
        along = (m_b**2 - m**2) / q2 * q
        tensor = 1j * f_t / (m_b + m) * (np.outer(both, q) - np.outer(q, both))
        return {
            "scalar": [(m_b**2 - m**2) / (inputs.natural("m_b") - inputs.natural("m_s")) * f_0],
            "vector": [f_plus * (both - along) + f_0 * along],
            "tensor": [tensor + chiral * dual(tensor)],
        }[shape]
    if shape == "tensor":
        return [part + chiral * dual(part) for part in kstar_tensors(m_b, m, q2)]
    v, a_1, a_12, a_0 = (form_factors.b_to_kstar(q2, which) for which in ("V", "A1", "A12", "A0"))
    lam = kinematics.kallen(m_b**2, m**2, q2)
    a_2 = ((m_b + m) ** 2 * (m_b**2 - m**2 - q2) * a_1 - 16.0 * m_b * m**2 * (m_b + m) * a_12) / lam
    a_3 = ((m_b + m) * a_1 - (m_b - m) * a_2) / (2.0 * m)
    states = [np.array([0, 1, 1j, 0]), np.array([0, 1, -1j, 0]), np.sqrt(2.0) / m * np.array([k[3], 0, 0, k[0]])]
    found = []
    for state in states:
        bar = np.conj(state) / np.sqrt(2.0)
        if shape == "scalar":
            density = 2.0 * m / (inputs.natural("m_b") + inputs.natural("m_s")) * a_0 * dot(bar, q)
            found.append(density if quarks == "chiral" else 0.0)
            continue
        vector = 2.0 * v / (m_b + m) * np.einsum("mnrs,n,r,s->m", EPSILON, *map(lower, (bar, big, k)))
        axial = (m_b + m) * a_1 * bar - a_2 / (m_b + m) * dot(bar, q) * both - 2.0 * m * (a_3 - a_0) / q2 * dot(bar, q) * q
        found.append(vector + 1j * axial if quarks == "chiral" else vector)
    return found


def dual(tensor):
    """sigma gamma5 in place of sigma."""
    return 0.5j * np.einsum("mnrs,rs->mn", EPSILON, METRIC @ tensor @ METRIC)


def kstar_tensors(m_b, m, q2):
    """Matrix elements of sigma, one for each polarisation of K*, from those of q_n sigma^mn and q_n sigma^mn gamma5."""
    big, k = momenta(m_b, m, q2)
    q, both = big - k, big + k
    t_1, t_2, t_23 = (form_factors.b_to_kstar(q2, which) for which in ("T1", "T2", "T23"))
    lam, gap = kinematics.kallen(m_b**2, m**2, q2), m_b**2 - m**2
    t_3 = (gap * (m_b**2 + 3.0 * m**2 - q2) * t_2 - 8.0 * m_b * m**2 * (m_b - m) * t_23) / lam
    found = []
    for bar in np.array([[0, 1, 0, 0], [0, 0, 1, 0], [k[3] / m, 0, 0, k[0] / m]]):
        one = 2j * t_1 * np.einsum("mnrs,n,r,s->m", EPSILON, *map(lower, (bar, big, k)))
        two = t_2 * (gap * bar - dot(bar, q) * both) + t_3 * dot(bar, q) * (q - q2 / gap * both)
        tensor = (np.outer(one, q) - np.outer(q, one) + dual(np.outer(two, q) - np.outer(q, two))) / q2
        assert_allclose(tensor @ lower(q), one, atol=1e-9)
        assert_allclose(dual(tensor) @ lower(q), two, atol=1e-9)
        found.append(tensor)
    return found


def squared(meson, shape, pair, m_x, q2, quarks="plain"):
    """|M|^2, summed over spins and averaged over the direction of the pair."""
    cosines, weights = np.polynomial.legendre.leggauss(6)
    energy, p = 0.5 * np.sqrt(q2), np.sqrt(max(0.25 * q2 - m_x**2, 0.0))
    total = 0.0
    for c, weight in zip(cosines, weights, strict=True):
        one = np.array([energy, p * np.sqrt(1.0 - c * c), 0.0, p * c])
        two = np.array([energy, *-one[1:]])
        for current in hadrons(meson, shape, quarks, q2):
            if pair == "scalar":
                amplitude = current if shape == "scalar" else dot(current, one - two)
                total += 0.5 * weight * abs(amplitude) ** 2
                continue
            vertex = {
                "scalar": lambda x: x * np.eye(4),
                "vector": lambda x: np.einsum("m,mab->ab", lower(x), GAMMA),
                "tensor": lambda x: np.einsum("mn,mnab->ab", METRIC @ x @ METRIC, SIGMA),
            }[shape](current)
            barred = GAMMA[0] @ vertex.conj().T @ GAMMA[0]
            trace = np.trace((slash(one) + m_x * np.eye(4)) @ vertex @ (slash(two) - m_x * np.eye(4)) @ barred)
            total += 0.5 * weight * trace.real
    return total


def spectrum(meson, shape, pair, m_x, quarks="plain"):
    """The partial width by q2, up to one factor for both mesons."""
    m_b, m = (inputs.natural(name) for name in (f"m_B{meson[-1]}", f"m_{meson}"))

    def rate(q2):
        root = np.sqrt(np.maximum(kinematics.kallen(m_b**2, m**2, q2), 0.0))
        beta = np.sqrt(np.maximum(1.0 - 4.0 * m_x**2 / q2, 0.0))
        inside = root * beta > 0.0
        value = [squared(meson, shape, pair, m_x, x, quarks) if good else 0.0 for x, good in zip(q2, inside, strict=True)]
        return root * beta / m_b**3 * np.array(value)

    return rate


PAIRS = [("scalar", "fermion"), ("scalar", "scalar"), ("vector", "fermion"), ("vector", "scalar"), ("tensor", "fermion")]


@pytest.mark.independent
@pytest.mark.parametrize(("shape", "pair"), PAIRS)
@pytest.mark.parametrize("m_x", [0.0, 0.7])
def test_shapes_are_those_of_the_traces(shape, pair, m_x):
    numeric = spectrum("K+", shape, pair, m_x)
    traces = belle2.Spectrum.from_function(numeric, breaks=4.0 * m_x**2)
    assert_allclose(bodies.spectra(m_x, shape, pair).efficiency, traces.efficiency, rtol=1e-6)


@pytest.mark.independent
@pytest.mark.parametrize("quarks", ["plain", "chiral"])
@pytest.mark.parametrize(("shape", "pair"), PAIRS)
def test_kstar_ratios_are_those_of_the_traces(shape, pair, quarks):
    m_x, widths = 0.7, []
    nodes, weights = np.polynomial.legendre.leggauss(40)
    for meson in ("K*0", "K+"):
        low, end = 4.0 * m_x**2, float(inputs.natural(f"m_B{meson[-1]}") - inputs.natural(f"m_{meson}")) ** 2
        # q2 = middle + half sin(t) takes the square roots out of both ends
        t = 0.5 * np.pi * nodes
        q2 = 0.5 * (low + end) + 0.5 * (end - low) * np.sin(t)
        rate = spectrum(meson, shape, pair, m_x, quarks)(q2)
        widths.append(np.sum(rate * weights * 0.25 * np.pi * (end - low) * np.cos(t)))
    life = inputs.value("tau_B0", "GeV^-1") / inputs.value("tau_B+", "GeV^-1")
    assert_allclose(bodies.kstar_ratio(m_x, shape, quarks, pair), life * widths[0] / widths[1], rtol=1e-6, atol=1e-12)


@pytest.mark.identity
def test_massless_chiral_pairs_are_the_neutrinos():
    ratio = standard_model.br_b_to_kstar_nunu() / standard_model.br_b_to_k_nunu()
    life = [inputs.value("tau_B0", "GeV^-1", name) / inputs.value("tau_B+", "GeV^-1", name) for name in ("talk", "belle2")]
    assert_allclose(bodies.kstar_ratio(0.0, "vector", "chiral"), ratio * life[0] / life[1], rtol=1e-6)
    # T and T5 alike: one chirality gives K the same twice, and K* both of its parts twice
    tensors = [bodies.kstar_ratio(0.0, "tensor", quarks) for quarks in ("plain", "chiral")]
    assert_allclose(*tensors, rtol=1e-12)
    # scalars have half the rate of fermions in both
    assert_allclose(bodies.kstar_ratio(0.0, "vector", pair="scalar"), bodies.kstar_ratio(0.0, "vector"), rtol=1e-12)


@pytest.mark.identity
def test_kstar_ratio_of_a_line():
    masses = np.array([0.5, 2.0, 4.5])
    assert np.array_equal(bodies.kstar_ratio(masses, "line"), np.zeros(3))
    ratio = meson_decays.br_b_to_kstar_scalar(masses, 0.01) / meson_decays.br_b_to_k_scalar(masses, 0.01)
    assert_allclose(bodies.kstar_ratio(masses, "line", "chiral"), ratio, rtol=1e-12)
    assert bodies.kstar_ratio(4.5, "line", "chiral") == 0.0


@pytest.mark.identity
def test_kstar_closes_before_k():
    end = {name: inputs.natural(f"m_B{name[-1]}") - inputs.natural(f"m_{name}") for name in ("K+", "K*0")}
    between = 0.25 * (end["K+"] + end["K*0"])
    assert bodies.kstar_ratio(between, "vector", "chiral") == 0.0
    assert bodies.kstar_ratio(0.5 * end["K*0"] - 0.01, "vector", "chiral") > 0.0


@pytest.mark.identity
def test_powers_where_kstar_closes():
    # a slow three-body state has two powers of the energy that is left, and one more for each P wave
    end = 0.5 * (inputs.natural("m_B0") - inputs.natural("m_K*0"))
    masses = end - np.array([2e-7, 1e-7])
    powers = {("vector", "plain"): 3, ("vector", "chiral"): 2, ("scalar", "chiral"): 4, ("tensor", "plain"): 3}
    for (shape, quarks), power in (powers | {("tensor", "chiral"): 2}).items():
        assert_allclose(np.divide(*bodies.kstar_ratio(masses, shape, quarks)), 2.0**power, rtol=1e-3)
    assert_allclose(np.divide(*bodies.kstar_ratio(masses, "vector", "chiral", "scalar")), 2.0**3, rtol=1e-3)
    # a massless line and a massless pair are finite; at a heavy line K* is a P wave
    assert_allclose(np.divide(*bodies.kstar_ratio(2 * masses, "line", "chiral")), 2.0**1.5, rtol=1e-3)


@pytest.mark.identity
def test_tensor_ratio_is_that_of_the_operators():
    life = [inputs.value("tau_B+", "GeV^-1", name) / inputs.value("tau_B0", "GeV^-1", name) for name in ("talk", "belle2")]
    masses = np.array([0.0, 0.7, 1.5])
    kaon, kstar = (
        [rate("fermion:T", masses, gamma5=gamma5) for gamma5 in (False, True)]
        for rate in (effective.br_b_to_k, effective.br_b_to_kstar)
    )
    plain, chiral = (bodies.kstar_ratio(masses, "tensor", quarks) * life[0] / life[1] for quarks in ("plain", "chiral"))
    assert_allclose(plain, kstar[0] / kaon[0], rtol=1e-7)
    assert_allclose(chiral, (kstar[0] + kstar[1]) / (kaon[0] + kaon[1]), rtol=1e-7)


@pytest.mark.identity
def test_a_preference_is_the_top_of_its_scan():
    best = bodies.preference("vector")
    masses = np.array([best.low, best.mass - 0.02, best.mass, best.mass + 0.02, best.high])
    fit = belle2.Likelihood().fit_rate(bodies.spectra(masses, "vector"))
    assert np.argmax(fit.delta_chi2) == 2
    assert_allclose(best.delta_chi2, fit.delta_chi2[2], rtol=1e-9)
    assert_allclose(best.delta_chi2 - fit.delta_chi2[[0, 4]], 1.0, atol=0.01)
    assert not best.at_edge
    assert bodies.preference("scalar").at_edge
    assert bodies.preference("scalar").low == 0.0


@pytest.mark.published
def test_the_favourite_of_the_paper():
    # abstract of arXiv:2312.12507: through the vector current, near 0.6 GeV
    best = {shape: bodies.preference(shape) for shape in bodies.KINDS}
    assert best["vector"].low < 0.6 < best["vector"].high
    assert best["vector"].delta_chi2 > max(best[shape].delta_chi2 for shape in ("scalar", "tensor")) + 1.0
    # and a line near 2 GeV is close; here it is ahead, and level with inclusive tagging alone
    assert abs(best["line"].mass - 2.0) < 0.25
    assert 0.0 < best["line"].delta_chi2 - best["vector"].delta_chi2 < 4.0
    alone = {shape: bodies.preference(shape, channels=("ITA",)).delta_chi2 for shape in ("line", "vector")}
    assert abs(alone["line"] - alone["vector"]) < 0.5


@pytest.mark.identity
def test_the_row_follows_the_inputs():
    (row,) = [row for row in rivals.summary() if row.chapter == "rival_bodies"]
    assert row == bodies.row("talk")
    best = bodies.preference("vector")
    assert_allclose([row.rate, row.delta_chi2], [best.rate, best.delta_chi2], rtol=1e-9)
    room = kstar_room()
    assert_allclose(row.kstar, bodies.kstar_ratio(best.mass, "vector") * best.rate / room, rtol=1e-9)
    with inputs.override({"bound.kstar": 2.0 * inputs.value("bound.kstar", "1")}):
        assert bodies.row().kstar < 0.5 * row.kstar


@pytest.mark.house
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bodies.spectra([], "vector"), "m_x holds no mass"),
        (lambda: bodies.spectra(0.5, "tensor", "scalar"), "the tensor current makes no pair of scalars"),
        (lambda: bodies.kstar_ratio(0.5, "tensor", pair="scalar"), "the tensor current makes no pair of scalars"),
        (lambda: bodies.kstar_ratio(0.5 * (inputs.natural("m_B+") - inputs.natural("m_K+")), "vector"), "no decay is open"),
        (lambda: bodies.preference("axial"), "shape = 'axial' is not one of"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ParameterError, match=words):
        call()
