"""Spectra of B -> K and B -> K* + invisible and the likelihood of Belle II for many sectors, in microseconds a point.

One rule in q2 serves both decays and the efficiency.
Newton steps with the curvature of the nearest reference fit take the place of one curvature for every point and step; the
decrease that is left measures the error, and what does not converge is fitted by `belle2.Likelihood`.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from . import _belle2_tables, _profile, belle2, meson_decays
from ._arrays import Array, composite, legendre
from ._off_shell import NARROW
from ._owned import read_only
from ._scalars import divisor
from .errors import ParameterError
from .inputs import cached, natural
from .model import DarkSector
from .widths import br_zp_invisible, gamma_h1, gamma_h1_to_leptons, gamma_h1_to_xx, gamma_h1_to_zpzp

# Number of points whose spectra are integrated at a time, nodes of half an interval, and distance from the end of B -> K* down
# to which they follow its power.
_CHUNK, _ORDER, _END = 256, 28, 1e-4
# The efficiency has a kink in each of its bins. Where the spectrum is no line, which shifts an efficiency by more than this
# share, and has at least this rate, the rate is interpolated between its nodes to so many.
_SHARE, _SEEN, _FINE = 1e-4, 1e-7, 112
# Reference signals: masses of lines, masses of X in contact interactions, and sizes in standard deviations. A larger signal is
# scaled down to the largest size, and its -2 ln L grows in proportion.
_LINES = (0.2, 0.6, 1.0, 1.3, 1.5, 1.7, 1.9, 2.1, 2.3, 2.5, 2.7, 2.9, 3.1, 3.4, 3.7, 4.0, 4.3)
_PAIRS = (0.03, 0.5, 1.0, 1.5)
_SIZES = np.concatenate([np.linspace(0.0, 10.0, 11), np.geomspace(12.0, 50.0, 8)])
# Points fitted at a time; most steps; decrease of -2 ln L, absolute and relative, that ends them.
_CROWD, _STEPS, _LEFT, _RELATIVE = 512, 12, 1e-4, 1e-7


def rates(sector: DarkSector) -> tuple[Array, Array, Array]:
    """BR of B+ -> K+ inv and of B0 -> K*0 inv, and the former times the efficiency of each bin, (points, 18); flat sector."""
    starts = range(0, max(sector.reason.size, 1), _CHUNK)
    points = np.arange(sector.reason.size)
    found = [_rates(sector.select(points[i : i + _CHUNK])) for i in starts]
    kaon, kstar, seen = (np.concatenate(part) for part in zip(*found, strict=True))
    return kaon, kstar, seen


@lru_cache
@read_only
def _refinement() -> Array:
    """Matrix that takes the shares of an integral at its nodes to those at more nodes, by the polynomial through them."""
    (few, weights), (many, fine) = legendre(_ORDER), legendre(_FINE)
    others = ~np.eye(_ORDER, dtype=bool)
    gaps = few[:, None] - few
    front = np.array([1.0 / np.prod(gaps[i, others[i]]) for i in range(_ORDER)])
    terms = front / (many[:, None] - few)
    matrix: Array = fine[:, None] * terms / terms.sum(axis=1, keepdims=True) / weights
    return matrix


def _folded(q2: Array, rate: Array) -> Array:
    """Sum over the nodes, on the first axis, of the rate times the efficiency; (points, 18).

    The efficiency is linear between the centres of its bins: each node shares its rate among its neighbours.
    """
    centres, efficiency = _belle2_tables.efficiency()
    bins, points = len(centres), q2.shape[1]
    place = np.clip((q2 - centres[0]) / (centres[1] - centres[0]), 0.0, bins - 1.0)
    left = np.minimum(place.astype(np.intp), bins - 2)
    right, cell = rate * (place - left), (left + bins * np.arange(points)).ravel()
    filled = np.bincount(cell, (rate - right).ravel(), bins * points)
    filled += np.bincount(cell + 1, right.ravel(), bins * points)
    return filled.reshape(points, bins) @ efficiency


def _rates(sector: DarkSector) -> tuple[Array, Array, Array]:
    top, end = natural("m_B+") - natural("m_K+"), natural("m_B0") - natural("m_K*0")
    m_x, m_1 = sector.require("m_x"), sector.require("m_h1")
    points, pole = len(m_x), np.square(m_1)
    low = np.minimum(4.0 * np.square(np.minimum(sector.m_zp, m_x)), top**2)
    ends = [np.full(points, q**2) for q in (end, top)]
    breaks = np.clip(np.stack([4.0 * np.square(sector.m_zp), 4.0 * np.square(m_x), pole, *ends]), low, top**2)
    inside = breaks[2] == pole
    scales = 1e-9 * breaks
    scales[2] = np.where(inside, np.maximum(m_1 * gamma_h1(sector), NARROW * pole), scales[2])
    scales[3] = _END * breaks[3]
    q2, weights = composite(breaks, scales, _ORDER)
    q = np.sqrt(q2)
    to_zpzp, to_xx = gamma_h1_to_zpzp(sector, q), gamma_h1_to_xx(sector, q)
    width = q * (to_zpzp + to_xx + gamma_h1_to_leptons(sector, q))
    # the line shape of `_off_shell.line_shape`, with each width computed once
    offset, heavy = q2 - pole, 1.0 / (q2 - natural("m_h") ** 2)
    wide = np.maximum(width, np.where(inside, NARROW * pole, 0.0))
    shape = ((1.0 - heavy * offset) ** 2 + (heavy * width) ** 2) * wide / (divisor(width) * divisor(offset**2 + wide**2))
    common = weights * q * shape * (to_xx + to_zpzp * br_zp_invisible(sector) ** 2) * np.square(sector.sin_theta) / np.pi
    kaon = common * meson_decays.br_b_to_k_scalar(q, 1.0)
    kstar = common * meson_decays.br_b_to_kstar_scalar(q, 1.0)
    total, seen = kaon.sum(axis=0), _folded(q2, kaon)
    line = total[:, None] * _belle2_tables.efficiency_at(np.minimum(pole, top**2))
    again = np.flatnonzero((total > _SEEN) & (np.max(np.abs(seen - line), axis=1) > _SHARE * np.max(line, axis=1)))
    if again.size:
        fine, _ = composite(breaks[:, again], scales[:, again], _FINE)
        parts = np.tensordot(_refinement(), kaon[:, again].reshape(2, _ORDER, -1), axes=(1, 1)).swapaxes(0, 1)
        seen[again] = _folded(fine, parts.reshape(fine.shape))
    return total, kstar.sum(axis=0), seen


@dataclass(frozen=True)
class _References:
    """Fits of reference signals of unit size: their rows of all bins, the best parameters and the inverse of the curvature."""

    weight: Array  # 1/variance of each bin in the Standard Model
    rows: Array  # (references, bins)
    best: Array  # (references, sizes, parameters)
    inverse: Array  # (references, sizes, parameters, parameters)
    null: float  # -2 ln L of the Standard Model


def _signal(row: Array) -> _profile.Signal:
    """Signals of unit strength, and the fixed signal of the Standard Model."""
    fixed, error = belle2.Likelihood()._standard()
    return _profile.Signal(row, np.zeros(row.shape[-1]), fixed[None], error)


@cached
@read_only
def _references() -> _References:
    likelihood, unit = belle2.Likelihood(), natural("belle2.n_bplus", "1")
    spectra = [belle2.Spectrum.line(_LINES).efficiency]
    spectra += [
        belle2.Spectrum.three_body(mass, current).efficiency[None] for mass in _PAIRS for current in ("scalar", "vector")
    ]
    rows = likelihood._row(unit * np.concatenate(spectra))
    null = likelihood._minimise(_signal(rows[:1]), 0.0, held=True)
    yields, gammas, _ = likelihood._profiled(_signal(rows[:1]), null)
    weight = 1.0 / np.maximum(np.sum(yields * gammas, axis=1)[0], 1.0)
    rows = rows / np.sqrt(np.sum(rows**2 * weight, axis=1))[:, None]
    signal = _signal(np.repeat(rows, len(_SIZES), axis=0))
    best = likelihood._minimise(signal, np.tile(_SIZES, len(rows)), held=True)
    curvature = _profile.slopes(likelihood._model, signal, likelihood._data, best.point)[1][:, 1:, 1:]
    shape = len(rows), len(_SIZES), curvature.shape[-1]
    inverse = np.asarray(np.linalg.inv(curvature), dtype=np.float64).reshape(*shape, shape[-1])
    return _References(weight, rows, best.point[:, 1:].reshape(shape), inverse, float(null.chi2[0]))


def chi2(events: Array) -> Array:
    """-2 ln L relative to the Standard Model for expected signal events, (points, 18).

    It is nan where no fit converges.
    """
    rows = belle2.Likelihood()._row(events)
    found = [_chi2(rows[i : i + _CROWD]) for i in range(0, len(rows), _CROWD)]
    return np.concatenate(found) if found else np.empty(0)


def _chi2(rows: Array) -> Array:
    likelihood, known = belle2.Likelihood(), _references()
    model, observed = likelihood._model, likelihood._data.observed[0]
    fixed, error = likelihood._standard()
    dots = (rows * known.weight) @ known.rows.T
    which, size = dots.argmax(axis=1), dots.max(axis=1)
    scale = np.maximum(size / _SIZES[-1], 1.0)
    rows = rows / scale[:, None]
    place = np.interp(np.log1p(size), np.log1p(_SIZES), np.arange(len(_SIZES)))
    low = np.minimum(place.astype(np.intp), len(_SIZES) - 2)
    point = known.best[which, low] + (place - low)[:, None] * (known.best[which, low + 1] - known.best[which, low])
    metric = known.inverse[which, np.rint(place).astype(np.intp)]
    count, (shapes, bins) = len(model.widths), (model.shifts.shape[1], len(observed))
    moves, square = model.shifts.transpose(1, 0, 2).reshape(shapes, -1), model.spread**2
    value, active = np.full(len(rows), np.nan), np.arange(len(rows))
    for _ in range(_STEPS):
        here = point[active]
        factors = np.exp(model.widths * here[:, :count])[:, :, None]
        yields = factors * (model.yields + (here[:, count:] @ moves).reshape(len(active), count, bins))
        scatter = square * yields
        mean, variance = yields.sum(axis=1) + (fixed + rows[active]), np.sum(scatter * yields, axis=1) + (error * fixed) ** 2
        excess, slope, _, _ = _profile.deviance(observed, mean, variance)
        along = slope[:, None] - scatter * np.square(slope)[:, None]
        normal = model.widths * np.sum(along * yields, axis=2)
        bent = (along * factors).reshape(len(active), -1) @ moves.T
        gradient = np.concatenate([normal, bent], axis=1) + here
        step = (metric[active] @ gradient[..., None])[..., 0]
        fall = np.sum(step * gradient, axis=1)
        total = excess.sum(axis=1) + np.sum(np.square(here), axis=1)
        done = np.abs(fall) <= _LEFT + _RELATIVE * total
        value[active[done]] = (total - fall)[done]
        # a step from far away that would leave the range of a float goes to the safe fit
        active, step = active[~done], step[~done]
        near = np.max(np.abs(step), axis=1, initial=0.0) < 5.0
        active, step = active[near], step[near]
        if not active.size:
            break
        point[active] -= step
    left = np.flatnonzero(np.isnan(value))
    if left.size:
        value[left] = _safely(likelihood, rows[left])
    return scale * (value - known.null)


def _safely(likelihood: belle2.Likelihood, rows: Array) -> Array:
    """Fit by the likelihood itself; if one of many fits fails, each is tried alone."""
    try:
        return likelihood._minimise(_signal(rows), np.ones(len(rows)), held=True).chi2
    except ParameterError:
        if len(rows) == 1:
            return np.array([np.nan])
        return np.concatenate([_safely(likelihood, row[None]) for row in rows])
