"""Profile likelihood of binned counts with uncertain templates, for many data sets at once.

The expected count of bin b is ``nu_b = sum_s gamma_sb F_s (T_sb + sum_k theta_k D_skb)`` with ``F_s = exp(w_s theta_s)``.
The sum over s runs over the samples, that over k over the shapes; T are the templates and D their shifts.
Each sample has a log-normal normalisation F of width w and linear shape shifts.
Each nuisance parameter theta has a normal constraint of unit width.
Every template has in every bin a multiplier gamma, which describes the finite simulated sample.
A fixed signal, and a free signal of ``x`` times its template, are samples without theta.
The gammas are eliminated in closed form.
Their sum is one normal shift ``delta_b`` of variance ``V_b = sum_s (rho_sb y_sb)^2``, with the relative errors rho of the
yields y.
The minimum of ``(nu + delta) - n ln(nu + delta) + delta^2/2V`` over delta, for the count n, is the root of a quadratic.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ._arrays import Array
from .errors import ParameterError

_ENOUGH, _MOST, _NEAR, _ROUNDING = 1e-20, 1000, 1.0, 1e-9
Index = npt.NDArray[np.intp]


def _some(array: Array, sets: Index) -> Array:
    """Rows of an array that has one row for each data set, or one row for all of them."""
    return array if len(array) == 1 else array[sets]


@dataclass(frozen=True)
class Templates:
    """Backgrounds: yields and their relative errors (samples, bins), shifts (samples, shapes, bins), widths (samples,).

    If `loose` is true, the last shape has no constraint.
    """

    yields: Array
    spread: Array
    shifts: Array
    widths: Array
    loose: bool = False

    def select_bins(self, bins: slice | Array) -> "Templates":
        """Return the templates of some bins."""
        return Templates(self.yields[:, bins], self.spread[:, bins], self.shifts[:, :, bins], self.widths, self.loose)

    @cached_property
    def by_bin(self) -> Array:
        """Shifts as (bins, samples, shapes)."""
        return np.ascontiguousarray(self.shifts.transpose(2, 0, 1))

    @cached_property
    def squares(self) -> Array:
        """Products of two shifts, of shape (samples bins, shapes shapes)."""
        rows = self.shifts.transpose(0, 2, 1)
        samples, bins, shapes = rows.shape
        return (rows[..., :, None] * rows[..., None, :]).reshape(samples * bins, shapes * shapes)

    @property
    def size(self) -> int:
        """Number of nuisance parameters."""
        return len(self.widths) + int(self.shifts.shape[1])

    @cached_property
    def prior(self) -> Array:
        """Strength of the constraint of each nuisance parameter: 1, or 0 for a loose one."""
        return (np.arange(self.size) < self.size - self.loose).astype(np.float64)


@dataclass(frozen=True)
class Signal:
    """Events per unit of the free parameter, and a fixed addition: (sets, bins), with relative errors (bins,)."""

    free: Array
    free_spread: Array
    fixed: Array
    fixed_spread: Array

    def subset(self, sets: Index) -> "Signal":
        """Return the signals of some sets."""
        return Signal(_some(self.free, sets), self.free_spread, _some(self.fixed, sets), self.fixed_spread)


@dataclass(frozen=True)
class Counts:
    """Counts (sets, bins) with the auxiliary measurements: of theta (sets, parameters), of gamma (sets, samples + 2, bins)."""

    observed: Array
    centres: Array
    gammas: Array

    def subset(self, sets: Index) -> "Counts":
        """Return the counts of some sets."""
        return Counts(_some(self.observed, sets), _some(self.centres, sets), _some(self.gammas, sets))


@dataclass(frozen=True)
class Minimum:
    """Result of a fit: parameters (sets, 1 + parameters), -2 ln L relative to the saturated model, its slope in x, error of x.

    `along` is the derivative of the best parameters with respect to x; it is 1 for x itself.
    """

    point: Array
    chi2: Array
    slope: Array
    error: Array
    along: Array


def deviance(observed: Array, expected: Array, variance: Array) -> tuple[Array, Array, Array, Array]:
    """-2 ln L of each bin with the shift profiled, half its slope and curvature in the expectation, and the best count."""
    shifted = expected - variance
    root = np.sqrt(shifted**2 + 4.0 * observed * variance)
    # the same root of the quadratic, written for either sign without a difference of nearly equal numbers
    below = 2.0 * observed * variance / np.where(shifted < 0.0, root - shifted, 1.0)
    best = np.where(shifted < 0.0, below, 0.5 * (shifted + root))
    slope = (expected - best) / variance
    curvature = (root - best) / (variance * np.maximum(root, 1e-300))
    excess = best - observed
    # with n ln n the rounding error would remain in the difference of two fits
    value = 2.0 * (excess - observed * np.log1p(excess / np.where(observed > 0.0, observed, 1.0))) + variance * slope**2
    return value, slope, curvature, best


def samples(model: Templates, signal: Signal, point: Array) -> tuple[Array, Array]:
    """Return the yields (sets, samples + 2, bins) of backgrounds, fixed and free signal, and the normalisation factors."""
    count = len(model.widths)
    factors = np.exp(model.widths * point[:, 1 : 1 + count])[..., None]
    shapes = np.tensordot(point[:, 1 + count :], model.shifts, axes=(1, 1))
    backgrounds = factors * (model.yields + shapes)
    free = point[:, :1] * signal.free
    rows = (backgrounds, np.broadcast_to(signal.fixed, free.shape)[:, None], free[:, None])
    value: Array = np.concatenate(rows, axis=1)
    return value, factors


def _moments(model: Templates, signal: Signal, yields: Array, gammas: Array) -> tuple[Array, Array]:
    """Return expectation and variance (sets, bins)."""
    spread = np.concatenate([model.spread, signal.fixed_spread[None], signal.free_spread[None]])
    return np.sum(gammas * yields, axis=1), np.sum((spread * yields) ** 2, axis=1)


def chi2(model: Templates, signal: Signal, data: Counts, point: Array) -> Array:
    """-2 ln L relative to that of a saturated model."""
    yields, _ = samples(model, signal, point)
    value = deviance(data.observed, *_moments(model, signal, yields, data.gammas))[0]
    return value.sum(axis=1) + np.sum(model.prior * (point[:, 1:] - data.centres) ** 2, axis=1)


def _derivatives(model: Templates, signal: Signal, factors: Array, own: Array, weight: Array, free: Array) -> Array:
    """Differentiate the sum of weight times yield over the samples by each parameter; (sets, 1 + parameters, bins)."""
    weight = np.broadcast_to(weight, own.shape)
    norms = model.widths[:, None] * weight * own
    bent = ((weight * factors).transpose(2, 0, 1) @ model.by_bin).transpose(1, 2, 0)
    first = np.broadcast_to(free * signal.free, (len(own), own.shape[-1]))[:, None]
    value: Array = np.concatenate([first, norms, bent], axis=1)
    return value


def response(model: Templates, signal: Signal, gammas: Array, point: Array) -> tuple[Array, Array, Array]:
    """Return expectation and variance (sets, bins), and the derivatives of the expectation (sets, 1 + parameters, bins)."""
    yields, factors = samples(model, signal, point)
    count = len(model.widths)
    along = _derivatives(model, signal, factors, yields[:, :count], gammas[:, :count], gammas[:, -1])
    mean, variance = _moments(model, signal, yields, gammas)
    return mean, variance, along


def slopes(model: Templates, signal: Signal, data: Counts, point: Array) -> tuple[Array, Array, Array]:
    """Half the gradient of `chi2`, half its curvature, and the part of the curvature that is positive semidefinite.

    With g half the slope of a bin and c half its curvature, ``dg = c (d nu - g dV)``; this gives the positive part.
    The rest of the curvature comes from the second derivatives of the yields in the normalisations, and of the variance in
    every parameter.
    """
    yields, factors = samples(model, signal, point)
    _, slope, curvature, _ = deviance(data.observed, *_moments(model, signal, yields, data.gammas))
    count = len(model.widths)
    own = yields[:, :count]

    mean = _derivatives(model, signal, factors, own, data.gammas[:, :count], data.gammas[:, -1])
    # half of dV
    variance = _derivatives(model, signal, factors, own, model.spread**2 * own, signal.free_spread**2 * yields[:, -1])
    gradient: Array = (mean @ slope[..., None] - variance @ (slope**2)[..., None])[..., 0]
    gradient[:, 1:] += model.prior * (point[:, 1:] - data.centres)
    along = mean - 2.0 * slope[:, None] * variance
    safe = (along * curvature[:, None]) @ along.swapaxes(1, 2)
    bound = np.arange(1, safe.shape[1])
    safe[:, bound, bound] += model.prior
    pushed = (data.gammas[:, :count] - 2.0 * model.spread**2 * own * slope[:, None]) * slope[:, None]
    matrix = safe.copy()
    norms = np.arange(1, 1 + count)
    matrix[:, norms, norms] += model.widths**2 * np.sum(pushed * own, axis=2)
    cross = (pushed * factors).swapaxes(0, 1) @ model.shifts.swapaxes(1, 2)
    cross = model.widths[:, None] * cross.swapaxes(0, 1)
    matrix[:, 1 : 1 + count, 1 + count :] += cross
    matrix[:, 1 + count :, 1 : 1 + count] += cross.swapaxes(1, 2)
    pulled = (model.spread * factors * slope[:, None]) ** 2
    inner = matrix[:, 1 + count :, 1 + count :]
    inner -= (pulled.reshape(len(pulled), len(model.squares)) @ model.squares).reshape(inner.shape)
    matrix[:, 0, 0] -= np.sum((signal.free_spread * signal.free * slope) ** 2, axis=1)
    return gradient, matrix, safe


def _step(gradient: Array, matrix: Array, held: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Newton step, without x for the sets where it is held, and the decrease of `chi2` that a parabola predicts."""
    gradient, matrix = gradient.copy(), matrix.copy()
    gradient[held, 0] = 0.0
    matrix[held, 0, :] = matrix[held, :, 0] = 0.0
    matrix[held, 0, 0] = 1.0
    step = np.asarray(-np.linalg.solve(matrix, gradient[..., None])[..., 0], dtype=np.float64)
    fall: Array = -np.sum(step * gradient, axis=1)
    return step, fall


def common(*counts: int) -> int:
    """Return the common number of sets: a count of one fits any number, and a count of zero gives zero."""
    return 0 if 0 in counts else max(counts)


def minimise(
    model: Templates, signal: Signal, data: Counts, start: Array, held: npt.NDArray[np.bool_] | bool = False
) -> Minimum:
    """Minimise `chi2` by Newton steps, which are halved until they descend; x keeps its start value where it is held."""
    sets = common(len(start), len(data.observed), len(signal.free))
    point = np.array(np.broadcast_to(start, (sets, start.shape[1])))
    held = np.broadcast_to(held, (sets,))
    value = chi2(model, signal, data, point)
    slope, columns = np.zeros(sets), np.zeros(point.shape)
    active = np.arange(sets)
    for _ in range(_MOST):
        # a set that has converged is not moved again, so that its result does not depend on the others
        parts = signal.subset(active), data.subset(active)
        gradient, matrix, safe = slopes(model, *parts, point[active])
        step, fall = _step(gradient, safe, held[active])
        newton, ahead = _step(gradient, matrix, held[active])
        # the full Newton step is taken only near the minimum and if it descends
        near = (fall < _NEAR) & (ahead >= 0.0) & (ahead < _NEAR)
        step[near], fall[near] = newton[near], ahead[near]
        moving = ~(fall < _ENOUGH)
        converged = active[~moving]
        slope[converged], columns[converged] = 2.0 * gradient[~moving, 0], np.linalg.inv(safe[~moving])[:, 0]
        if not moving.any():
            variance = columns[:, :1]
            return Minimum(point, value, slope, np.sqrt(variance[:, 0]), columns / variance)
        active, step = active[moving], step[moving]
        parts = signal.subset(active), data.subset(active)
        trial = point[active] + step
        found = chi2(model, *parts, trial)
        while (uphill := found > value[active] + _ROUNDING).any():
            step[uphill] *= 0.5
            trial = point[active] + step
            found = chi2(model, *parts, trial)
        point[active], value[active] = trial, found
    raise ParameterError("the fit does not converge: the spectrum or the rate is too far from the data")


def crossing(
    model: Templates, signal: Signal, data: Counts, best: Minimum, level: Array | float, side: float
) -> tuple[Array, Array]:
    """Find x above (side +1) or below (side -1) its best value where the profiled `chi2` is `level` above its minimum.

    The slope of `chi2` in x at that point is returned too.
    """
    goal = best.chi2 + level
    distance = np.sqrt(level) * best.error
    start = best.point + side * distance[:, None] * best.along
    for _ in range(_MOST):
        here = minimise(model, signal, data, start, held=True)
        excess = here.chi2 - goal
        if np.all(np.abs(excess) < 1e-9 * (1.0 + np.abs(level))):
            return here.point[:, 0], here.slope
        # stay on this side of the minimum, where the slope keeps its sign
        wanted = np.clip(distance - side * excess / here.slope, 0.3 * distance, 2.0 * distance)
        start = here.point + side * (wanted - distance)[:, None] * here.along
        distance = wanted
    raise ParameterError("the interval does not close: the spectrum has too few events in the acceptance")
