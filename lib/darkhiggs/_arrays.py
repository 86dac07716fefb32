"""Validation of arguments and the quadrature rules that the physics modules share."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .errors import ParameterError

Array = npt.NDArray[np.float64]


def numbers(name: str, value: npt.ArrayLike, unit: str = "1") -> Array:
    """Return `value` as a float array, or say that it is none."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        shown = "" if unit == "1" else f" (in {unit})"
        raise ParameterError(f"{name} = {value!r} is not a number{shown}") from None


def outside(array: Array, low: float, high: float, open_low: bool) -> npt.NDArray[np.bool_]:
    """Where an array is not finite or leaves its range."""
    value: npt.NDArray[np.bool_] = ~np.isfinite(array) | (array < low) | (array > high) | (open_low & (array == low))
    return value


def checked(
    name: str,
    value: npt.ArrayLike,
    low: float = -np.inf,
    high: float = np.inf,
    unit: str = "1",
    *,
    open_low: bool = False,
) -> Array:
    """Return `value` as a float array, or raise a sentence that names what is wrong."""
    shown = "" if unit == "1" else f" {unit}"
    array = numbers(name, value, unit)
    bad = outside(array, low, high, open_low)
    if bad.any():
        first = float(array[bad].flat[0])
        bracket = "(" if open_low or low == -np.inf else "["
        close = ")" if high == np.inf else "]"
        raise ParameterError(f"{name} = {first:g}{shown} is outside its range {bracket}{low:g}, {high:g}{close}{shown}")
    return array


def choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is one of the allowed words."""
    if value not in allowed:
        raise ParameterError(f"{name} = {value!r} is not one of {', '.join(map(repr, allowed))}")
    return value


@lru_cache
def legendre(order: int) -> tuple[Array, Array]:
    """Nodes and weights of the Gauss-Legendre rule on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return 0.5 * (nodes + 1.0), 0.5 * weights


def composite(breaks: Array, scales: Array, order: int) -> tuple[Array, Array]:
    """Nodes and weights of a rule for functions with poles, thresholds and steps at known places.

    `breaks` and `scales` have shape (k,) + shape; the rule runs from the smallest break to the largest. Towards each break the
    nodes lie at distances scale sinh(t), equidistant enough in t to follow a Lorentzian of half width `scale`, a root or
    a power down to that distance. Nodes and weights have shape (2 (k - 1) order,) + shape.
    """
    rank = np.argsort(breaks, axis=0)
    breaks, scales = np.take_along_axis(breaks, rank, 0), np.take_along_axis(scales, rank, 0)
    half = 0.5 * np.diff(breaks, axis=0)
    nodes, weights = legendre(order)
    grid = nodes.reshape(-1, *(1,) * half.ndim)
    x, w = [], []
    for edge, scale, sign in ((breaks[:-1], scales[:-1], 1.0), (breaks[1:], scales[1:], -1.0)):
        t_max = np.arcsinh(half / scale)
        x.append(edge + sign * scale * np.sinh(grid * t_max))
        w.append(weights.reshape(grid.shape) * t_max * scale * np.cosh(grid * t_max))
    shape = (-1, *breaks.shape[1:])
    return np.stack(x).reshape(shape), np.stack(w).reshape(shape)
