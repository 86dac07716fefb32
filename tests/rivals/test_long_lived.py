"""Long-lived dark photons: widths by traces and polarisation sums, and the escape probability by a Monte Carlo."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests import stored

from darkhiggs import model, widths
from darkhiggs.errors import ParameterError
from darkhiggs.inputs import get, natural, override, use
from darkhiggs.limits import kstar_room
from darkhiggs.rivals import long_lived
from darkhiggs.units import convert

GAMMA = np.zeros((4, 4, 4), dtype=complex)
GAMMA[0] = np.diag([1, 1, -1, -1])
for i, sigma in enumerate(([[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]), start=1):
    GAMMA[i, :2, 2:], GAMMA[i, 2:, :2] = np.array(sigma), -np.array(sigma)
METRIC = np.diag([1.0, -1.0, -1.0, -1.0])


def slash(p):
    return np.einsum("m,mn,nij->ij", p, METRIC, GAMMA)


def polarisations(p, m):
    """Three real polarisation vectors of a massive vector with momentum p."""
    size = np.sqrt(p[1:] @ p[1:])
    axis = p[1:] / size
    first = np.cross(axis, [1.0, 0.3, -0.2])
    first /= np.sqrt(first @ first)
    second = np.cross(axis, first)
    return [np.array([0.0, *first]), np.array([0.0, *second]), np.array([size, *(p[0] * axis)]) / m]


@pytest.mark.identity
@pytest.mark.parametrize("m", [0.25, 0.5, 1.9])
def test_width_into_muons_by_traces(m):
    m_l = natural("m_mu")
    k = np.sqrt(m**2 / 4 - m_l**2)
    direction = np.array([0.48, -0.6, 0.64])
    one, two = np.array([m / 2, *(k * direction)]), np.array([m / 2, *(-k * direction)])
    rest = np.array([m, 0.0, 0.0, 0.0])
    tensor = -METRIC + np.outer(METRIC @ rest, METRIC @ rest) / m**2  # sum over polarisations, lower indices
    left, right = slash(one) + m_l * np.eye(4), slash(two) - m_l * np.eye(4)
    trace = np.einsum("mn,ij,mjk,kl,nli->", tensor, left, GAMMA, right, GAMMA).real
    alpha, epsilon = 1 / natural("1/alpha(0)", "1"), 3e-4
    width = 4 * np.pi * alpha * epsilon**2 * trace / 3 * k / (8 * np.pi * m**2)
    ratio = (natural("m_e") / m) ** 2
    electrons = alpha * epsilon**2 * m / 3 * np.sqrt(1 - 4 * ratio) * (1 + 2 * ratio)
    hadrons = alpha * epsilon**2 * m / 3 * long_lived.r_ratio(m)
    assert_allclose(long_lived.gamma_dark_photon(m, epsilon), width + electrons + hadrons, rtol=1e-10)


@pytest.mark.identity
@pytest.mark.parametrize("m_ap", [0.01, 0.4, 1.0])
def test_width_of_the_dark_higgs_by_polarisations(m_ap):
    # L = g^2 v h A'.A' gives the amplitude 2 g^2 v e1.e2, with m = g v, and two identical particles
    m_h, v = 2.15, 40.0
    k = np.sqrt(m_h**2 / 4 - m_ap**2)
    one, two = np.array([m_h / 2, 0, 0, k]), np.array([m_h / 2, 0, 0, -k])
    total = sum((e1 @ METRIC @ e2) ** 2 for e1 in polarisations(one, m_ap) for e2 in polarisations(two, m_ap))
    width = (2 * m_ap**2 / v) ** 2 * total * k / (8 * np.pi * m_h**2) / 2
    sector = model.DarkSector(m_zp=m_ap, g_x=m_ap / v, m_h1=m_h, sin_theta=0.0)
    assert_allclose(widths.gamma_h1_to_zpzp(sector), width, rtol=1e-9)


@pytest.mark.independent
def test_hadrons_against_hazma():
    store = json.loads((Path(__file__).parents[2] / "book/data/independent.json").read_text(encoding="utf-8"))
    pairs = [(x["arguments"]["m"], x["value"]) for x in store["values"] if x["quantity"] == "rivals.long_lived.r_ratio"]
    m, theirs = np.array(pairs).T
    assert m.size == 15
    light = m < 0.95
    assert_allclose(long_lived.r_ratio(m[light]), theirs[light], rtol=0.1)
    assert_allclose(long_lived.r_ratio(m[~light]), theirs[~light], rtol=0.35)


@pytest.mark.identity
def test_limits_of_the_widths():
    alpha = 1 / natural("1/alpha(0)", "1")
    assert_allclose(long_lived.gamma_dark_photon(0.1, 1e-6), alpha * 1e-12 * 0.1 / 3, rtol=1e-8)  # massless pair
    two = 2 * natural("m_e")
    assert long_lived.gamma_dark_photon(two * (1 - 1e-9), 1.0) == 0.0 < long_lived.gamma_dark_photon(two * (1 + 1e-9), 1.0)
    assert long_lived.decay_length(1e-4, 1.0) == np.inf
    pions = 2 * natural("m_pi+")
    assert long_lived.r_ratio(pions * (1 - 1e-9)) == 0.0 < long_lived.r_ratio(pions * (1 + 1e-6))
    k = np.array([1e-4, 2e-4]) * pions
    near = long_lived.r_ratio(np.hypot(pions, 2 * k))
    assert_allclose(near[1] / near[0], 8.0, rtol=1e-3)  # P wave
    assert_allclose(long_lived.decay_length(0.1, 2e-6), long_lived.decay_length(0.1, 1e-6) / 4, rtol=1e-12)
    assert_allclose(long_lived.decay_length(0.1, 1e-6), 0.19732698e-15 / long_lived.gamma_dark_photon(0.1, 1e-6), rtol=1e-6)


@pytest.mark.identity
def test_form_factor_of_the_pion():
    s = np.array([1e-12])
    assert_allclose(np.abs(long_lived._gounaris_sakurai(s + 4 * 0.1395**2, 0.7755, 0.149, 0.1395)), 1.18, rtol=0.03)
    # the real part of 1/F falls like that of a Breit-Wigner curve at the mass
    m, step = 0.7755, 1e-5
    inverse = 1 / long_lived._gounaris_sakurai(m**2 + np.array([-step, 0.0, step]), m, 0.149, 0.1396)
    assert_allclose((inverse.real[2] - inverse.real[0]) / (2 * step) / inverse.imag[1] * m * 0.149, 1.0, rtol=1e-5)
    # the peak is higher than that of a Breit-Wigner curve by 1 + d Gamma/m = 1.09
    peak = np.abs(long_lived._gounaris_sakurai(np.array([0.7755**2]), 0.7755, 0.149, 0.1396))
    assert_allclose(peak, 0.7755 / 0.149 * 1.09, rtol=0.01)


def isotropic(rng, n):
    cosine, azimuth = rng.uniform(-1, 1, n), rng.uniform(0, 2 * np.pi, n)
    sine = np.sqrt(1 - cosine**2)
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])


def boosted(energy, p, velocity):
    """Boost four-vectors of shape (n,) and (3, n) by velocities of shape (3, n)."""
    square = np.sum(velocity**2, axis=0)
    gamma = 1 / np.sqrt(1 - square)
    along = np.sum(velocity * p, axis=0)
    return gamma * (energy + along), p + velocity * ((gamma - 1) / square * along + gamma * energy)


def simulated(m_h, m_ap, n=200_000, seed=1, own=0.0):
    """Momenta of both A' in the laboratory; `own` is the momentum of the B mesons in the frame of the pair."""
    rng = np.random.default_rng(seed)
    m_b, m_k = natural("m_B+"), natural("m_K+")
    k = np.sqrt((m_b**2 - (m_k + m_h) ** 2) * (m_b**2 - (m_k - m_h) ** 2)) / (2 * m_b)
    higgs = isotropic(rng, n) * k / np.hypot(k, m_h)
    mine = np.sqrt(m_h**2 / 4 - m_ap**2) * isotropic(rng, n)
    meson = isotropic(rng, n) * max(own, 1e-9) / np.hypot(own, m_b)
    beams = np.zeros((3, n))
    beams[2] = 0.28 / np.hypot(1, 0.28)
    found = []
    for sign in (1, -1):
        state = np.full(n, m_h / 2), sign * mine
        for velocity in (higgs, meson, beams):
            state = boosted(*state, velocity)
        found.append(state[1])
    return found, rng


def escaped(momenta, rng, m_ap, epsilon, size=(1.25, 1.96, 1.02)):
    """Fraction in which both A' decay outside, and its statistical error."""
    length = float(long_lived.decay_length(m_ap, epsilon))
    out = np.ones(momenta[0].shape[1], dtype=bool)
    for p in momenta:
        x, y, z = rng.exponential(length, out.size) * p / m_ap
        out &= (np.hypot(x, y) > size[0]) | (z > size[1]) | (z < -size[2])
    return out.mean(), np.sqrt(out.mean() * (1 - out.mean()) / out.size)


POINTS = [(2.15, 0.1, 1e-6), (2.15, 0.1, 3e-6), (2.15, 0.5, 3e-7), (4.0, 0.05, 3e-6), (0.7, 0.3, 5e-7), (4.7, 0.3, 2e-7)]


@pytest.mark.independent
@pytest.mark.parametrize(("m_h", "m_ap", "epsilon"), POINTS)
def test_escape_against_a_monte_carlo(m_h, m_ap, epsilon):
    momenta, rng = simulated(m_h, m_ap)
    found, error = escaped(momenta, rng, m_ap, epsilon)
    assert_allclose(long_lived.fraction_invisible(m_h, m_ap, epsilon), found, atol=4 * error)
    # the mesons' own momentum, 0.33 GeV, is left out
    momenta, rng = simulated(m_h, m_ap, seed=2, own=0.33)
    found, error = escaped(momenta, rng, m_ap, epsilon)
    assert_allclose(long_lived.fraction_invisible(m_h, m_ap, epsilon), found, atol=2e-3 + 4 * error)


@pytest.mark.independent
@pytest.mark.parametrize("detector", ["drift chamber", "iron"])
def test_other_cylinders_against_a_monte_carlo(detector):
    size = convert(get(f"belle2.{detector}").value, "cm", "m")
    momenta, rng = simulated(2.15, 0.1)
    found, error = escaped(momenta, rng, 0.1, 1.5e-6, size)
    assert_allclose(long_lived.fraction_invisible(2.15, 0.1, 1.5e-6, detector), found, atol=4 * error)


@pytest.mark.independent
@pytest.mark.parametrize(("m_h", "m_ap"), [(2.15, 0.1), (2.15, 1.0), (4.0, 0.02)])
def test_boosts_against_a_monte_carlo(m_h, m_ap):
    momenta, _ = simulated(m_h, m_ap)
    size = np.sqrt(np.sum(np.square(momenta[0]), axis=0)) / m_ap
    boost = np.quantile(size, [0.05, 0.3, 0.6, 0.95])
    assert_allclose(long_lived.boost_below(boost, m_h, m_ap), [0.05, 0.3, 0.6, 0.95], atol=5e-3)
    assert long_lived.boost_below(1e5, m_h, m_ap) == 1.0
    assert long_lived.boost_below(0.0, m_h, m_ap) == 0.0


@pytest.mark.identity
def test_the_rule_has_converged(monkeypatch):
    points = np.array(POINTS).T
    coarse = long_lived.fraction_invisible(*points)
    monkeypatch.setattr(long_lived, "_ORDERS", (60, 40, 40))
    with override({"belle2.boost": 0.28}):  # forgets the nodes
        assert_allclose(coarse, long_lived.fraction_invisible(*points), atol=1e-3)


@pytest.mark.identity
def test_limits_of_the_fraction():
    at = long_lived.fraction_invisible
    assert_allclose(at(2.15, 0.1, 0.0), 1.0, rtol=1e-13)
    assert_allclose(at(2.15, 5e-4, 1.0), 1.0, rtol=1e-13)  # no decay into electrons
    assert at(2.15, 0.1, 1e-3) == 0.0
    ends = natural("m_B+") - natural("m_K+")
    assert at([ends * (1 + 1e-9), 2.0, 2.0, 1e3], [0.1, 1.0, 500.0, 0.1], 1e-9).tolist() == [0.0] * 4
    assert at(ends * (1 - 1e-6), 0.1, 1e-8) > 0.99 < at(2.0, 1 - 1e-9, 1e-9)
    # slow A' of h_D at rest in the frame of B: each has the boost of the beams, and crosses 1.02 m to 1.96 m or the radius
    heavy = np.array([ends * (1 - 1e-12), ends * (1 - 1e-12)])
    path = convert(1.0, "GeV^-1", "m") * long_lived.gamma_dark_photon(heavy / 2 * (1 - 1e-12), [1e-8, 2e-8])
    got = at(heavy, heavy / 2 * (1 - 1e-12), [1e-8, 2e-8])
    velocity = 1.96 / 0.28 / convert(1.0, "GeV^-1", "m") ** 2
    assert_allclose(-np.log(got), 2 * velocity * path, rtol=2e-3)
    # few decays: the loss is the mean path over the decay length
    small = 1 - at(2.15, 0.1, [1e-9, 2e-9])
    assert_allclose(small[1] / small[0], 4.0, rtol=1e-4)
    grid = at(2.15, np.array([[0.02], [0.2]]), np.geomspace(1e-8, 1e-4, 30))
    assert grid.shape == (2, 30) and np.all(np.diff(grid, axis=1) <= 0) and np.all(grid[0] >= grid[1])
    sizes = [at(2.15, 0.1, 1e-6, name) for name in ("drift chamber", "calorimeter", "iron")]
    assert sizes[0] > sizes[1] > sizes[2]


@pytest.mark.identity
def test_mixing_for_a_fraction():
    m_ap = np.array([0.002, 0.1, 0.6, 1.05])
    for wanted in (0.05, 0.5, 0.9):
        mixing = long_lived.epsilon_for(wanted, 2.15, m_ap)
        assert_allclose(long_lived.fraction_invisible(2.15, m_ap, mixing), wanted, rtol=1e-9)
    assert long_lived.epsilon_for(0.9, [2.0, 5.0], [1.1, 0.1]).tolist() == [0.0, 0.0]
    assert long_lived.epsilon_for(0.9, 2.0, 5e-4) == np.inf
    with pytest.raises(ParameterError, match=r"fraction has shape \(2,\); give one number"):
        long_lived.epsilon_for([0.1, 0.2], 2.0, 0.1)


@pytest.mark.published
def test_excluded_bands():
    # E137 at 10 MeV: from 2.9e-8 to 4.1e-5; SN1987A from 8e-11 to 1.2e-7; nu-Cal at 0.5 GeV: from 1.2e-7 to 5.9e-7
    at = long_lived.excluded
    assert at(0.01, [2e-11, 1e-10, 2e-8, 1e-7, 1e-6, 3e-5, 9e-5, 5e-4]).any(axis=0).tolist() == [False, *[True] * 6, False]
    assert at(0.5, [1e-7, 2e-7, 5e-7, 1e-6])[1].tolist() == [False, True, True, False]
    assert at([0.15, 0.15], [4e-8, 4e-10]).any(axis=0).tolist() == [False, False]
    assert at(0.77, 1e-7)[2] and not at(0.77, 1e-7)[1]
    assert at(0.05, 2e-3).tolist() == [False, False, False, False, True]
    assert at(np.array([[0.05], [0.9]]), np.array([1e-6, 1e-3, 1e-9])).shape == (5, 2, 3)
    assert not at(0.9, np.array([1e-6, 1e-9])).any()


@pytest.mark.identity
def test_windows_are_what_the_limits_leave():
    m_ap = np.array([0.01, 0.06, 0.15, 0.29, 0.5, 0.77, 1.2])
    mixing = np.geomspace(1e-12, 1e-3, 501)
    low, high = long_lived.windows(2.15, m_ap)
    assert low.shape == high.shape == (6, 7)
    inside = (low[..., None] < mixing) & (mixing < high[..., None])
    free = ~long_lived.excluded(m_ap[:, None], mixing).any(axis=0)
    free &= long_lived.fraction_invisible(2.15, m_ap[:, None], mixing) > 0.9
    assert np.all(inside.sum(axis=0) == free)
    assert (high > low).sum(axis=0).tolist() == [1, 1, 2, 1, 1, 1, 0]
    few, many = long_lived.windows(2.15, 0.623, 0.01)
    assert (many > few).sum() == 2  # also above nu-Cal, where one decay in a hundred is invisible


@pytest.mark.identity
def test_least_v_d_has_the_largest_mixing():
    v_d = long_lived.least_v_d([0.0, 0.003, 0.01, 1.0], 2.15, 0.15)
    assert v_d[0] == 5.0 and v_d[-1] == 500.0
    assert_allclose(widths.sin_theta_max(v_d[1:3], m_h1=2.15, m_zp=0.15), [0.003, 0.01], rtol=2e-4)
    assert long_lived.least_v_d(0.003, 2.15, 0.15) == v_d[1]
    for name, point in (("m_h", (1e-4, 0.15)), ("m_ap", (2.15, 1e-4))):
        with pytest.raises(ParameterError, match=rf"^{name} = 0\.0001 GeV is outside its range \[0\.001, 50\] GeV"):
            long_lived.least_v_d(0.003, *point)


@pytest.mark.regression
def test_the_row_is_that_of_the_chapter():
    row = long_lived.row()
    rate, _, sine, kstar, v_d = stored.numbers("rival_long_lived", "best", "against the best line")
    low, high = (stored.numbers("rival_long_lived", end, "against the best line")[0] for end in ("lower end", "upper end"))
    assert_allclose(1e6 * np.array([row.rate - row.minus, row.rate, row.rate + row.plus]), [low, rate, high], atol=0.051)
    assert_allclose(1e6 * row.kstar * kstar_room(), kstar, atol=0.051)
    assert row.delta_chi2_line - 0.05 < row.delta_chi2 <= row.delta_chi2_line
    assert row.bears[1] == f"sin(theta) = {1e-3 * sine:.4f}"
    assert row.bears[3].endswith(f"above {v_d:.0f} GeV")


@pytest.mark.identity
def test_the_limits_of_the_row():
    row, today = long_lived.row(), long_lived.row("today")
    assert row.bears[0].startswith(f"{100 * long_lived.fraction_invisible(2.15, 0.15, 5e-8):.1f} %")
    low, high = long_lived.windows(2.15, 0.15)
    assert row.bears[2].endswith(f"leave epsilon up to {high[0]:.1e} and {low[1]:.1e} to {high[1]:.1e}")
    assert today.bears[3] != row.bears[3]
    assert today.bears[:3] == row.bears[:3]
    sine = float(row.bears[1].split()[-1])
    for one, label in ((row, "talk"), (today, "today")):
        with use(label):
            v_d = float(one.bears[3].split()[-2])
            assert_allclose(widths.sin_theta_max(v_d, m_h1=2.15, m_zp=0.15), sine, rtol=0.03)
