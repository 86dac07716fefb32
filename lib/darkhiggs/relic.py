"""Relic density: thermal average and Boltzmann equation, for thousands of points at once.

The squared amplitude W(s) is evaluated once per point, on nodes in s that are dense at its poles and thresholds.
The thermal average is a sum over these nodes at every temperature.
Nodes that no pole or threshold is near to are the same for all points, with a kernel that is made once.
The particles are assumed to have the temperature of the bath at all times.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import annihilation, units
from ._amplitudes import Expansion, lepton_current, lepton_velocities, resonant, squared_amplitude
from ._arrays import Array, checked, choice, legendre, numbers, shown, switch, together
from ._owned import Owned, Record, read_only
from ._public import public
from ._scalars import G_MIN, M_MIN
from ._tables import cubics, degrees_of_freedom, degrees_of_freedom_cubics, interpolate
from .annihilation import sigma_v as sigma_v
from .errors import ParameterError
from .inputs import cached, natural
from .model import DarkSector
from .thermodynamics import (
    energy_density,
    entropy_density,
    g_rho,
    g_s,
    qed_energy_density,
)
from .widths import gamma_h1, gamma_h1_to_xx

__all__ = [
    "Coupling",
    "Evolution",
    "analytic_prefactor",
    "bath_shift",
    "coupling_for",
    "evolve",
    "omega_h2",
    "omega_h2_analytic",
    "omega_h2_for",
    "omega_h2_z_prime",
    "thermal_average",
    "thermal_cross_section",
]

# Three values of x = m/T. The integration starts in equilibrium at the first. Beyond the second the production term is dropped
# and 1/Y is a plain integral. Beyond the third <sigma v> is constant.
_X_FIRST, _X_FROZEN, _X_LAST = 1.0, 120.0, 1e6
# The steps of the Boltzmann equation are equidistant in ln(x + _BEND): 0.12 in x at the start, 0.5 at the end. Those of the
# integral are equidistant in ln x.
_STEP, _BEND, _LATE = 0.003, 40.0, 121
_COARSE = 3  # how many times wider the steps of a scan are
# Numbers of temperatures for the thermal average, equidistant in ln x: up to _X_FROZEN, and beyond it.
_EARLY_AVERAGES, _LATE_AVERAGES = 81, 29
_CLOCK = 8001  # rows of the table of the expansion
# The energy is sqrt(s) = m (2 + e). Below: the panels in ln e, the Gauss-Legendre orders of half a panel and of one side of a
# break, and the distance in ln e from a break within which no panel ends.
_E_MIN, _E_MAX = 1e-11, 20.0
_PANELS = np.linspace(np.log(_E_MIN), np.log(_E_MAX), 11)
_SMOOTH, _SHARP, _NEAR = 6, 20, 1.0
_TERMS = 7  # number of terms in the expansion of K_1 in 1/x
# The node below the first panel, and its weight over e; it is exact for e^(1/2) and e^(3/2).
_FIRST, _FIRST_WEIGHT = 0.6 * _E_MIN, (10.0 / 9.0) * (5.0 / 3.0) ** 0.5
# Up to 1/_CALM of the e of the nearest break W is a polynomial in e^(1/2) with _FEW coefficients; largest number of panels
# for which this is used, and largest change of the width of H1 over its distance from the pole.
_CALM, _QUIET, _FEW = 70.0, 7, 7
_BENT = 0.1
# e above which exp(-x e) is below 1e-34 at all late temperatures, and up to which it does not underflow at the early ones
_COLD, _WARM = 0.667, 5.0
_UNDERFLOW = -600.0
_NOTHING = 1e-300  # GeV^-2
_FAMILY, _CHUNK, _CACHED, _SOME, _BLOCK = 2048, 1024, 64, 16, 48
# Backward differences of order 1 to 5: weights of the past values, latest last, and of the slope
_BACKWARD = (
    (np.array([1.0]), 1.0),
    (np.array([-1.0, 4.0]) / 3.0, 2.0 / 3.0),
    (np.array([2.0, -9.0, 18.0]) / 11.0, 6.0 / 11.0),
    (np.array([-3.0, 16.0, -36.0, 48.0]) / 25.0, 12.0 / 25.0),
    (np.array([12.0, -75.0, 200.0, -300.0, 300.0]) / 137.0, 60.0 / 137.0),
)
# Coupling scan: number of decades below 4 pi, largest slope of ln(Omega) in ln(lambda) that is assumed, and the rise of
# ln(Omega) over a decade, larger than rounding errors and a weak interference, above which a minimum is looked for.
_DECADES, _STEEP, _RISE = 11, 4.0, 0.01
_STRAIGHT = 0.25  # second difference of ln(Omega) over decades below which it follows a power of lambda
_LOWEST, _FAR = 3, 3.0  # number of decades that are left out where ln(Omega) is larger than this and follows a power
_DENSE = 24  # Gauss-Legendre order next to a break, for a family in which H1 can be on its pole
# Number of the first temperatures, up to x = 6, at which <sigma v> does not matter: an X with the required density was in
# equilibrium there, and the density of an X that was not is far above it; ln of the ratio of the density in equilibrium to it.
_HOT, _EQUAL = 30, 4.5
# Error of ln(Omega) in a scan; distance in ln(lambda) over which the nodes of a family are exact; width of H1 over its mass
# below which rounding errors of 1e-16 in s matter.
_ROUGH, _CLOSE, _NARROW = 0.05, 3e-3, 1e-10
_FROZEN = 2.5  # Y/Y_eq that defines x_f
_ANALYTIC = 60
_FINER = 5  # number of parts of a decade in the finer scan
_ROOT, _ROOT_STEPS = 1e-8, 40
_GUESS, _SURE, _RENEWALS, _SECANTS = 1e-3, 1e-9, 5, 8
_PARABOLA = 0.5  # largest relative difference of the slopes of a parabola and of its chord
_NEWTON = 12  # number of steps of an iteration whose error falls by a factor of 20 or more in each
_T_COUPLED = 0.005  # GeV; above it the neutrinos have the temperature of the photons

_Rate = Callable[[Array, Array], Array]


@dataclass(frozen=True, eq=False, repr=False)
class Coupling(Record):
    """Portal couplings that give a required density.

    Parameters
    ----------
    value : ndarray or float
        The smallest coupling; nan where there is none.
    branches : ndarray, shape (k,) + shape
        All couplings, in increasing order; nan where a point has fewer than k.
    reason : ndarray of str
        Reason why there is no coupling, or why the point is masked; empty otherwise.

    Examples
    --------
    >>> from darkhiggs import relic
    >>> relic.Coupling(0.1, [0.1], "").value
    0.1
    """

    value: Any
    branches: Any
    reason: Any


@dataclass(frozen=True, eq=False, repr=False)
class Evolution(Owned):
    """Freeze-out of one species; time runs along the first axis.

    Parameters
    ----------
    x : ndarray, shape (n,)
        m/T.
    y : ndarray, shape (n,) + shape
        Number density of particles X (without antiparticles) over the entropy density of the bath.
    y_eq : ndarray, shape (n,) + shape
        The same ratio in equilibrium.
    x_f : ndarray or float
        x at which y is 2.5 times y_eq.
    omega_h2 : ndarray or float
        Density today, antiparticles included.

    Examples
    --------
    >>> from darkhiggs import model, relic
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> f"{relic.evolve(sector).x_f:.1f}"
    '16.7'
    """

    x: Array
    y: Array
    y_eq: Array
    x_f: Array
    omega_h2: Array


@dataclass(frozen=True)
class _Bath:
    """Expansion history tabulated on a uniform grid in ln T.

    The two rows are ln of s/(H T) (1 + dln g_s/dlnT/3) and ln of g_s.
    The entropy density s is the inverse of a comoving volume, and g_s are its degrees of freedom.
    """

    first: float
    step: float
    rows: Array  # (2, _CLOCK)
    rises: Array  # to the next row

    @classmethod
    def through(cls, first: float, last: float, coefficients: Array) -> "_Bath":
        """Make the table from cubics through equidistant rows of g_rho and g_s, which are constant beyond their ends."""
        position = np.linspace(0.0, coefficients.shape[-1], _CLOCK)
        step = (last - first) / coefficients.shape[-1]
        _, linear, square, cubic = coefficients
        slopes = np.stack([linear, 2.0 * square, 3.0 * cubic, np.zeros_like(linear)])
        rho, s = interpolate(coefficients, position)
        slope = interpolate(slopes, position)[1] / step
        log_rate = np.log(s) - 0.5 * np.log(rho) + np.log1p(slope / (3.0 * s))
        front = 0.5 * np.log(np.pi / 45.0) + np.log(natural("M_Pl"))
        rows = np.stack([front + log_rate, np.log(s)])
        return cls(first, (last - first) / (_CLOCK - 1), rows, np.diff(rows, append=rows[:, -1:]))

    def expansion_at(self, log_t: Array) -> tuple[Array, Array]:
        """Return ln of s/H (1 + dln g_s/dlnT/3), and ln g_s."""
        position = np.minimum(np.maximum((log_t - self.first) / self.step, 0.0), _CLOCK - 1.0)
        row = position.astype(np.intp)
        part = position - row
        log_rate, log_g = (rows.take(row) + rises.take(row) * part for rows, rises in zip(self.rows, self.rises, strict=True))
        return log_t + log_rate, log_g


@cached
@read_only
def _standard_bath() -> _Bath:
    """Expansion history of the Standard Model."""
    log_t = np.log(degrees_of_freedom()[:, 0])
    return _Bath.through(float(log_t[0]), float(log_t[-1]), degrees_of_freedom_cubics())


@dataclass(frozen=True)
class _Grid:
    """Values of x for the Boltzmann equation and for the thermal averages, the same for all points."""

    x: Array  # points of the equation, followed by those of the integral, (n,)
    implicit: Array  # twice the size of a step in ln x, times the weight of the slope at its end, (n_points, 1)
    twice_past: list[Array]  # twice the weights of the past values, and 1 for the source
    y_eq: Array  # equilibrium value for one state, times g_s, (n,)
    x_of_average: Array
    to_steps: list[tuple[int, Any]]  # sparse matrices that interpolate the logarithms of the averages to blocks of steps
    to_late: Any  # and to the points of the integral
    cumulative: Array  # matrix that maps the integrand to its cumulative integral
    n_points: int  # number of points of the equation; the rest of x belongs to the integral


def _through_six(grid: Array, points: Array) -> Array:
    """Return the weights for interpolation from an equidistant grid by polynomials through six neighbours."""
    position = (points - grid[0]) / (grid[1] - grid[0])
    row = np.clip(position.astype(np.intp) - 2, 0, len(grid) - 6)
    t = position - row
    weights = np.zeros((len(points), len(grid)))
    for i in range(6):
        others = [j for j in range(6) if j != i]
        weights[np.arange(len(points)), row + i] = np.prod([(t - j) / (i - j) for j in others], axis=0)
    return weights


@lru_cache
@read_only
def _grid(coarse: bool = False) -> _Grid:
    """Make the grid; the coarse one is for scans, in which the density may have an error of `_ROUGH`."""
    from scipy import special  # type: ignore[import-untyped]
    from scipy.sparse import csr_array  # type: ignore[import-untyped]

    first, last = np.log(_X_FIRST + _BEND), np.log(_X_FROZEN + _BEND)
    steps = int(np.ceil((last - first) / (_COARSE * _STEP if coarse else _STEP)))
    early = np.exp(np.linspace(first, last, steps + 1)) - _BEND
    number = (_LATE - 1) // _COARSE + 1 if coarse else _LATE
    late = np.linspace(np.log(_X_FROZEN), np.log(_X_LAST), number)
    x = np.concatenate([early, np.exp(late)])
    averages = [
        np.linspace(np.log(a), np.log(b), n)
        for a, b, n in ((_X_FIRST, _X_FROZEN, _EARLY_AVERAGES), (_X_FROZEN, _X_LAST, _LATE_AVERAGES))
    ]
    to_steps = np.zeros((len(x), _EARLY_AVERAGES + _LATE_AVERAGES))
    to_steps[: len(early), :_EARLY_AVERAGES] = _through_six(averages[0], np.log(early))
    to_steps[len(early) :, _EARLY_AVERAGES:] = _through_six(averages[1], late)
    # integrals of cubics through four neighbours over each interval
    intervals = np.zeros((number, number))
    for i in range(1, number - 2):
        intervals[i + 1, i - 1 : i + 3] = np.array([-1.0, 13.0, 13.0, -1.0]) / 24.0
    intervals[1, :4] = np.array([9.0, 19.0, -5.0, 1.0]) / 24.0
    intervals[-1, -4:] = intervals[1, 3::-1]
    cumulative = np.cumsum(intervals, axis=0) * (late[1] - late[0])
    # Y_eq = n_eq/s with Maxwell-Boltzmann statistics; it is set to zero beyond x = 700
    y_eq = 45.0 / (4.0 * np.pi**4) * x**2 * special.kve(2, x) * np.exp(-np.minimum(x, 700.0)) * (x < 700.0)
    step = (last - first) / steps * (early + _BEND) / early
    slopes = [0.0, *(_BACKWARD[min(i, len(_BACKWARD)) - 1][1] for i in range(1, len(early)))]
    implicit = 2.0 * (step * np.array(slopes))[:, None]
    past = [np.append(2.0 * weights, 1.0) for weights, _ in _BACKWARD]
    starts = range(0, len(early), _BLOCK)
    blocks = [(start, csr_array(to_steps[start : min(start + _BLOCK, len(early))])) for start in starts]
    return _Grid(
        x,
        implicit,
        past,
        y_eq,
        np.exp(np.concatenate(averages)),
        blocks,
        csr_array(to_steps[len(early) :]),
        cumulative,
        len(early),
    )


@lru_cache
@read_only
def _bessel() -> Array:
    """Coefficients of a polynomial in 1/z that gives K_1(z) exp(z) z^(1/2) to 6e-8 for z above 2."""
    from scipy import special

    z = 2.0 / np.cos(np.pi / 800.0 * (np.arange(400) + 0.5)) ** 2
    return np.linalg.lstsq((1.0 / z[:, None]) ** np.arange(_TERMS), special.k1e(z) * np.sqrt(z), rcond=None)[0]


class _Breaks(NamedTuple):
    """Edges of the quadrature in ln e: the panels, and the breaks that lie inside; the first axis is that of the edges."""

    panels: Array  # (11, points); one near a break has moved to the end
    reach: Array  # (2, edges, points): distance to the middle between an edge and the one before and after it
    position: Array  # (breaks, points), in e
    scale: Array  # width of a pole over its position, 0 for a threshold


def _inside(e: Array) -> npt.NDArray[np.bool_]:
    """Whether a break lies within the range of the quadrature."""
    return (e > _E_MIN) & (e < _E_MAX)


def _edges(mass: Array, positions: Array, widths: Array) -> _Breaks:
    """Place the edges for breaks of shape (k, points)."""
    e_b = positions / mass - 2.0
    inside = _inside(e_b)
    order = np.argsort(~inside, axis=0, kind="stable")
    most = int(np.max(np.sum(inside, axis=0), initial=0))
    e_b, scale = (np.take_along_axis(part, order, 0)[:most] for part in (e_b, 0.5 * widths / mass))
    inside = np.take_along_axis(inside, order, 0)[:most]
    # breaks out of range are moved to the end, behind the last panel
    e_b = np.where(inside, e_b, _E_MAX)
    scale = np.where(inside, scale / e_b, 0.0)
    log_b = np.log(e_b)
    panels = np.repeat(_PANELS[:, None], mass.size, axis=1)
    for i in range(most):
        # an edge near a break is moved to the end, because the nodes next to such an edge would miss a narrow structure
        near = inside[i] & (np.abs(panels - log_b[i]) < _NEAR)
        panels = np.where(near & (panels > _PANELS[0]), _PANELS[-1], panels)
    edges = np.concatenate([panels, log_b])
    rank = np.argsort(edges, axis=0, kind="stable")
    half = 0.5 * np.diff(np.take_along_axis(edges, rank, 0), axis=0)
    none = np.zeros((1, mass.size))
    reach = np.empty((2, *edges.shape))
    for side, lengths in enumerate((np.concatenate([none, half]), np.concatenate([half, none]))):
        np.put_along_axis(reach[side], rank, lengths, 0)
    return _Breaks(panels, reach, e_b, scale)


def _beside(breaks: _Breaks, order: int = _SHARP) -> tuple[Array, Array]:
    """Nodes on both sides of the breaks, and their weights, of shape (2 breaks order, points).

    Near a pole the nodes lie at distances width sinh(t) from it, near a threshold at distances t^2.
    """
    sign = np.array([-1.0, 1.0])[:, None, None, None]
    u, w = (part[:, None] for part in legendre(order))
    pole = (breaks.scale > 0.0)[:, None]
    width = np.where(pole, breaks.scale[:, None], 1.0)
    t_max = np.arcsinh(breaks.reach[:, len(_PANELS) :, None] / width)
    t = t_max * np.where(pole, u, u**2)
    e = breaks.position[:, None] * np.exp(sign * width * np.sinh(t))
    weight = width * np.cosh(t) * t_max * np.where(pole, 1.0, 2.0 * u) * w * e
    size = math.prod(e.shape[:-1])
    return e.reshape(size, e.shape[-1]), weight.reshape(size, e.shape[-1])


def _nodes(mass: Array, positions: Array, widths: Array) -> tuple[Array, Array]:
    """Nodes in e and their weights, shape (nodes, points), for breaks of shape (k, points).

    The panels in ln e resolve the Boltzmann factor of every temperature.
    """
    breaks = _edges(mass, positions, widths)
    sign = np.array([-1.0, 1.0])[:, None, None, None]
    count = len(_PANELS)
    u, w = (part[:, None] for part in legendre(_SMOOTH))
    smooth = np.exp(breaks.panels[:, None] + sign * breaks.reach[:, :count, None] * u)
    smooth_weight = breaks.reach[:, :count, None] * w * smooth
    # below the first panel W is constant, and one node is exact
    first = np.full((1, mass.size), _FIRST)
    size = 2 * count * _SMOOTH
    sharp, sharp_weight = _beside(breaks)
    e = np.concatenate([first, smooth.reshape(size, mass.size), sharp])
    weight = np.concatenate([first * _FIRST_WEIGHT, smooth_weight.reshape(size, mass.size), sharp_weight])
    return e, weight


def _averages(mass: Array, rate: _Rate, breaks: tuple[Array, Array], x: Array) -> Array:
    """Thermal average <sigma v> in GeV^-2 at x of shape (k,) or (k, points); the result has the shape (points, k)."""
    e, weight = _nodes(mass, *breaks)
    energy = 2.0 + e
    kinetic = e * (4.0 + e)
    strength = weight * np.sqrt(kinetic) * energy * rate(mass**2 * energy**2, kinetic / energy**2)
    e, terms = np.ascontiguousarray(e.T), _terms(strength.T, energy.T)
    x = np.asarray(x)[..., None]
    fronts = _fronts(x)
    moments = np.empty((mass.size, len(x), _TERMS))
    boltzmann = np.empty((len(x), len(strength)))
    for i in range(mass.size):
        np.multiply(-x if x.ndim == 2 else -x[:, i], e[i], out=boltzmann)
        # arithmetic with numbers that underflow is slow
        np.maximum(boltzmann, _UNDERFLOW, out=boltzmann)
        np.exp(boltzmann, out=boltzmann)
        np.matmul(boltzmann, terms[i], out=moments[i])
    fronts = fronts if x.ndim == 2 else fronts.swapaxes(0, 1)
    return np.sum(fronts * moments, axis=-1) / mass[:, None] ** 2


def _fronts(x: Array) -> Array:
    """Factors of the terms of K_1 in the thermal average, in the last axis of x, which has the length 1."""
    from scipy import special

    return np.asarray(x / (8.0 * special.kve(2, x) ** 2) * _bessel() * x ** -(np.arange(_TERMS) + 0.5))


def _terms(strength: Array, energy: Array) -> Array:
    """Strength over the powers of the energy that the terms of K_1 have, in a new last axis."""
    terms = np.empty((*strength.shape, _TERMS))
    factor = 1.0 / energy
    term = strength * np.sqrt(factor)
    for k in range(_TERMS):
        terms[..., k] = term
        term = term * factor
    return terms


@dataclass(frozen=True)
class _Fixed:
    """Nodes of the panels without a break, the same for all points, and the kernel that maps W there to the averages."""

    e: Array  # (rows,)
    kernel: Array  # (temperatures, rows)
    skipped: int  # number of half-panels from the lowest energy that are not among the rows
    spread: Array  # matrix from the few nodes in their place to all nodes there


@lru_cache
@read_only
def _fixed(quiet: int) -> _Fixed:
    """Make the nodes and the kernel; in the lowest `quiet` panels W is a polynomial in e^(1/2), known at a few nodes."""
    u, w = legendre(_SMOOTH)
    half = 0.5 * np.diff(_PANELS)[:, None, None]
    # from each edge to the next: the part on the right of the first, and the part on the left of the second
    ends = np.stack([_PANELS[:-1], _PANELS[1:]], axis=1)[..., None]
    e = np.exp(ends + np.array([1.0, -1.0])[:, None] * half * u)
    weight = half * w * e
    e, weight = np.append(_FIRST, e), np.append(_FIRST * _FIRST_WEIGHT, weight)
    energy, kinetic = 2.0 + e, e * (4.0 + e)
    x = _grid().x_of_average[:, None]
    boltzmann = np.exp(np.maximum(-x * e, _UNDERFLOW))
    kernel = boltzmann * (_fronts(x) @ _terms(weight * np.sqrt(kinetic) * energy, energy).T)
    if not quiet:
        return _Fixed(e, kernel, 0, np.empty((0, 0)))
    rows = 1 + 2 * quiet * _SMOOTH
    few = 0.5 * np.exp(0.5 * _PANELS[quiet]) * (1.0 - np.cos(np.pi * (np.arange(_FEW) + 0.5) / _FEW))
    weights = np.ones((rows, _FEW))
    for i, j in itertools.permutations(range(_FEW), 2):
        weights[:, i] *= (np.sqrt(e[:rows]) - few[j]) / (few[i] - few[j])
    kernel = np.concatenate([kernel[:, :rows] @ weights, kernel[:, rows:]], axis=1)
    return _Fixed(np.append(few**2, e[rows:]), kernel, 2 * quiet, weights)


class _Rule(NamedTuple):
    """Nodes of a few points at the temperatures of the grid; shape (rows, points), the fixed nodes first."""

    fixed: _Fixed
    e: Array
    own: npt.NDArray[np.bool_]  # whether the node is one of the point's own
    weight: Array  # of own nodes, otherwise zero


def _rule(mass: Array, breaks: tuple[Array, Array], quiet: int = 0, order: int = _SHARP) -> _Rule:
    """Nodes and weights; those of the panels that no break touches are the same for all points."""
    fixed, edges = _fixed(quiet), _edges(mass, *breaks)
    count, points = len(_PANELS), mass.size
    # half-panels from the lowest energy upwards; those next to a break or in the place of a moved edge are a point's own
    reach = np.stack([edges.reach[1, : count - 1], edges.reach[0, 1:count]], axis=1).reshape(2 * count - 2, points)
    ends = np.stack([edges.panels[:-1], edges.panels[1:]], axis=1).reshape(reach.shape)
    usual = np.stack([_PANELS[:-1], _PANELS[1:]], axis=1).reshape(-1, 1)
    changed = ((reach != np.repeat(0.5 * np.diff(_PANELS), 2)[:, None]) | (ends != usual))[fixed.skipped :]
    u, w = (part[:, None] for part in legendre(_SMOOTH))
    half, place = np.nonzero(changed)
    sign = np.where(half % 2 == 0, 1.0, -1.0)
    distance = reach[fixed.skipped :][half, place]
    e_own = np.exp(ends[fixed.skipped :][half, place] + sign * distance * u)
    lead = len(fixed.e) - len(changed) * _SMOOTH
    smooth = np.repeat(fixed.e[lead:].reshape(-1, _SMOOTH, 1), points, axis=2)
    weight, own = np.zeros_like(smooth), np.zeros(smooth.shape, bool)
    smooth[half, :, place] = e_own.T
    weight[half, :, place] = (distance * w * e_own).T
    own[half, :, place] = True
    sharp, sharp_weight = _beside(edges, order)
    e = np.concatenate([np.repeat(fixed.e[:lead, None], points, axis=1), smooth.reshape(-1, points), sharp])
    weight = np.concatenate([np.zeros((lead, points)), weight.reshape(-1, points), sharp_weight])
    own = np.concatenate([np.zeros((lead, points), bool), own.reshape(-1, points), np.ones(sharp.shape, bool)])
    return _Rule(fixed, e, own, weight)


class _Own(NamedTuple):
    """The points' own nodes, one row a point, from cold to hot ones."""

    order: npt.NDArray[np.intp]  # rows of the rule
    counts: npt.NDArray[np.intp]  # (points, 3): numbers of cold, of cold and warm, and of all nodes
    e: Array
    terms: Array  # weights in the terms of K_1, times m^2


def _own(rule: _Rule) -> _Own:
    """Sort the nodes: only the cold ones matter at late temperatures, and only the hot ones underflow at early ones."""
    kind = ((rule.weight > 0.0) & (rule.e <= np.array([_COLD, _WARM, np.inf])[:, None, None])).sum(axis=0, dtype=np.int8).T
    counts = np.stack([np.sum(kind >= i, axis=1) for i in (3, 2, 1)], axis=1)
    order = np.argsort(-kind, axis=1, kind="stable")[:, : np.max(counts, initial=0)]
    e, weight = (np.take_along_axis(part.T, order, 1) for part in (rule.e, rule.weight))
    energy = 2.0 + e
    return _Own(order, counts, e, _terms(weight * np.sqrt(e * (4.0 + e)) * energy, energy))


def _boltzmann(e: Array, cold: int, warm: int, first: int = 0) -> tuple[Array, Array]:
    """Boltzmann factors of sorted nodes at the early temperatures from the first, and of the cold ones at the late ones."""
    x = _grid().x_of_average
    early, late = e[:, None] * -x[first:_EARLY_AVERAGES], e[:cold, None] * -x[_EARLY_AVERAGES:]
    # arithmetic with numbers that underflow is slow
    np.maximum(early[warm:], _UNDERFLOW, out=early[warm:])
    np.maximum(late, _UNDERFLOW, out=late)
    return np.exp(early, out=early), np.exp(late, out=late)


def _on_fixed(mass: Array, rate: _Rate, breaks: tuple[Array, Array], quiet: int = 0) -> Array:
    """`_averages` at the temperatures of the grid; nodes that all points share need no exponentials of their own."""
    rule = _rule(mass, breaks, quiet)
    energy = 2.0 + rule.e
    w_s = rate(mass**2 * energy**2, rule.e * (4.0 + rule.e) / energy**2)
    shared = len(rule.fixed.e)
    average = np.ascontiguousarray((rule.fixed.kernel @ np.where(rule.own[:shared], 0.0, w_s[:shared])).T)
    own = _own(rule)
    terms = own.terms * np.take_along_axis(w_s.T, own.order, 1)[..., None]
    moments = np.empty((*average.shape, _TERMS))
    for i, (cold, warm, some) in enumerate(own.counts.tolist()):
        early, late = _boltzmann(own.e[i, :some], cold, warm)
        np.matmul(early.T, terms[i, :some], out=moments[i, :_EARLY_AVERAGES])
        np.matmul(late.T, terms[i, :cold], out=moments[i, _EARLY_AVERAGES:])
    average += np.einsum("ikt,kt->ik", moments, _grid_fronts())
    average /= mass[:, None] ** 2
    return average


@lru_cache
@read_only
def _grid_fronts() -> Array:
    """`_fronts` of the temperatures of the grid."""
    return _fronts(_grid().x_of_average[:, None])


class _Solution(NamedTuple):
    y: Array  # (n, points)
    y_eq: Array
    today: Array  # (points,)


def _solve(mass: Array, average: Array, dof: npt.ArrayLike, bath: _Bath) -> _Solution:
    """Solve the Boltzmann equation for Y, with <sigma v> given at the temperatures of the grid."""
    history = _history(mass, dof, bath)
    y = np.empty_like(history.y_eq)
    today = _freeze_out(history, np.arange(mass.size), np.log(np.maximum(average, _NOTHING)), y)
    return _Solution(y, history.y_eq, today)


class _History(NamedTuple):
    """What the freeze-out of particles of given mass needs, but for <sigma v>; the last axis is that of the points."""

    grid: _Grid
    rate: Array  # s/H (1 + dln g_s/dlnT/3), (n, points)
    y_eq: Array


def _history(mass: Array, dof: npt.ArrayLike, bath: _Bath, coarse: bool = False) -> _History:
    """Expansion and equilibrium at each x."""
    grid = _grid(coarse)
    log_rate, log_g = bath.expansion_at(np.log(mass) - np.log(grid.x)[:, None])
    np.exp(log_rate, out=log_rate)
    np.negative(log_g, out=log_g)
    np.exp(log_g, out=log_g)
    log_g *= np.asarray(dof)
    log_g *= grid.y_eq[:, None]
    return _History(grid, log_rate, log_g)


def _freeze_out(history: _History, points: npt.NDArray[np.intp], log_average: Array, y: Array | None = None) -> Array:
    """Solve the Boltzmann equation with the logarithm of <sigma v>, of shape (points, temperatures), and return Y today.

    `points` are the columns of the history; Y is written to `y`, of shape (n, points), if it is given.
    """
    grid = history.grid
    logs = np.ascontiguousarray(log_average.T)
    order = len(_BACKWARD)
    # a block of steps at a time, so that the arrays fit into the cache; the last values of the block before come first
    block = np.empty((order + _BLOCK, len(points)))
    known, root = np.empty((2, len(points)))
    for start, matrix in grid.to_steps:
        rate = np.asarray(matrix @ logs)
        np.exp(rate, out=rate)
        rate *= history.rate[start : start + len(rate)].take(points, axis=1)
        y_eq = history.y_eq[start : start + len(rate)].take(points, axis=1)
        # the equation for a step is 2 y + loss y^2 = known, with known = 2 past values + source
        loss = rate * grid.implicit[start : start + len(rate)]
        if start:
            block[:order] = block[_BLOCK:]
        # the source of a step stands where its value will be
        source = block[order : order + len(rate)]
        np.square(y_eq, out=source)
        source *= loss
        for i in range(len(rate)):
            if start + i == 0:
                block[order] = y_eq[0]
                continue
            past = grid.twice_past[min(start + i, order) - 1]
            np.matmul(past, block[order + i + 1 - len(past) : order + i + 1], out=known)
            # in a form without a difference of nearly equal numbers
            np.multiply(loss[i], known, out=root)
            root += 1.0
            np.sqrt(root, out=root)
            root += 1.0
            np.divide(known, root, out=block[order + i])
        if y is not None:
            y[start : start + len(rate)] = block[order : order + len(rate)]
        last = block[order + len(rate) - 1]
    late = np.exp(grid.to_late @ logs)
    late *= history.rate[grid.n_points :].take(points, axis=1)
    inverse = 1.0 / last + grid.cumulative @ late
    if y is not None:
        y[grid.n_points :] = 1.0 / inverse
    return 1.0 / (inverse[-1] + late[-1])


def _density(mass: Array, y: Array, self_conjugate: bool) -> Array:
    """Omega h^2 of the particles, including their antiparticles if these are different particles."""
    s = 2.0 * np.pi**2 / 45.0 * g_s(degrees_of_freedom()[0, 0]) * natural("T_CMB") ** 3
    critical = 3.0 / (8.0 * np.pi) * (units.convert(100.0, "km/s/Mpc", "GeV") * natural("M_Pl")) ** 2
    return (1.0 if switch("self_conjugate", self_conjugate) else 2.0) * mass * y * s / critical


def _mass_rate_breaks(sector: DarkSector) -> tuple[Array, _Rate, tuple[Array, Array]]:
    """Mass of X, annihilation rate and its breaks for a flat sector."""

    def rate(s: Array, beta_2: Array) -> Array:
        return squared_amplitude(sector, s, beta_2)

    return np.asarray(sector.require("m_x")), rate, annihilation.breaks(sector)


def _rise(sector: DarkSector) -> Array:
    """Slope in e^(1/2) of the width of H1 into X at rest, over the distance from its pole and lambda^2."""
    far = np.abs(4.0 * np.square(sector.require("m_x")) - np.square(sector.require("m_h1")))
    return np.asarray(np.square(sector.v_phi) / (16.0 * np.pi * far + _NOTHING))


def _quiet(sector: DarkSector, positions: Array) -> npt.NDArray[np.intp]:
    """Return the number of the lowest panels over which W is a polynomial in e^(1/2)."""
    nearest = np.min(np.abs(positions / np.asarray(sector.require("m_x")) - 2.0), axis=0)
    if sector.m_h1 is not None and sector.lambda_phi_x is not None:
        rise = np.square(sector.lambda_phi_x) * _rise(sector)
        nearest = np.minimum(nearest, _CALM * np.square(_BENT / np.maximum(rise, _BENT)))
    return np.clip(np.searchsorted(_PANELS, np.log(nearest / _CALM + _NOTHING), side="right") - 1, 0, _QUIET)


def _on_grid(sector: DarkSector) -> tuple[Array, Array]:
    """Masses and <sigma v> of a flat sector at the temperatures of the grid.

    It is computed for a few points at a time, so that the arrays fit into the cache, and for those together that have alike
    nodes and channels.
    """
    mass = np.asarray(sector.require("m_x"))
    breaks = annihilation.breaks(sector)
    quiet = _quiet(sector, breaks[0])
    order = _order(sector, breaks, quiet)
    average = np.empty((mass.size, len(_grid().x_of_average)))
    for start in range(0, mass.size, _CACHED):
        some = order[start : start + _CACHED]
        part = sector.select(some)

        def rate(s: Array, beta_2: Array, part: DarkSector = part) -> Array:
            return squared_amplitude(part, s, beta_2)

        average[some] = _on_fixed(mass[some], rate, (breaks[0][:, some], breaks[1][:, some]), int(quiet[some].min()))
    return mass, average


def _order(sector: DarkSector, breaks: tuple[Array, Array], quiet: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Order in which points with alike nodes and channels are neighbours."""
    count = np.sum(_inside(breaks[0] / np.asarray(sector.require("m_x")) - 2.0), axis=0)
    charged, mixed = (np.zeros(count.shape) if part is None else part != 0.0 for part in (sector.q_x, sector.sin_theta))
    return np.lexsort([mixed, quiet, count, charged])


class _Block(NamedTuple):
    """A few points with their nodes, and W there as a function of lambda."""

    rows: Array  # coefficients of W, (coefficients, points, nodes)
    shared: Array  # 1 for nodes of the panels that belong to no point, otherwise 0
    order: npt.NDArray[np.intp]
    kernels: list[Array]  # from own nodes to averages
    kernel: Array  # from shared nodes to averages


class _Family:
    """Relic density of a flat sector for any lambda, on nodes that are made for the lambda of the sector.

    The thermal kernel is computed once a point, from the temperature number `first` on.
    The breaks of the points that are `dense` have more nodes.
    """

    def __init__(
        self, sector: DarkSector, first: int = 0, dense: npt.NDArray[np.bool_] | bool = False, scans: bool = False
    ) -> None:
        self.first = first
        self.mass = np.asarray(sector.require("m_x"))
        breaks = annihilation.breaks(sector)
        quiets = _quiet(sector.replace(lambda_phi_x=np.zeros(self.mass.size)), breaks[0])
        ranks = _order(sector, breaks, quiets)
        dense = np.broadcast_to(dense, ranks.shape)[ranks]
        self.histories = [_history(self.mass, 1.0, _standard_bath(), coarse) for coarse in (False, True)[: 1 + scans]]
        self.block, self.place = np.empty((2, self.mass.size), dtype=np.intp)
        self.blocks: list[_Block] = []
        for points, order in ((ranks[~dense], _SHARP), (ranks[dense], _DENSE)):
            for start in range(0, len(points), _CACHED):
                some = points[start : start + _CACHED]
                self.block[some], self.place[some] = len(self.blocks), np.arange(len(some))
                quiet = int(quiets[some].min())
                rule = _rule(self.mass[some], (breaks[0][:, some], breaks[1][:, some]), quiet, order)
                self.blocks.append(self._prepare(sector.select(some), rule))

    def _prepare(self, sector: DarkSector, rule: _Rule) -> _Block:
        energy, mass = 2.0 + rule.e, np.asarray(sector.require("m_x"))
        inverse = mass**-2.0
        expansion = Expansion(sector, mass**2 * energy**2, rule.e * (4.0 + rule.e) / energy**2)
        own, fronts, shared = _own(rule), np.ascontiguousarray(_grid_fronts()[self.first :].T), len(rule.fixed.e)
        mask = np.where(rule.own[:shared], 0.0, inverse)
        # averages of the polynomial: from the shared nodes, and below from the own ones
        power, points = len(expansion.polynomial), rule.e.shape[1]
        averages = np.tensordot(expansion.polynomial[:, :shared] * mask, rule.fixed.kernel[self.first :], (1, 1))
        several = np.take_along_axis(expansion.polynomial.swapaxes(1, 2), own.order[None], 2)
        kernels = []
        for i, (cold, warm, some) in enumerate(own.counts.tolist()):
            early, late = _boltzmann(own.e[i, :some], cold, warm, self.first)
            kernel = np.empty((some + power, fronts.shape[1]))
            nodes = kernel[power:]
            np.matmul(inverse[i] * own.terms[i, :some], fronts, out=nodes)
            nodes[:, : _EARLY_AVERAGES - self.first] *= early
            nodes[:cold, _EARLY_AVERAGES - self.first :] *= late
            nodes[cold:, _EARLY_AVERAGES - self.first :] = 0.0
            kernel[:power] = averages[:, i] + several[:, i, :some] @ nodes
            kernels.append(kernel)
        # the coefficients are polynomials in e^(1/2) in the lowest panels, W is not
        rows, spread = expansion.rows.swapaxes(1, 2), rule.fixed.spread
        every, few = spread.shape
        rows = np.concatenate([rows[..., :few] @ spread.T, rows[..., few:]], axis=2)
        mask = np.concatenate([np.broadcast_to(inverse, (every, points)), mask[few:]])
        return _Block(rows, np.ascontiguousarray(mask.T), own.order + (every - few), kernels, _fixed(0).kernel[self.first :].T)

    def _averages(self, points: npt.NDArray[np.intp], coupling: Array) -> Array:
        """<sigma v> at one lambda each of some points, which may repeat, in the order of the blocks."""
        average = np.empty((len(points), len(_grid().x_of_average) - self.first))
        powers = coupling[:, None] ** np.arange(5.0)
        for start, stop in itertools.pairwise(_ends(self.block[points])):
            block, place = self.blocks[self.block[points[start]]], self.place[points[start:stop]]
            ends = list(itertools.pairwise(_ends(place)))
            w_s = np.empty((len(place), block.rows.shape[2]))
            some = coupling[start:stop, None]
            if len(place) > 2 * len(ends):
                for first, last in ends:
                    w_s[first:last] = resonant(block.rows[:, place[first]], some[first:last])
            else:
                for first in range(0, len(place), _SOME):
                    part = slice(first, first + _SOME)
                    w_s[part] = resonant(block.rows[:, place[part]], some[part])
            value = average[start:stop]
            np.matmul(w_s[:, : block.shared.shape[1]] * block.shared[place], block.kernel, out=value)
            own = np.concatenate([powers[start:stop], np.take_along_axis(w_s, block.order[place], 1)], axis=1)
            for first, last in ends:
                kernel = block.kernels[place[first]]
                value[first:last] += own[first:last, : len(kernel)] @ kernel
        return average

    def log_density(self, points: npt.NDArray[np.intp], log_coupling: Array, coarse: bool = False) -> Array:
        """Logarithm of Omega h^2 of some points, which may repeat, at one lambda each."""
        # a rounding error must not lead beyond 4 pi
        coupling = np.minimum(np.exp(log_coupling), 4.0 * np.pi)
        log = np.empty(len(points))
        rank = np.lexsort([self.place[points], self.block[points]])
        for start in range(0, len(points), _CHUNK):
            some = rank[start : start + _CHUNK]
            index = points[some]
            log_average = np.log(np.maximum(self._averages(index, coupling[some]), _NOTHING))
            if self.first:
                log_average = np.concatenate([np.repeat(log_average[:, :1], self.first, axis=1), log_average], axis=1)
            log[some] = np.log(_density(self.mass[index], _freeze_out(self.histories[coarse], index, log_average), False))
        return log


def _ends(key: npt.NDArray[np.intp]) -> list[int]:
    """Positions at which a sorted key changes, with both ends."""
    return [0, *(np.flatnonzero(np.diff(key)) + 1).tolist(), len(key)]


def _omega(sector: DarkSector, bath: _Bath | None = None) -> Array:
    """Relic density with a given bath, by default that of the Standard Model."""

    def density(points: DarkSector) -> Array:
        mass, average = _on_grid(points)
        return _density(mass, _solve(mass, average, 1.0, bath or _standard_bath()).today, False)

    return sector.pointwise(density, _CHUNK)


@public
def thermal_average(sector: DarkSector, x: npt.ArrayLike) -> Array:
    """Thermally averaged cross-section of X X* annihilation times velocity.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x; with m_h1 it also needs lambda_phi_x, and m_h1 is needed if lambda_phi_x is not zero.
        Without q_x the gauge interactions of X are left out, without sin_theta the mixing.
    x : array_like
        m_X/T, 1 to 1e6; broadcast against the shape of the sector.

    Returns
    -------
    ndarray or float
        ``<sigma v>`` in GeV^-2; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is not set or out of range.

    Notes
    -----
    With Maxwell-Boltzmann statistics and ``sigma = W/(2 s beta)``, Gondolo and Gelmini, NPB 360 (1991) 145, eq. (3.8), is
    ``<sigma v> = x/(8 m^2 K_2(x)^2) Int_0 de W beta (2 + e)^2 K_1(x (2 + e))`` with ``sqrt(s) = m (2 + e)``.

    Examples
    --------
    >>> from darkhiggs import model, relic
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> print([f"{value:.3e}" for value in relic.thermal_average(sector, [20.0, 200.0])])
    ['8.619e-10', '8.473e-10']
    """
    x = checked("x", x, _X_FIRST, _X_LAST)
    shape = together(x=x, sector=sector)
    # axes that the sector does not have come first
    lead, own = shape[: len(shape) - len(sector.shape)], shape[len(shape) - len(sector.shape) :]
    index = np.broadcast_to(np.arange(sector.reason.size).reshape(sector.shape), own).ravel()
    wide = np.broadcast_to(x, shape).reshape(math.prod(lead), index.size)
    value = np.full((*wide.shape,), np.nan)
    good = np.flatnonzero(sector.reason.ravel()[index] == "")
    for start in range(0, len(good), _CACHED):
        some = good[start : start + _CACHED]
        value[:, some] = _averages(*_mass_rate_breaks(sector.select(index[some])), wide[:, some]).T
    return value.reshape((*lead, *own))[()]


@public
def omega_h2(sector: DarkSector) -> Array:
    """Relic density of X and X*.

    Parameters
    ----------
    sector : DarkSector
        As for `thermal_average`.

    Returns
    -------
    ndarray or float
        ``Omega h^2 = 2 Omega_X h^2``; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is not set or out of range.

    Notes
    -----
    The equation is ``dY/dln x = -s <sigma v>/H [1 + (1/3) dln g_s/dln T] (Y^2 - Y_eq^2)`` for Y = n_X/s = n_X*/s, with the
    degrees of freedom of `thermodynamics`.
    It starts in equilibrium at x = 1, and is integrated to x = 120 in 455 steps by backward differences of order 5, whose
    implicit step is a quadratic equation.
    From there ``1/Y`` grows by the integral of the rate; beyond x = 1e6 <sigma v> is constant.
    The result is good to 2e-4, and to 5e-4 on a resonance within 1e-8 of 2 m_X.
    X is assumed to stay at the temperature of the photons; `bath_shift` gives the effect of a bath of neutrinos that contains
    the Z'.
    Where H1 is broad (`validity.flags`) tree level is not reliable.

    Examples
    --------
    >>> from darkhiggs import model, relic
    >>> sector = model.benchmark("A").replace(m_x=[0.05, 0.1], m_h1=1.0, lambda_phi_x=3e-3)
    >>> print(relic.omega_h2(sector).round(3))
    [0.461 0.116]
    """
    return _omega(sector)


def _as_rate(rate: Callable[[Array], npt.ArrayLike], shape: tuple[int, ...]) -> _Rate:
    """Adapt the rate W(s) of a user to the flattened arrays used internally."""

    def flat(s: Array, _: Array) -> Array:
        value = numbers("the result of rate", rate(s.reshape(len(s), *shape)))
        if not np.all(np.isfinite(value)) or np.any(value < 0.0):
            raise ParameterError("rate is negative or not finite; it is the squared amplitude, integrated over phase space")
        try:
            wide: Array = np.broadcast_to(value, (len(s), *shape)).reshape(s.shape)
        except ValueError:
            raise ParameterError(f"the result of rate has shape {value.shape} for s of shape {(len(s), *shape)}") from None
        return wide

    return flat


@public
def omega_h2_for(
    mass: npt.ArrayLike,
    rate: Callable[[Array], npt.ArrayLike],
    dof: npt.ArrayLike = 1.0,
    self_conjugate: bool = False,
    breaks: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> Array:
    """Relic density of a particle with a given annihilation rate.

    Parameters
    ----------
    mass : array_like
        Mass in GeV, 1e-4 to 1e4.
    rate : callable
        ``W(s)``, the squared amplitude integrated over two-body phase space, averaged over initial and summed over final spins;
        ``sigma v = W/s``. It is called once, with s in GeV^2 of shape ``(nodes,) + mass.shape``.
    dof : array_like
        Number of spin states of one particle: 1 for a scalar, 2 for a Dirac fermion chi.
    self_conjugate : bool
        Whether particle and antiparticle are the same.
    breaks : (positions, widths), optional
        Energies sqrt(s) in GeV where the rate is not smooth, of shape ``(k,)`` or ``(k,) + mass.shape``, and the
        width of each pole in GeV, 0 for a threshold.

    Returns
    -------
    ndarray or float
        Omega h^2, antiparticles included.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or the rate negative or not finite.

    Notes
    -----
    The method is that of `omega_h2`.
    It needs 2 kB of memory for each point and each array that `rate` makes.

    Examples
    --------
    A Dirac fermion charged under the U(1), just above the resonance of the Z'.

    >>> from darkhiggs import annihilation, relic
    >>> rate = lambda s: annihilation.rate_dirac(0.0058, 0.0115, 5e-4, 1.0, s)
    >>> round(float(relic.omega_h2_for(0.0058, rate, dof=2, breaks=([0.0115], [7.6e-11]))), 4)
    0.0351
    """
    mass = checked("mass", mass, 1e-4, 1e4, "GeV")
    dof = checked("dof", dof, 1e-3, 1e3)
    if together(mass=mass, dof=dof) != mass.shape:
        raise ParameterError(f"dof has shape {dof.shape}, which does not broadcast to that of mass, {mass.shape}")
    dof = np.broadcast_to(dof, mass.shape).ravel()
    if breaks is None:
        breaks = (), ()
    if not isinstance(breaks, tuple | list) or len(breaks) != 2:
        raise ParameterError(f"breaks = {shown(breaks)} is not a pair of positions and widths")
    positions, widths = breaks

    def spread(name: str, part: npt.ArrayLike) -> Array:
        part = checked(f"breaks, {name}", part, 0.0, unit="GeV")
        part = part[None] if part.ndim == 0 else part
        part = part.reshape(*part.shape, *(1,) * (1 + mass.ndim - part.ndim))
        return np.broadcast_to(part, (len(part), *mass.shape)).reshape(len(part), mass.size)

    pair = spread("positions", positions), spread("widths", widths)
    if pair[0].shape != pair[1].shape:
        raise ParameterError(f"breaks has {len(pair[0])} positions and {len(pair[1])} widths")
    if not mass.size:
        return np.empty(mass.shape)
    average = _on_fixed(mass.ravel(), _as_rate(rate, mass.shape), pair)
    value = _density(mass.ravel(), _solve(mass.ravel(), average, dof, _standard_bath()).today, self_conjugate)
    return value.reshape(mass.shape)[()]


@public
def omega_h2_z_prime(
    mass: npt.ArrayLike, m_zp: npt.ArrayLike, g_x: npt.ArrayLike, charge: npt.ArrayLike = 1.0, particle: str = "X"
) -> Array:
    """Relic density of a particle that couples only to the Z'.

    Parameters
    ----------
    mass : array_like
        Mass of the particle in GeV, 1e-4 to 1e4.
    m_zp : array_like
        Mass of the Z' in GeV, 1e-12 to 1e4.
    g_x : array_like
        Gauge coupling, 1e-20 to 1.
    charge : array_like
        Charge of the particle, -1e4 to 1e4.
    particle : {"X", "chi"}
        The complex scalar, or a Dirac fermion with a vector coupling.

    Returns
    -------
    ndarray or float
        Omega h^2, antiparticles included.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or the particle unknown.

    Notes
    -----
    For X this is `omega_h2` without the dark Higgs.
    For chi it is `omega_h2_for` with `annihilation.rate_dirac`.
    The pole of that rate has the width of the Z', including the decay to chi, and its threshold for two Z' is at
    sqrt(s) = 2 m_Z'.

    Examples
    --------
    On the edge of the resonance, and above the threshold of two Z'.

    >>> from darkhiggs import relic
    >>> print([f"{omega:.3g}" for omega in relic.omega_h2_z_prime([0.0058, 0.02], 0.0115, 5e-4, particle="chi")])
    ['0.0351', '86.1']
    """
    choice("particle", particle, ("X", "chi"))
    given = {
        "mass": checked("mass", mass, 1e-4, 1e4, "GeV"),
        "m_zp": checked("m_zp", m_zp, M_MIN, 1e4, "GeV"),
        "g_x": checked("g_x", g_x, G_MIN, 1.0),
        "charge": checked("charge", charge, -1e4, 1e4),
    }
    shape = together(**given)
    m, m_zp, g_x, charge = (np.broadcast_to(part, shape).ravel() for part in given.values())
    beta_2 = np.maximum(1.0 - (2.0 * m / m_zp) ** 2, 0.0)
    current = lepton_current(m_zp**2, lepton_velocities(m_zp**2))
    width = g_x**2 * m_zp / (12.0 * np.pi) * (1.0 + current + charge**2 * np.sqrt(beta_2) * (1.5 - 0.5 * beta_2))
    value = np.empty(m.size)
    for start in range(0, m.size, _CHUNK):
        some = slice(start, start + _CHUNK)
        if particle == "X":
            value[some] = omega_h2(DarkSector(m_zp=m_zp[some], g_x=g_x[some], m_x=m[some], q_x=charge[some]))
            continue
        rate = partial(annihilation.rate_dirac, m[some], m_zp[some], g_x[some], charge[some])
        positions = np.stack([m_zp[some], 2.0 * m_zp[some]])
        breaks = positions, np.stack([width[some], np.zeros_like(width[some])])
        value[some] = omega_h2_for(m[some], rate, 2.0, False, breaks)
    return value.reshape(shape)[()]


@public
def evolve(sector: DarkSector) -> Evolution:
    """Compute the number of X during freeze-out.

    Parameters
    ----------
    sector : DarkSector
        As for `thermal_average`.

    Returns
    -------
    Evolution
        x from 1 to 1e6 with Y, Y_eq, x_f and Omega h^2; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is not set or out of range.

    Notes
    -----
    The method is that of `omega_h2`.
    Y_eq is zero beyond x = 700.

    Examples
    --------
    >>> from darkhiggs import model, relic
    >>> sector = model.benchmark("A").replace(m_x=0.1, m_h1=1.0, lambda_phi_x=1e-3)
    >>> path = relic.evolve(sector)
    >>> bool(path.omega_h2 == relic.omega_h2(sector)) and path.x.shape == path.y.shape
    True
    """
    grid = _grid()

    def path(points: DarkSector) -> Array:
        """Y and Y_eq at each x, x_f and the density, one below the other."""
        mass, average = _on_grid(points)
        solution = _solve(mass, average, 1.0, _standard_bath())
        # interpolation linear in the logarithm of Y/Y_eq
        excess = np.log(solution.y[: grid.n_points] / solution.y_eq[: grid.n_points] / _FROZEN)
        first = np.maximum(np.argmax(excess > 0.0, axis=0), 1)
        below, above = (np.take_along_axis(excess, (first - i)[None], 0)[0] for i in (1, 0))
        freeze = grid.x[first] - (grid.x[first] - grid.x[first - 1]) * above / (above - below)
        return np.vstack([solution.y, solution.y_eq, freeze, _density(mass, solution.today, False)])

    found = sector.pointwise(path, _CHUNK)
    y, y_eq = found[: len(grid.x)], found[len(grid.x) : -2]
    # the point at which the method changes occurs twice
    once = np.arange(len(grid.x)) != grid.n_points
    return Evolution(grid.x[once], y[once], y_eq[once], found[-2], found[-1])


@public
def thermal_cross_section(mass: npt.ArrayLike, wave: str = "s", self_conjugate: bool = False) -> Array:
    """Cross-section for which a thermal relic has the density of the dark matter.

    Parameters
    ----------
    mass : array_like
        Mass in GeV, 1e-4 to 1e4.
    wave : {"s", "p"}
        ``<sigma v> = a``, or ``<sigma v> = b <v^2> = 6 b/x``.
    self_conjugate : bool
        Whether particle and antiparticle are the same. If they are not, only half of all pairs can annihilate, and the
        cross-section is about twice as large.

    Returns
    -------
    ndarray or float
        a or b in GeV^-2, for Omega h^2 = 0.12 with one spin state.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    The cross-section is found by an iteration in ln a on the solution of `omega_h2`.

    Examples
    --------
    >>> from darkhiggs import relic, units
    >>> a = relic.thermal_cross_section([0.1, 10.0], self_conjugate=True)
    >>> print([f"{x:.2e}" for x in units.convert(a, "GeV^-2", "cm^3/s")])
    ['4.16e-26', '2.30e-26']
    """
    mass = checked("mass", mass, 1e-4, 1e4, "GeV")
    choice("wave", wave, ("s", "p"))
    flat, x = mass.ravel(), _grid().x_of_average
    shape = np.ones_like(x) if wave == "s" else 6.0 / x
    log_a = np.full(flat.shape, np.log(1e-9 if wave == "s" else 1e-8))
    target = np.log(natural("Omega h^2", "1"))
    # Omega ~ 1/a up to logarithms
    for _ in range(_NEWTON):
        average = np.exp(log_a)[:, None] * shape
        log_a = log_a + np.log(_density(flat, _solve(flat, average, 1.0, _standard_bath()).today, self_conjugate)) - target
    return np.exp(log_a).reshape(mass.shape)[()]


@public
def omega_h2_analytic(
    target: DarkSector | npt.ArrayLike, cross_section: npt.ArrayLike | None = None, self_conjugate: bool = False
) -> Array:
    """Relic density by the formula of the talk.

    Parameters
    ----------
    target : DarkSector or array_like
        A sector, or the mass of the particle in GeV, 1e-4 to 1e4.
    cross_section : array_like, optional
        Constant ``<sigma v>`` in GeV^-2, 1e-20 to 1e4, for a mass; for a sector its own <sigma v> at x_f is used.
    self_conjugate : bool
        Whether particle and antiparticle are the same, which halves the density. It cannot be set for a sector.

    Returns
    -------
    ndarray or float
        ``Omega h^2``; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is not set or out of range.

    Notes
    -----
    ``Omega h^2 = 2 Omega_X h^2 = 1.75e-10 GeV^-2 x_f/(sqrt(g_*) <sigma v>)``, with g_* at T = m/x_f.
    ``x_f = ln[sqrt(45/8)/(2 pi^3) m M_Pl <sigma v>/sqrt(g_* x_f)]`` is found by iteration.
    For constant <sigma v> and Omega h^2 = 0.12 the formula is 0.2 % too low at 10 MeV, 2 % too high at 100 MeV, 3 % too low at
    1 GeV and 8 % too low at 10 GeV.

    Examples
    --------
    >>> from darkhiggs import relic
    >>> print((relic.omega_h2_analytic([0.01, 0.1, 1.0], relic.thermal_cross_section([0.01, 0.1, 1.0])) / 0.12).round(2))
    [1.   1.02 0.97]
    """
    if isinstance(target, DarkSector):
        if cross_section is not None or self_conjugate:
            raise ParameterError("cross_section and self_conjugate are for a mass; a sector has its own")

        def density(points: DarkSector) -> Array:
            mass, average = _on_grid(points)
            return _analytic(mass, partial(_along, np.log(np.maximum(average[:, :_EARLY_AVERAGES], _NOTHING))))

        return target.pointwise(density, _CHUNK)
    if cross_section is None:
        raise ParameterError("cross_section is not set; give it in GeV^-2")
    mass, average = np.broadcast_arrays(
        checked("target", target, 1e-4, 1e4, "GeV"), checked("cross_section", cross_section, 1e-20, 1e4, "GeV^-2")
    )
    value = _analytic(mass, lambda _: average)
    return (0.5 * value if switch("self_conjugate", self_conjugate) else value)[()]


def analytic_prefactor() -> float:
    """Prefactor of the formula of the talk, computed from the constants of this library.

    Returns
    -------
    float
        ``2 sqrt(45/pi) s_0/(rho_c/h^2 M_Pl)`` in GeV^-2, which the talk rounds to 1.75e-10.

    Notes
    -----
    For constant <sigma v> and g_* the solution is ``Y = sqrt(45/pi) x_f/(sqrt(g_*) m M_Pl <sigma v>)``.
    The density is m Y s_0/rho_c, times 2 for X and X* together, with the entropy density today s_0 and the critical density
    rho_c.

    Examples
    --------
    >>> from darkhiggs import relic
    >>> f"{relic.analytic_prefactor():.2e}"
    '1.71e-10'
    """
    m_pl, t_today = natural("M_Pl"), natural("T_CMB")
    entropy = 2.0 * np.pi**2 / 45.0 * g_s(degrees_of_freedom()[0, 0]) * t_today**3
    critical = 3.0 / (8.0 * np.pi) * (units.convert(100.0, "km/s/Mpc", "GeV") * m_pl) ** 2
    return float(2.0 * np.sqrt(45.0 / np.pi) * entropy / (critical * m_pl))


def _along(rows: Array, x: Array) -> Array:
    """Interpolate <sigma v> at one x for each point, from its logarithms on the grid."""
    grid = np.log(_grid().x_of_average[:2])
    position = np.log(x / _X_FIRST) / (grid[1] - grid[0])
    left = np.minimum(position.astype(np.intp), _EARLY_AVERAGES - 2)[:, None]
    below, above = (np.take_along_axis(rows, left + i, 1)[:, 0] for i in (0, 1))
    return np.exp(below + (above - below) * (position - left[:, 0]))


def _analytic(mass: Array, average: Callable[[Array], Array]) -> Array:
    """Density by the formula of the talk; `average` gives <sigma v> at x."""
    x = np.full(mass.shape, 20.0)
    for _ in range(_ANALYTIC):
        g = g_rho(np.clip(mass / x, 1e-5, 1e3))
        odds = np.sqrt(45.0 / 8.0) / (2.0 * np.pi**3) * mass * natural("M_Pl") * average(x) / np.sqrt(g * x)
        # near x = 1 there is no freeze-out; the damped iteration converges everywhere
        x = 0.5 * (x + np.clip(np.log(odds), _X_FIRST, _X_FROZEN))
    g = g_rho(np.clip(mass / x, 1e-5, 1e3))
    return natural("talk.omega_h2", "GeV^-2") * x / (np.sqrt(g) * average(x))


def _brackets(
    f: Callable[[Any, Array], Array], points: int, steady: npt.NDArray[np.bool_] | bool = True
) -> tuple[npt.NDArray[np.intp], Array, Array, Array, Array, Array]:
    """Find every sign change of f(rows, log coupling): its point, both ends and both values; and the values at 4 pi.

    Where f is not `steady` all decades are looked at.
    """
    decades = np.log(4.0 * np.pi) - np.log(10.0) * np.arange(_DECADES, -1, -1)
    value = np.empty((len(decades), points))

    def fill(rows: npt.NDArray[np.intp], which: npt.NDArray[np.intp]) -> None:
        value[np.ix_(rows, which)] = f(np.tile(which, len(rows)), np.repeat(decades[rows], len(which))).reshape(len(rows), -1)

    every, lowest = np.arange(points), np.arange(_LOWEST)
    fill(np.arange(_LOWEST, len(decades)), every)
    # towards zero coupling the density only levels off, where it has followed a power
    one, two = value[_LOWEST : _LOWEST + 2] - value[_LOWEST + 1 : _LOWEST + 3]
    rises = (one > -_RISE) & (np.abs(one - two) < _STRAIGHT) & (value[_LOWEST] > _FAR) & steady
    value[lowest] = value[_LOWEST] + one * (_LOWEST - lowest)[:, None]
    if not rises.all():
        fill(lowest, every[~rises])
    gap = np.diff(decades)[:, None]
    low, high = value[:-1], value[1:]
    # between two ends the density can cross the target twice if it is close to it, or if it rises
    wanted = (low * high < 0.0) | (np.abs(low + high) < _STEEP * gap) | (high > low + _RISE)
    # not where it follows a power of the coupling, from one decade to the next, and is not close to the target
    bend = np.abs(np.diff(value, 2, axis=0))
    bent = np.concatenate([bend[:1], np.maximum(bend[:-1], bend[1:]), bend[-1:]]) > _STRAIGHT
    left, which = np.nonzero(wanted & (bent | (np.minimum(np.abs(low), np.abs(high)) < 2.0 * _STRAIGHT)))
    plain, single = np.nonzero(wanted & (low * high < 0.0))
    whole = ~np.isin(plain * points + single, left * points + which)
    plain, single = plain[whole], single[whole]
    inner = decades[left] + gap[left, 0] * (np.arange(1, _FINER)[:, None] / _FINER)
    middle = f(np.tile(which, len(inner)), inner.ravel()).reshape(inner.shape)
    place = np.concatenate([decades[None, left], inner, decades[None, left + 1]])
    size = np.concatenate([low[None, left, which], middle, high[None, left, which]])
    step, column = np.nonzero((size[:-1] > 0.0) != (size[1:] > 0.0))
    ends = (place[step, column], place[step + 1, column], size[step, column], size[step + 1, column])
    others = (decades[plain], decades[plain + 1], low[plain, single], high[plain, single])
    both = (np.concatenate(pair) for pair in zip((which[column], *ends), (single, *others), strict=True))
    return *both, value[-1]


def _roots(sector: DarkSector, log_target: Array) -> tuple[npt.NDArray[np.intp], Array, Array]:
    """Find all couplings of a flat sector without masked points: points, ln(lambda), and excess at 4 pi.

    The nodes of a family do not depend on lambda, but for those at the pole of H1 or H2, whose width does.
    Such a pole has more nodes in the scan, and the roots that are found there are refined with a family of their own.
    """
    found, size = [], 0
    for start in range(0, sector.reason.size, _FAMILY):
        some = slice(start, start + _FAMILY)
        index = np.arange(start, min(start + _FAMILY, sector.reason.size))
        which, root, top, (left, *ends) = _roots_of_few(sector.select(index), log_target[some])
        found.append((which + start, root, top, left + size, *ends))
        size += len(which)
    which, root, top, left, *ends = (np.concatenate(part) for part in zip(*found, strict=True))
    if left.size:
        # the few roots whose resonance is not resolved
        rows = left.astype(np.intp)
        at = which[rows]

        def excess(some: npt.NDArray[np.intp], log: Array) -> Array:
            return _exact(sector, log_target, at[some], log)

        root[rows] = _illinois(excess, *ends)
    return which, root, top


def _exact(sector: DarkSector, log_target: Array, points: npt.NDArray[np.intp], log_coupling: Array) -> Array:
    """Excess of ln(Omega h^2) from `omega_h2`; a rounding error must not lead beyond 4 pi."""
    part = sector.select(points).replace(lambda_phi_x=np.minimum(np.exp(log_coupling), 4.0 * np.pi))
    return np.log(_omega(part)) - log_target[points]


def _first(mass: Array, log_target: Array) -> int:
    """Return the number of the first temperature at which <sigma v> matters for the required densities."""
    y = _history(mass, 1.0, _standard_bath(), True).y_eq
    equilibrium = y[np.searchsorted(_grid(True).x, _grid().x_of_average[_HOT])]
    return _HOT if np.all(np.log(_density(mass, equilibrium, False)) > log_target + _EQUAL) else 0


def _roots_of_few(sector: DarkSector, log_target: Array) -> tuple[npt.NDArray[np.intp], Array, Array, Array]:
    """`_roots` for so few points that their kernels fit into the memory; and the roots that are left, with their brackets."""
    mass = np.asarray(sector.require("m_x"))
    unit = sector.replace(lambda_phi_x=np.ones(mass.size))
    positions, widths = annihilation.breaks(unit)
    poles = (positions == np.asarray(sector.m_h1)) | (positions == natural("m_h"))
    wide = np.any(poles & (widths > 0.0) & _inside(positions / mass - 2.0), axis=0)
    # below this coupling numbers with 16 digits do not resolve the resonance, and the result depends on the nodes
    into_x = gamma_h1_to_xx(unit)
    missing = _NARROW * np.asarray(sector.m_h1) - (gamma_h1(unit) - into_x)
    narrow = np.where(
        wide & (missing > 0.0), 0.5 * np.log(np.maximum(missing, _NOTHING) / np.maximum(into_x, _NOTHING)), -np.inf
    )
    first = _first(mass, log_target)
    family = _Family(sector, first, wide, scans=True)

    def own(rows: npt.NDArray[np.intp], log: Array, coarse: bool) -> Array:
        return np.asarray(family.log_density(rows, log, coarse) - log_target[rows])

    def exact(rows: npt.NDArray[np.intp], log: Array) -> Array:
        value = np.empty(len(rows))
        for others in (False, True):
            some = np.flatnonzero(wide[rows] == others)
            if some.size and others:
                value[some] = _exact(sector, log_target, rows[some], log[some])
            elif some.size:
                value[some] = own(rows[some], log[some], False)
        return value

    def scanned(rows: npt.NDArray[np.intp], log: Array) -> Array:
        value = own(rows, log, True)
        near = np.flatnonzero((np.abs(value) < _ROUGH) | (log < narrow[rows]))
        if near.size:
            value[near] = exact(rows[near], log[near])
        return value

    which, *ends, top = _brackets(scanned, mass.size, np.isinf(narrow))
    # where H1 can be on its pole this is only a first guess
    enough = np.where(wide[which], _GUESS, _ROOT)
    root, failed = _secants(lambda rows, log: own(which[rows], log, False), ends, enough)
    left = np.union1d(failed, np.flatnonzero(root <= narrow[which]))
    rows = np.setdiff1d(np.flatnonzero(wide[which]), left)
    if rows.size:
        at = which[rows]
        root[rows], failed = _refined(sector.select(at), first, log_target[at], root[rows], [end[rows] for end in ends])
        left = np.concatenate([left, rows[failed]])
    return which, root, top, np.stack([left, *(end[left] for end in ends)])


@public
def coupling_for(sector: DarkSector, omega_h2: npt.ArrayLike | None = None) -> Coupling:
    """Portal coupling that gives a required relic density.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x and m_h1; its own lambda_phi_x is ignored.
    omega_h2 : array_like, optional
        Required density of X and X*, 1e-6 to 1e3, broadcast against the shape of the sector; by default the input
        ``Omega h^2``, 0.12.

    Returns
    -------
    Coupling
        ``value`` is the smallest coupling, nan where there is none, and ``branches`` are all couplings up to 4 pi.
        ``reason`` is empty where there is a coupling. Otherwise it is ``"no solution below 4 pi"`` (too much dark matter for
        all couplings up to 4 pi), ``"too little at any coupling"`` (the gauge interaction alone annihilates too much of it), or
        the reason why the point is masked.

    Raises
    ------
    ParameterError
        If a parameter is not set or out of range.

    Notes
    -----
    W is a polynomial in lambda_PhiX but for the widths of H1 and H2, so that its coefficients and the thermal kernel are
    computed once a point.
    The density is computed once per decade over eleven decades below 4 pi, with steps three times as wide, and five times as
    finely where it is close to the required one or rises and does not follow a power of the coupling.
    Within 5 % of the required density, which is more than the error of the wide steps, it is computed as by `omega_h2`.
    Each sign change is refined to 1e-8 in the density; where H1 can be on its pole, with nodes made for the width there.
    There can be more than one branch where the gauge and the Higgs amplitude interfere, or where an H1 near 2 m_X becomes
    broad.

    Examples
    --------
    >>> from darkhiggs import model, relic
    >>> found = relic.coupling_for(model.benchmark("A").replace(m_x=[0.05, 0.1], m_h1=1.0))
    >>> print(found.value.round(5), found.reason.tolist())
    [0.00615 0.00295] ['', '']
    """
    wanted = checked("omega_h2", natural("Omega h^2", "1") if omega_h2 is None else omega_h2, 1e-6, 1e3)
    _ = sector.require("m_x"), sector.require("m_h1")
    shape = together(sector=sector, omega_h2=wanted)
    index = np.broadcast_to(np.arange(sector.reason.size).reshape(sector.shape), shape).ravel()
    sector = sector.select(index).replace(lambda_phi_x=np.zeros(index.size))
    reason = sector.reason.astype("<U64")
    good = np.flatnonzero(reason == "")
    found: list[list[float]] = [[] for _ in index]
    if good.size:
        part, target = sector.select(good), np.broadcast_to(wanted, shape).ravel()[good]
        which, root, top = _roots(part, np.log(target))
        for point, coupling in sorted(zip(good[which].tolist(), np.exp(root).tolist(), strict=True)):
            found[point].append(coupling)
        empty = np.array([not found[point] for point in good])
        reason[good[empty & (top > 0.0)]] = "no solution below 4 pi"
        reason[good[empty & (top <= 0.0)]] = "too little at any coupling"
    branches = np.full((max(1, *map(len, found), 1), len(found)), np.nan)
    for point, couplings in enumerate(found):
        branches[: len(couplings), point] = couplings
    branches = branches.reshape(len(branches), *shape)
    return Coupling(branches[0][()], branches, reason.reshape(shape))


def _refined(
    sector: DarkSector, first: int, log_target: Array, guess: Array, brackets: list[Array]
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Refine one root a point by secants, on nodes that are made anew until they belong to it; and where that fails."""
    root = guess.copy()
    rows = np.arange(len(guess))
    for _ in range(_RENEWALS):
        if not rows.size:
            break
        part = sector.select(rows).replace(lambda_phi_x=np.minimum(np.exp(root[rows]), 4.0 * np.pi))
        family = _Family(part, first)
        ends = [end[rows] for end in brackets]
        target = log_target[rows]

        def excess(some: npt.NDArray[np.intp], log: Array, family: Any = family, target: Array = target) -> Array:
            return np.asarray(family.log_density(some, log) - target[some])

        x, failed = _secants(excess, ends, _ROOT, root[rows])
        last, root[rows] = root[rows], x
        again = np.abs(x - last) > _CLOSE
        again[failed] = True
        rows = rows[again]
    return root, rows


def _secants(
    f: Callable[[Any, Array], Array], ends: list[Array], enough: npt.ArrayLike, start: Array | None = None
) -> tuple[Array, npt.NDArray[np.intp]]:
    """Find roots between a and b by secants, where f is nearly linear; and the rows where this fails.

    `start` has values close to the roots, if they are known.
    """
    a, b, f_a, f_b = ends
    slope = (f_b - f_a) / (b - a)
    x = a - f_a / slope if start is None else start.copy()
    enough = np.broadcast_to(enough, x.shape)
    rows, step = np.arange(len(x)), np.full(len(x), np.inf)
    y = f(rows, x) if rows.size else np.empty(0)
    if start is None:
        # the slope of the parabola through both ends and the first value, which is not used where the ends are too rough for it
        left, right = np.maximum(x - a, _SURE), np.maximum(b - x, _SURE)
        bent = ((y - f_a) * right / left + (f_b - y) * left / right) / (b - a)
        slope = np.where(np.abs(bent / slope - 1.0) < _PARABOLA, bent, slope)
    for _ in range(_SECANTS):
        rows = rows[~(np.abs(y[rows]) <= enough[rows])]
        if not rows.size:
            break
        new = np.clip(x[rows] - y[rows] / slope[rows], a[rows], b[rows])
        # the error after this step is that of the slope, which is of the order of the last step, times y
        sure = np.abs(y[rows]) * step[rows] < _SURE
        x[rows[sure]], y[rows[sure]] = new[sure], 0.0
        rows, new = rows[~sure], new[~sure]
        value = f(rows, new) if rows.size else np.empty(0)
        moved = new != x[rows]
        slope[rows[moved]] = (value - y[rows])[moved] / (new - x[rows])[moved]
        step[rows] = np.where(moved, np.abs(new - x[rows]), np.inf)
        x[rows], y[rows] = new, value
    return x, rows[~(np.abs(y[rows]) <= enough[rows])]


def _illinois(f: Callable[[Any, Array], Array], a: Array, b: Array, f_a: Array, f_b: Array) -> Array:
    """Find roots between a and b, where f has different signs; f is called with the rows that have not converged."""
    a, b, f_a, f_b = (part.copy() for part in (a, b, f_a, f_b))
    root = np.empty_like(a)
    rows = np.arange(len(root))
    for _ in range(_ROOT_STEPS):
        if not rows.size:
            break
        x = (a[rows] * f_b[rows] - b[rows] * f_a[rows]) / (f_b[rows] - f_a[rows])
        y = f(rows, x)
        crossed = (y > 0.0) != (f_b[rows] > 0.0)
        # halve the function value at an end that is kept twice (Illinois rule)
        a[rows], f_a[rows] = np.where(crossed, b[rows], a[rows]), np.where(crossed, f_b[rows], 0.5 * f_a[rows])
        b[rows], f_b[rows], root[rows] = x, y, x
        rows = rows[np.abs(y) > _ROOT]
    return root


@partial(cached, maxsize=64)
@read_only
def _bath_with_z_prime(m_zp: float, g_x: float) -> _Bath:
    """Make the expansion history with a bath of neutrinos and Z', as a function of their temperature.

    Above 5 MeV all particles have one temperature and the entropy is conserved.
    Below, the temperatures are those of `neutrinos.history`.
    The comoving volume is expressed by degrees of freedom of the entropy, normalised to the photons of today.
    """
    from scipy.interpolate import CubicSpline  # type: ignore[import-untyped]

    from .neutrinos import history, z_prime

    species = z_prime(m_zp, g_x)
    path = history([species])
    low = path.t_gamma < _T_COUPLED
    T, T_nu, log_a = path.t_gamma[low], path.t_nu[low], path.log_a[low]
    plasma = energy_density(T, 0.0, 2.0) + energy_density(T, natural("m_e"), 4.0, "fermion")
    plasma = plasma + qed_energy_density(np.maximum(T, 1e-5))
    rho_low = plasma + energy_density(T_nu, 0.0, 6.0, "fermion") + energy_density(T_nu, m_zp, 3.0)
    # comoving volume, normalised by the photons at the end and the entropy that corresponds to them
    log_volume = 3.0 * (log_a - log_a[-1] - np.log(T[-1])) - np.log(g_s(degrees_of_freedom()[0, 0]))
    hot = np.exp(np.linspace(np.log(1e3), np.log(1.02 * T[0]), 400))
    rho_hot = np.pi**2 / 30.0 * g_rho(hot) * hot**4 + energy_density(hot, m_zp, 3.0)

    def entropy(T: Array) -> Array:
        return np.asarray(2.0 * np.pi**2 / 45.0 * g_s(T) * T**3 + entropy_density(T, m_zp, 3.0))

    hot_volume = log_volume[0] + np.log(entropy(T[0]) / entropy(hot))
    log_t = np.log(np.concatenate([hot, T_nu]))[::-1]
    rho, volume = (np.concatenate(pair)[::-1] for pair in ((rho_hot, rho_low), (hot_volume, log_volume)))
    g_expansion = 30.0 / np.pi**2 * rho * np.exp(-4.0 * log_t)
    g_volume = np.exp(-volume - 3.0 * log_t)
    grid = np.linspace(log_t[0], log_t[-1], 401)
    columns = np.exp(CubicSpline(log_t, np.log(np.stack([g_expansion, g_volume], axis=-1)))(grid))
    return _Bath.through(float(grid[0]), float(grid[-1]), cubics(columns))


@public
def bath_shift(sector: DarkSector) -> Array:
    """Relative change of the relic density if the bath of X is that of the neutrinos and contains the Z'.

    Parameters
    ----------
    sector : DarkSector
        As for `thermal_average`.

    Returns
    -------
    ndarray or float
        ``Omega h^2(bath with Z')/omega_h2 - 1``; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is not set or out of range, or g_x is too small for a Z' in equilibrium.

    Notes
    -----
    The Z' (three states) and X have the temperature of the neutrinos.
    Above 5 MeV this is the temperature of all particles; below, T_nu(T_gamma) and H come from `neutrinos.history` with kinetic
    mixing.
    When the Z' decay, their entropy goes to the neutrinos, and through inverse decays and collisions to the photons.
    The density today is the number of X per photon.
    At benchmark A and Omega h^2 = 0.12 the shift falls from +5 % at m_X = 20 MeV through zero near 0.1 GeV to -5 % at 1 GeV.
    H1 and X itself are not added to the bath.
    The bath of `omega_h2` is that of the Standard Model alone, at the temperature of the photons.

    Examples
    --------
    >>> from darkhiggs import model, relic
    >>> sector = model.benchmark("A").replace(m_x=[0.02, 0.05, 1.0], m_h1=5.0, lambda_phi_x=0.05)
    >>> print(relic.bath_shift(sector).round(3))
    [ 0.05   0.021 -0.047]
    """
    good = np.flatnonzero(sector.reason == "")
    flat = sector.select(good)
    pairs, which = np.unique(np.stack([np.asarray(flat.m_zp), np.asarray(flat.g_x)]), axis=1, return_inverse=True)
    shift = np.empty(good.size)
    for i, (m_zp, g_x) in enumerate(pairs.T):
        rows = np.flatnonzero(which == i)
        some = flat.select(rows)
        shift[rows] = _omega(some, _bath_with_z_prime(float(m_zp), float(g_x))) / _omega(some) - 1.0
    return sector.scatter(shift)
