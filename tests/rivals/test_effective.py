"""Effective operators, held against traces, polarisation sums and form factors with explicit 4-vectors."""

import dataclasses
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests import stored

from darkhiggs import belle2, form_factors, meson_decays, model, standard_model
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import natural, override
from darkhiggs.limits import kstar_room
from darkhiggs.rivals import effective, light_vector

# ------------------------------------------------------- a second method: chiral matrices, traces, polarisation sums, 4-vectors
G = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ZERO, ONE = np.zeros((2, 2)), np.eye(2)
GAMMA = np.array([np.block([[ZERO, ONE], [ONE, ZERO]])] + [np.block([[ZERO, s], [-s, ZERO]]) for s in PAULI])
GAMMA_5 = np.diag([-1.0, -1.0, 1.0, 1.0]).astype(complex)
SIGMA = np.array([[0.5j * (a @ b - b @ a) for b in GAMMA] for a in GAMMA])
EPSILON = np.zeros((4, 4, 4, 4))
for index in np.ndindex(4, 4, 4, 4):
    EPSILON[index] = -np.linalg.det(np.eye(4)[list(index)])
DIRAC = {"S": np.eye(4) + 0j, "P": 1j * GAMMA_5, "V": GAMMA, "A": GAMMA @ GAMMA_5, "T": SIGMA, "T5": SIGMA @ GAMMA_5}
QUARK = {"S": "S", "P": "S", "V": "V", "A": "V", "T": "T", "T5": "T"}
C_ODD = {"scalar:V", "fermion:V", "fermion:T", "fermion:T5", "vector:T1", "vector:T2", "vector:V4", "vector:V5", "vector:V6"}


def slash(k):
    return np.einsum("m,mab->ab", G @ k, GAMMA)


def lowered(tensor, first=0):
    """Lower every index of a tensor from the axis `first` on."""
    for axis in range(first, np.ndim(tensor)):
        tensor = np.moveaxis(np.tensordot(tensor, G, (axis, 0)), -1, axis)
    return tensor


def bilinear(form, k_1, k_2):
    """Coefficients of e_1^m e_2^n in the bilinear of a vector field; the open upper indices come first."""
    q = k_1 + k_2
    both = np.einsum("am,bn->abmn", np.eye(4), np.eye(4))  # e_1^a e_2^b
    other = np.einsum("bm,an->abmn", np.eye(4), np.eye(4))  # e_1^b e_2^a
    upper = np.einsum("abcd,cm,dn->abmn", EPSILON, G, G)  # eps^{ab}_{mn}
    return {
        "S": G,
        "T1": 0.5j * (both - other),
        "T2": 0.5 * (both - other),
        "V2": 1j * np.einsum("abmn,b->amn", both + other, G @ q),
        "V3": 1j * np.einsum("abmn,b->amn", upper, G @ (k_2 - k_1)),
        "V4": np.einsum("a,mn->amn", k_1 - k_2, G),
        "V5": -np.einsum("abmn,b->amn", both - other, G @ q),
        "V6": -np.einsum("abmn,b->amn", upper, G @ q),
    }[form]


def dark_tensor(operator, k_1, k_2, m):
    """Sum over spins of J J*, with upper indices; indices of J first."""
    pair, form = operator.split(":")
    if pair == "scalar":
        current = np.array(1.0) if form == "S" else k_1 - k_2
        return np.multiply.outer(current, current)
    if pair == "fermion":
        gamma = DIRAC[form].reshape(-1, 4, 4)
        barred = np.array([GAMMA[0] @ g.conj().T @ GAMMA[0] for g in gamma])
        one, two = slash(k_1) + m * np.eye(4), slash(k_2) - m * np.eye(4)
        trace = np.einsum("ab,xbc,cd,yda->xy", one, gamma, two, barred)
        shape = DIRAC[form].shape[:-2]
        return trace.reshape(shape + shape)
    current = bilinear(form, k_1, k_2)
    sums = [-G + np.outer(k, k) / m**2 for k in (k_1, k_2)]
    flat = current.reshape(-1, 4, 4)
    square = np.einsum("xmn,mr,ns,yrs->xy", flat, *sums, flat.conj())
    return square.reshape(current.shape[:-2] * 2)


def dual(tensor):
    """sigma gamma5 in terms of sigma: its sign is tested below."""
    return -0.5j * np.einsum("abcd,cd->ab", EPSILON, lowered(tensor))


def quarks(kaon, kind, gamma5, q, p_b, p_k):
    """Matrix elements with upper indices, one for each polarisation of the K*."""
    q2, m_b, m_k = q @ G @ q, np.sqrt(p_b @ G @ p_b), np.sqrt(p_k @ G @ p_k)
    if kaon == "K":
        f = {w: form_factors.b_to_k(q2, w) for w in ("f+", "f0", "fT")}
        if kind == "S":
            return [] if gamma5 else [(m_b**2 - m_k**2) / (natural("m_b") - natural("m_s")) * f["f0"]]
        if kind == "V":
            along = (m_b**2 - m_k**2) / q2 * q
            return [] if gamma5 else [f["f+"] * (p_b + p_k - along) + f["f0"] * along]
        tensor = 1j * (np.outer(p_b, p_k) - np.outer(p_k, p_b)) * 2.0 * f["fT"] / (m_b + m_k)
        return [dual(tensor) if gamma5 else tensor]
    f = {w: form_factors.b_to_kstar(q2, w) for w in ("V", "A0", "A1", "A12", "T1", "T2", "T23")}
    root_2 = (m_b**2 - m_k**2 - q2) ** 2 - 4.0 * m_k**2 * q2
    a_2 = (m_b + m_k) ** 2 * (m_b**2 - m_k**2 - q2) * f["A1"] - 16.0 * m_b * m_k**2 * (m_b + m_k) * f["A12"]
    a_2 /= root_2
    t_3 = (m_b**2 - m_k**2) * (m_b**2 + 3.0 * m_k**2 - q2) * f["T2"] - 8.0 * m_b * m_k**2 * (m_b - m_k) * f["T23"]
    t_3 /= root_2
    energy, momentum = p_k[0], p_k[3]
    found = []
    for e in np.array([[0, 1, 0, 0], [0, 0, 1, 0], [momentum / m_k, 0, 0, energy / m_k]]):
        dot = e @ G @ q
        twisted = np.einsum("abcd,b,c,d->a", EPSILON, G @ e, G @ p_b, G @ p_k)
        along = (m_b**2 - m_k**2) / q2 * q
        if kind == "S":
            found += [2.0 * m_k * f["A0"] / (natural("m_b") + natural("m_s")) * dot] if gamma5 else []
        elif kind == "V" and not gamma5:
            found.append(2.0 * f["V"] / (m_b + m_k) * twisted)
        elif kind == "V":
            axial = (m_b + m_k) * f["A1"] * (e - dot / q2 * q) + 2.0 * m_k * f["A0"] * dot / q2 * q
            found.append(axial - a_2 * dot / (m_b + m_k) * (p_b + p_k - along))
        else:
            # sigma^{ab} q_b and sigma^{ab} gamma5 q_b fix the whole tensor
            one = 2.0 * f["T1"] * twisted
            two = f["T2"] * ((m_b**2 - m_k**2) * e - dot * (p_b + p_k))
            two = two + t_3 * dot * (q - q2 / (m_b**2 - m_k**2) * (p_b + p_k))
            electric = 1j * (np.outer(one, q) - np.outer(q, one)) / q2
            tensor = electric + dual(np.outer(two, q) - np.outer(q, two)) / q2
            assert_allclose(lowered(tensor, 1) @ q, 1j * one, atol=1e-9)
            assert_allclose(lowered(dual(tensor), 1) @ q, two, atol=1e-9)
            found.append(dual(tensor) if gamma5 else tensor)
    return found


def by_hand(kaon, operator, q2, m, gamma5=False):
    """dGamma/dq2 for a unit coefficient, with the pair in every direction."""
    charge = "+" if kaon == "K" else "0"
    m_b, m_k = natural(f"m_B{charge}"), natural(f"m_{kaon}{charge}")
    root = np.sqrt((m_b**2 - m_k**2 - q2) ** 2 - 4.0 * m_k**2 * q2)
    q = np.array([np.sqrt(q2), 0, 0, 0])
    momentum = root / (2.0 * np.sqrt(q2))
    p_k = np.array([np.hypot(m_k, momentum), 0, 0, -momentum])
    pair, form = operator.split(":")
    kind = QUARK[form] if pair == "fermion" else form[0]
    elements = quarks(kaon, kind, gamma5 != (operator == "vector:T2"), q, q + p_k, p_k)
    beta, energy, total = np.sqrt(1.0 - 4.0 * m**2 / q2), 0.5 * np.sqrt(q2), 0.0
    for cosine, weight in zip(*np.polynomial.legendre.leggauss(6), strict=True):
        for phi in np.arange(6) * np.pi / 3.0 + 0.1:
            sine = np.sqrt(1.0 - cosine**2)
            k = beta * energy * np.array([sine * np.cos(phi), sine * np.sin(phi), cosine])
            dark = dark_tensor(operator, np.array([energy, *k]), np.array([energy, *-k]), m)
            for h in elements:
                h_low = lowered(np.asarray(h, dtype=complex))
                axes = h_low.ndim
                part = np.tensordot(h_low, dark, axes) if axes else h_low * dark
                value = np.tensordot(part, h_low.conj(), axes) if axes else part * h_low.conj()
                assert abs(value.imag) < 1e-9 * max(abs(value.real), 1e-12)
                total += 0.5 * weight / 6.0 * value.real
    return root * beta / (256.0 * np.pi**3 * m_b**3) * total


@pytest.mark.identity
def test_duality_of_the_second_method():
    for a in range(4):
        for b in range(4):
            lower = np.einsum("cdxy,ce,df->efxy", SIGMA, G, G)
            assert_allclose(SIGMA[a, b] @ GAMMA_5, -0.5j * np.einsum("cd,cdxy->xy", EPSILON[a, b], lower), atol=1e-14)


@pytest.mark.identity
@pytest.mark.parametrize("gamma5", [False, True])
@pytest.mark.parametrize("operator", effective.OPERATORS)
@pytest.mark.parametrize(("q2", "m"), [(1.7, 0.31), (9.0, 0.31), (9.0, 1.42)])
def test_spectra_against_traces_and_polarisation_sums(operator, q2, m, gamma5):
    spectra = {"K": effective.dbr_dq2_b_to_k, "K*": effective.dbr_dq2_b_to_kstar}
    for kaon, function in spectra.items():
        lifetime = natural(f"tau_B{'+' if kaon == 'K' else '0'}", "GeV^-1", "belle2")
        expected = lifetime * by_hand(kaon, operator, q2, m, gamma5)
        assert_allclose(function(q2, operator, m, gamma5=gamma5), expected, rtol=1e-9, atol=0.0)


@pytest.mark.identity
def test_charge_conjugation_decides_what_vanishes():
    # C G^T C^-1 = +-G for fermions; for vectors the bilinear with the particles exchanged
    charge = 1j * GAMMA[2] @ GAMMA[0]
    k_1, k_2 = np.array([1.1, 0.3, -0.2, 0.5]), np.array([1.4, -0.1, 0.7, 0.2])
    for operator in effective.OPERATORS:
        pair, form = operator.split(":")
        if pair == "fermion":
            turned = charge @ np.swapaxes(DIRAC[form], -1, -2) @ np.linalg.inv(charge)
            even = np.allclose(turned, DIRAC[form])
            assert even or np.allclose(turned, -DIRAC[form])
        elif pair == "vector":
            one, other = bilinear(form, k_1, k_2), np.swapaxes(bilinear(form, k_2, k_1), -1, -2)
            even = np.allclose(one, other)
            assert even or np.allclose(one, -other)
        else:
            even = form == "S"
        assert effective.vanishes(operator) == (not even) == (operator in C_ODD)
        assert not effective.vanishes(operator, self_conjugate=False)


@pytest.mark.identity
@pytest.mark.parametrize("operator", effective.OPERATORS)
def test_identical_particles_double_the_rate_or_forbid_it(operator):
    # amplitude 2, squared 4, half of the phase space
    factor = 0.0 if operator in C_ODD else 2.0
    for rate in (effective.br_b_to_k, effective.br_b_to_kstar):
        assert_allclose(rate(operator, 0.8, self_conjugate=True), factor * rate(operator, 0.8), rtol=1e-8)


@pytest.mark.identity
@pytest.mark.parametrize("operator", effective.OPERATORS)
def test_amplitudes_against_traces(operator):
    # the explicit spinors and polarisation vectors that decide what vanishes, at momenta in no special frame
    k_1, k_2 = effective._K_1, effective._K_2
    m = np.sqrt(k_1 @ G @ k_1)
    assert_allclose([m, effective._mass(k_1), effective._mass(k_2)], 0.7, rtol=1e-12)
    pair = effective._TABLE[operator].pair(k_1, k_2)
    found = np.einsum("ij...,ij...->...", pair, pair.conj()).real
    dark = dark_tensor(operator, k_1, k_2, m)
    size = 4 ** (np.ndim(dark) // 2)
    assert_allclose(found.ravel(), np.diag(np.reshape(dark, (size, size))).real, rtol=1e-9, atol=1e-11)


@pytest.mark.regression
@pytest.mark.parametrize(
    ("operator", "rates", "massless"),
    [
        ("scalar:S", [6.235e9, 4.542e9, 7.085e8], None),
        ("scalar:V", [1.999e10, 9.619e9, 1.914e8], None),
        ("fermion:S", [1.377e11, 8.965e10, 5.130e9], 1.576e11),
        ("fermion:P", [1.502e11, 1.260e11, 2.780e10], 1.576e11),
        ("fermion:V", [1.017e11, 7.479e10, 7.425e9], 1.114e11),
        ("fermion:A", [1.065e11, 9.000e10, 2.022e10], 1.114e11),
        ("fermion:T", [6.651e10, 7.341e10, 1.523e10], 5.890e10),
        ("fermion:T5", [4.992e10, 2.958e10, 8.63e8], 5.890e10),
    ],
)
def test_rates_of_a_first_derivation(operator, rates, massless):
    # derived apart from this module, with a lifetime of 1.637 ps, which is that of the default input set
    lifetime = natural("tau_B+", "GeV^-1") / natural("tau_B+", "GeV^-1", "belle2")
    assert_allclose(effective.br_b_to_k(operator, [0.5, 1.0, 2.0]) * lifetime, rates, rtol=5e-4)
    if massless:
        assert_allclose(effective.br_b_to_k(operator, 0.0) * lifetime, massless, rtol=5e-4)


@pytest.mark.identity
@pytest.mark.parametrize("charge", ["+", "0"])
def test_neutrinos_are_v_minus_a(charge):
    # (sbar gamma P_L b)(nubar gamma (1 - gamma5) nu): half of the quark current, and V and -A of the neutrinos
    coupling = natural("G_F", "GeV^-2") / natural("1/alpha(M_Z)", "1", "belle2") * natural("|V_ts*V_tb|", "1", "belle2")
    c = coupling * natural("X_t", "1", "belle2") / natural("s_W^2", "1", "belle2") / (2.0 * np.sqrt(2.0) * np.pi)
    q2 = np.linspace(0.5, 18.0, 8)
    left = {"charge": charge, "m_dm": 0.0, "coefficient": c}
    kaon = sum(effective.dbr_dq2_b_to_k(q2, name, **left) for name in ("fermion:V", "fermion:A"))
    assert_allclose(3.0 * kaon, standard_model.dbr_dq2_b_to_k_nunu(q2, charge), rtol=1e-10)
    kstar = sum(
        effective.dbr_dq2_b_to_kstar(q2, name, gamma5=gamma5, **left)
        for name in ("fermion:V", "fermion:A")
        for gamma5 in (False, True)
    )
    assert_allclose(3.0 * kstar, standard_model.dbr_dq2_b_to_kstar_nunu(q2, charge), rtol=1e-10)
    total = sum(effective.br_b_to_k(name, **left) for name in ("fermion:V", "fermion:A"))
    assert_allclose(3.0 * total, standard_model.br_b_to_k_nunu(charge=charge), rtol=1e-8)


@pytest.mark.identity
def test_a_heavy_scalar_splits_into_two_two_body_decays():
    # dGamma/dq2 of (sbar b)(phi* phi) = Gamma(B -> K S) q Gamma(S -> phi phi*)/pi at m_S^2 = q2; kappa/2 is the scalar coupling
    q2, m = 6.0, 0.4
    two_body = meson_decays.br_b_to_k_scalar(np.sqrt(q2), 1.0, kappa=1e-5) / (0.5e-5) ** 2
    pair = np.sqrt(1.0 - 4.0 * m**2 / q2) / (16.0 * np.pi * np.sqrt(q2))
    assert_allclose(effective.dbr_dq2_b_to_k(q2, "scalar:S", m), two_body * np.sqrt(q2) * pair / np.pi, rtol=1e-10)
    two_body = meson_decays.br_b_to_kstar_scalar(np.sqrt(q2), 1.0, kappa=1e-5) / (0.5e-5) ** 2
    found = effective.dbr_dq2_b_to_kstar(q2, "scalar:S", m, gamma5=True)
    assert_allclose(found, two_body * np.sqrt(q2) * pair / np.pi, rtol=1e-10)


@pytest.mark.identity
def test_bs_to_a_pair_by_traces():
    # a moving B_s, and a pair that leaves in no special direction in its rest frame
    mass, decay_constant = natural("m_Bs"), natural("f_Bs")
    lifetime = natural("tau_Bs", "GeV^-1", "belle2")
    velocity = np.array([0.2, -0.3, 0.4])
    gamma = 1.0 / np.sqrt(1.0 - velocity @ velocity)
    boost = np.eye(4) * 1.0
    boost[0, 0], boost[0, 1:], boost[1:, 0] = gamma, gamma * velocity, gamma * velocity
    boost[1:, 1:] += (gamma - 1.0) / (velocity @ velocity) * np.outer(velocity, velocity)
    p = boost @ [mass, 0.0, 0.0, 0.0]
    for m in (0.4, 1.9):
        k = np.sqrt(0.25 * mass**2 - m**2) * np.array([0.48, -0.6, 0.64])
        k_1, k_2 = boost @ [mass / 2, *k], boost @ [mass / 2, *-k]
        for operator in effective.OPERATORS:
            pair, form = operator.split(":")
            kind = QUARK[form] if pair == "fermion" else form[0]
            dark = dark_tensor(operator, k_1, k_2, m)
            square = {
                "S": lambda x: (decay_constant * mass**2 / (natural("m_b") + natural("m_s"))) ** 2 * x.real,
                "V": lambda x: decay_constant**2 * (G @ p @ x @ G @ p).real,
                "T": lambda x: 0.0,
            }[kind](dark)
            expected = lifetime * np.sqrt(1.0 - 4.0 * m**2 / mass**2) / (16.0 * np.pi * mass) * square
            found = effective.br_bs_to_pair(operator, m, gamma5=True)
            assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * lifetime)
            assert (found > 0.0) == (expected > 1e-9 * lifetime)
            assert effective.br_bs_to_pair(operator, m) == 0.0


@pytest.mark.identity
def test_bs_to_a_pair_in_limiting_cases():
    rate, end = partial(effective.br_bs_to_pair, gamma5=True), natural("m_Bs") / 2
    # massless pairs: chirality makes S and P alike, and helicity forbids A
    assert_allclose(rate("fermion:S", 0.0), rate("fermion:P", 0.0), rtol=1e-12)
    assert rate("fermion:A", 0.0) == 0.0
    assert_allclose(np.divide(*rate("fermion:A", [2e-3, 1e-3])), 4.0, rtol=1e-5)
    assert_allclose(np.divide(*rate("vector:S", [1e-3, 2e-3])), 16.0, rtol=1e-5)
    # threshold, on both sides
    near = end * (1 - np.array([4e-9, 1e-9]))
    for operator, power in {"scalar:S": 1, "fermion:S": 3, "fermion:P": 1, "fermion:A": 1, "vector:S": 1}.items():
        assert_allclose(np.divide(*rate(operator, near)), 2.0**power, rtol=1e-5)
        assert rate(operator, [end * (1 + 1e-12), 900.0]).tolist() == [0.0, 0.0]
    # a heavy H1 leaves the contact of a scalar; there B_sL alone decays
    sector = model.DarkSector(m_zp=0.3, g_x=0.01, m_h1=40.0, sin_theta=1e-6, m_x=0.7, lambda_phi_x=0.1)
    q2, kappa = natural("m_Bs") ** 2, 1e-5
    exchange = 1 / (q2 - sector.m_h1**2) - 1 / (q2 - natural("m_h") ** 2)
    c = 0.5 * kappa * sector.sin_theta * sector.lambda_phi_x * sector.m_zp / sector.g_x * exchange
    heavy = meson_decays.br_bs_invisible(sector, "xx", kappa=kappa) / natural("tau_BsL", "GeV^-1")
    assert_allclose(rate("scalar:S", 0.7, c) / natural("tau_Bs", "GeV^-1"), heavy, rtol=1e-6)
    # identical particles, coefficient, shape
    twice = [rate(name, 0.7, self_conjugate=True) / rate(name, 0.7) for name in ("fermion:P", "vector:V3")]
    assert_allclose(twice, 2.0, rtol=1e-8)
    assert_allclose(rate("fermion:P", 0.7, [2e-8, -3e-8]) / rate("fermion:P", 0.7), [4e-16, 9e-16], rtol=1e-12)
    assert rate("fermion:V", [0.1, 0.2, 0.3], [[1.0], [2.0]]).shape == (2, 3)
    for name in ("fermion:T", "fermion:S"):
        assert effective.br_bs_to_pair(name, [0.1, 0.2]).shape == (2,)


@pytest.mark.identity
@pytest.mark.parametrize(("one", "other"), [("S", "P"), ("V", "A"), ("T", "T5")])
def test_chirality_of_massless_fermions(one, other):
    for rate in (effective.br_b_to_k, effective.br_b_to_kstar):
        for gamma5 in (False, True):
            pair = [rate(f"fermion:{name}", 0.0, gamma5=gamma5) for name in (one, other)]
            if one != "T":
                assert_allclose(*pair, rtol=1e-12)
    # sigma sigma gamma5 = (sigma gamma5) sigma
    both = [effective.br_b_to_kstar("fermion:T", 0.7, gamma5=True), effective.br_b_to_kstar("fermion:T5", 0.7)]
    assert_allclose(*both, rtol=1e-12)
    assert_allclose(effective.br_b_to_k("fermion:T", 0.0), effective.br_b_to_k("fermion:T5", 0.0), rtol=1e-12)


@pytest.mark.identity
def test_parity_and_thresholds():
    for operator in effective.OPERATORS:
        density = operator in ("scalar:S", "fermion:S", "fermion:P", "vector:S")
        assert (effective.br_b_to_kstar(operator, 0.7) == 0.0) == density
        tensor = operator[:-1].endswith("T") or operator.endswith(":T")
        assert (effective.br_b_to_k(operator, 0.7, gamma5=True) == 0.0) == (not tensor)
        low, high = 4 * 0.7**2, (natural("m_B+") - natural("m_K+")) ** 2
        ends = effective.dbr_dq2_b_to_k([-1.0, 0.0, 0.999 * low, 1.001 * high, 30.0], operator, 0.7)
        assert np.all(ends == 0.0)
        assert np.all(effective.dbr_dq2_b_to_k([low, high], operator, 0.7) == 0.0)
        assert np.all(effective.br_b_to_k(operator, [2.3929, 3.0, 900.0]) == 0.0)
        assert effective.br_b_to_k(operator, 2.3928) > 0.0
    # powers of the velocity at the pair threshold
    low = 4 * 0.7**2 * np.array([1 + 1e-7, 1 + 4e-7])
    for operator, power in {
        "scalar:S": 1,
        "scalar:V": 3,
        "fermion:S": 3,
        "fermion:P": 1,
        "fermion:A": 1,
        "fermion:T5": 3,
    }.items():
        one, two = effective.dbr_dq2_b_to_k(low, operator, 0.7)
        assert_allclose(two / one, 2.0**power, rtol=1e-5)


@pytest.mark.identity
def test_powers_of_the_velocity_and_of_the_kaon():
    # at the threshold of the pair: S waves with one power of beta, P waves with three
    m, waves = 0.7, {"scalar:S": 1, "scalar:V": 3, "fermion:S": 3, "fermion:P": 1, "fermion:V": 1, "fermion:A": 1}
    waves |= {"vector:S": 1, "vector:T2": 1, "vector:V2": 3, "vector:V3": 3, "vector:V4": 3, "vector:V5": 3, "vector:V6": 1}
    low = 4 * m**2 * np.array([1 + 1e-7, 1 + 4e-7])
    for operator, power in waves.items():
        if operator != "vector:T2":
            assert_allclose(np.divide(*effective.dbr_dq2_b_to_k(low[::-1], operator, m)), 2.0**power, rtol=1e-4)
        found = effective.dbr_dq2_b_to_kstar(low[::-1], operator, m, gamma5=operator != "vector:T2")
        assert_allclose(np.divide(*found), 2.0**power, rtol=1e-4)
    # where the kaon is at rest: K from scalars and time components in an S wave, from space components in a P wave
    ends = [(natural(f"m_B{c}") - natural(f"m_{k}{c}")) ** 2 for k, c in (("K", "+"), ("K*", "0"))]
    near = [end * (1 - np.array([4e-7, 1e-7])) for end in ends]
    for operator, power in {"scalar:S": 1, "scalar:V": 3, "fermion:V": 3, "fermion:A": 1, "fermion:T": 3}.items():
        assert_allclose(np.divide(*effective.dbr_dq2_b_to_k(near[0], operator, m)), 2.0**power, rtol=1e-4)
    for operator, gamma5, power in (
        ("scalar:S", True, 3),
        ("fermion:V", False, 3),
        ("fermion:V", True, 1),
        ("fermion:T", False, 1),
    ):
        found = effective.dbr_dq2_b_to_kstar(near[1], operator, m, gamma5=gamma5)
        assert_allclose(np.divide(*found), 2.0**power, rtol=1e-4)


@pytest.mark.identity
def test_a_vector_current_is_a_virtual_light_vector():
    # dGamma/dq2 of (sbar gamma b)(chibar gamma chi) = Gamma(B -> K Z'*) q Gamma(Z'* -> chi chibar)/pi, couplings 2 (sbar gamma b)
    q2, m = np.array([3.0, 9.0, 17.0]), np.array([[0.0], [0.6]])
    beta = np.sqrt(1.0 - 4.0 * m**2 / q2)
    for name, pair in {"fermion:V": beta * (1 + 2 * m**2 / q2) / 12, "scalar:V": beta**3 / 48}.items():
        factor = q2 * pair / np.pi**2
        found = effective.dbr_dq2_b_to_k(q2, name, m)
        assert_allclose(found, light_vector.br_b_to_k(np.sqrt(q2), 2.0) * factor, rtol=1e-10)
        for gamma5, couplings in ((False, (2.0, 0.0)), (True, (0.0, 2.0))):
            found = effective.dbr_dq2_b_to_kstar(q2, name, m, gamma5=gamma5)
            assert_allclose(found, light_vector.br_b_to_kstar(np.sqrt(q2), *couplings) * factor, rtol=1e-10)


@pytest.mark.identity
def test_longitudinal_vectors():
    # light vectors: rate like 1/m^4 for two longitudinal ones, 1/m^2 for one
    for operator, power in {
        "vector:S": 4,
        "vector:V2": 4,
        "vector:V4": 4,
        "vector:T1": 4,
        "vector:V3": 2,
        "vector:V6": 2,
    }.items():
        one, two = effective.br_b_to_k(operator, [0.01, 0.005])
        assert_allclose(two / one, 2.0**power, rtol=2e-3)
    # the longitudinal pair of vector:S is a pair of scalars with coefficient C q2/(2 m^2)
    found = effective.dbr_dq2_b_to_k(9.0, "vector:S", 0.01)
    assert_allclose(found, effective.dbr_dq2_b_to_k(9.0, "scalar:S", 0.01, 9.0 / (2 * 0.01**2)), rtol=1e-4)
    # an amplitude that is too large from the start leaves no energy beyond the threshold
    assert_allclose(effective.unitarity_energy("vector:S", [0.5, 1.0], 1e10), [1.0, 2.0], rtol=1e-9)
    # its energy depends on C/m^2 alone, and grows with the cube root of its inverse
    energy = effective.unitarity_energy("vector:S", [0.01, 0.1, 0.1], [1e-10, 1e-8, 8e-8])
    assert_allclose(energy[:2], (8 * np.pi * np.sqrt(2.0) * 1e6) ** (1 / 3), rtol=1e-3)
    assert_allclose(energy[1] / energy[2], 2.0, rtol=1e-3)
    assert_allclose(effective.unitarity_energy("fermion:V", 0.0, 1e-8), np.sqrt(8 * np.pi * 1e8 * np.sqrt(3 / 16)), rtol=1e-9)
    assert_allclose(effective.unitarity_energy("fermion:T", 0.0, 1e-8), np.sqrt(8 * np.pi * 1e8 * np.sqrt(3 / 32)), rtol=1e-9)


@pytest.mark.identity
def test_integral_shapes_and_charges():
    q2 = np.linspace(4 * 0.5**2, (natural("m_B+") - natural("m_K+")) ** 2, 40001)
    total = np.trapezoid(effective.dbr_dq2_b_to_k(q2, "fermion:A", 0.5, 2e-8), q2)
    assert_allclose(effective.br_b_to_k("fermion:A", 0.5, 2e-8), total, rtol=1e-5)
    q2 = np.linspace(4 * 0.5**2, (natural("m_B0") - natural("m_K*0")) ** 2, 40001)
    total = np.trapezoid(effective.dbr_dq2_b_to_kstar(q2, "fermion:T", 0.5, 2e-8), q2)
    assert_allclose(effective.br_b_to_kstar("fermion:T", 0.5, 2e-8), total, rtol=1e-5)
    assert effective.br_b_to_k("fermion:V", [[0.1], [0.2]], [1e-8, 2e-8, 3e-8]).shape == (2, 3)
    toys = np.random.default_rng(1).standard_normal((5, 19))
    assert effective.br_b_to_kstar("fermion:T", [0.1, 0.2], nuisance=toys).shape == (5, 2)
    assert effective.dbr_dq2_b_to_k([1.0, 2.0, 3.0], "fermion:V", 0.1, nuisance=toys[:, :8]).shape == (5, 3)
    lifetimes = natural("tau_B+", "GeV^-1", "belle2") / natural("tau_B0", "GeV^-1", "belle2")
    assert_allclose(
        effective.br_b_to_k("fermion:V", 0.5) / effective.br_b_to_k("fermion:V", 0.5, charge="0"), lifetimes, rtol=5e-3
    )
    other = effective.br_b_to_k("fermion:V", 0.5, inputs="pdg2026") / effective.br_b_to_k("fermion:V", 0.5)
    assert_allclose(other, natural("tau_B+", "GeV^-1", "pdg2026") / natural("tau_B+", "GeV^-1", "belle2"), rtol=1e-12)


@pytest.mark.identity
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effective.br_b_to_k("fermion:X", 1.0), "operator = 'fermion:X' is not one of 'scalar:S'"),
        (lambda: effective.br_b_to_k("vector:S", 0.0), r"m_dm = 0 GeV is outside its range \[0.001, 1000\] GeV"),
        (lambda: effective.br_b_to_k("fermion:S", -1.0), r"m_dm = -1 GeV"),
        (lambda: effective.br_b_to_k("fermion:S", 1.0, np.inf), "coefficient = inf"),
        (lambda: effective.br_b_to_kstar("fermion:S", 1.0, charge="-"), "charge = '-'"),
        (lambda: effective.vanishes("fermion:V", "yes"), "self_conjugate = 'yes' is neither"),
        (lambda: effective.br_b_to_k("fermion:V", 1.0, gamma5=1), "gamma5 = 1 is neither"),
        (lambda: effective.dbr_dq2_b_to_k([1.0, 2.0], "fermion:V", [0.1, 0.2, 0.3]), "do not broadcast"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.identity
def test_spectra_of_many_masses():
    found = effective.spectra("fermion:V", [[0.2, 0.7]])
    for m, efficiency in zip((0.2, 0.7), found.efficiency[0], strict=True):
        one = belle2.Spectrum.three_body(m, "vector", "fermion")
        assert_allclose(efficiency, one.efficiency, rtol=1e-4)
    assert found.br.tolist() == [[1.0, 1.0]]
    with pytest.raises(ParameterError, match=r"^m_dm holds no mass; give at least one in GeV$"):
        effective.spectra("fermion:V", [])
    with pytest.raises(ParameterError, match=r"^m_dm = 2\.4 GeV is outside its range \[0, 2\.39"):
        effective.spectra("fermion:V", 2.4)


@pytest.mark.regression
def test_the_row_is_that_of_the_chapter():
    row = effective.row()
    mass, rate, plus, minus, gain, _, kstar = stored.numbers("rival_effective", "fermion:V")
    assert f"{mass:.2f} GeV" in row.point
    assert_allclose(1e6 * np.array([row.rate, row.plus, row.minus]), [rate, plus, minus], atol=0.051)
    assert_allclose([row.delta_chi2, row.kstar], [gain, kstar], atol=0.051)
    assert_allclose(row.kstar, kstar, atol=0.0051)
    axial = stored.numbers("rival_effective", "fermion:A")
    assert_allclose(float(row.bears[0].split()[7]), axial[-1], atol=0.0051)
    assert row.bears[0].endswith(f"of its room and the gain is {axial[4]:.1f}")
    assert f"at {stored.numbers('rival_effective', 'fermion:T')[-1]:.0f} times" in row.bears[1]
    c = np.sqrt(row.rate / effective.br_b_to_k("fermion:V", mass))
    chiral = sum(effective.br_b_to_kstar("fermion:V", mass, c, gamma5=gamma5) for gamma5 in (False, True)) / kstar_room()
    assert f"K* is at {chiral:.1f} times its room" in row.bears[3]
    assert row.bears[3].endswith(f"at {stored.numbers('rival_effective', 'fermion:A', 'one chirality')[2]:.2f} of its limit")
    assert f"above {1e-3 * effective.unitarity_energy('fermion:V', mass, c):.0f} TeV" in row.bears[2]


@pytest.mark.identity
def test_the_row_follows_the_inputs():
    # of what it needs only the limit on B -> X_s is new since the talk
    before, today = effective.row(), effective.row("today")
    assert dataclasses.replace(today, cells=before.cells) == before
    assert [row.cells["other B"].name for row in (before, today)] == ["bound.k0", "bound.xs_kaon"]
    with override({"bound.kstar": 2.0 * natural("bound.kstar", "1")}):
        assert effective.row().kstar < 0.5 * before.kstar
