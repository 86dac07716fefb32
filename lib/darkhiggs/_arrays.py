"""Validation of arguments and the quadrature rules that the physics modules share."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ParameterError

Array = npt.NDArray[np.float64]


_INF = math.inf
# Types that numpy converts to float without an error although they are not real numbers.
_NO_NUMBERS = (bool, str, bytes, bytearray, complex, np.bool_, np.complexfloating, np.character, np.datetime64, np.timedelta64)


def numbers(name: str, value: npt.ArrayLike, unit: str = "1") -> Array:
    """Return `value` as a float array, or raise ParameterError; masked entries become nan."""
    kind = type(value)
    if kind is float or kind is np.float64 or (kind is np.ndarray and value.dtype == np.float64):  # type: ignore[union-attr]
        return np.asarray(value)
    try:
        return np.asarray(float(value)) if kind is int else _floats(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        inside = "" if unit == "1" else f" in {unit}"
        carries = f" carries a unit; give a plain number{inside}"
        words = carries if error.args == (_CARRIES_A_UNIT,) else f" = {shown(value)} is not a number{inside}"
    raise ParameterError(f"{name}{words}")


_CARRIES_A_UNIT = object()
_PLAIN = {float, int, np.float64}


def carries_unit(value: Any) -> bool:
    """Return whether the value is a quantity with a unit, or a labelled array that names its unit."""
    return any(hasattr(value, name) or name in (getattr(value, "attrs", None) or ()) for name in ("unit", "units"))


def _floats(value: Any) -> Array:
    """Convert a value that holds only real numbers; raise TypeError otherwise."""
    if isinstance(value, list | tuple):
        plain = _PLAIN.issuperset(map(type, value))
        return np.asarray(value if plain else [_floats(item) for item in value], dtype=np.float64)
    if carries_unit(value):
        raise TypeError(_CARRIES_A_UNIT)
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.kind == "O":
        if array.ndim:
            return np.asarray([_floats(item) for item in array.ravel()], dtype=np.float64).reshape(array.shape)
        value = array.item()
        if carries_unit(value):
            raise TypeError(_CARRIES_A_UNIT)
        if isinstance(value, _NO_NUMBERS) or value is None:
            raise TypeError
        return np.asarray(float(value))
    if array.dtype.kind not in "fiu":
        raise TypeError
    if isinstance(value, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(value), np.nan, array.astype(np.float64))
    return np.asarray(array, dtype=np.float64)


def shown(value: object) -> str:
    """Show a value on one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def outside(array: Array, low: float, high: float, open_low: bool) -> npt.NDArray[np.bool_]:
    """Mask of the elements that are not finite or out of range."""
    return ~np.isfinite(array) | (array < low) | (array > high) | (open_low & (array == low))


def checked(
    name: str,
    value: npt.ArrayLike,
    low: float = -np.inf,
    high: float = np.inf,
    unit: str = "1",
    *,
    open_low: bool = False,
) -> Array:
    """Return `value` as a float array, or raise ParameterError with the name, the value and the allowed range."""
    array = numbers(name, value, unit)
    if array.ndim == 0:
        # comparisons of plain floats are ten times as fast; nan fails them
        one = array.item()
        if (low < one or (one == low and not open_low)) and one <= high and -_INF < one < _INF:
            return array
        first = one
    else:
        bad = outside(array, low, high, open_low)
        if not bad.any():
            return array
        first = float(array[bad].flat[0])
    suffix = "" if unit == "1" else f" {unit}"
    bracket = "(" if open_low or low == -np.inf else "["
    close = ")" if high == np.inf else "]"
    raise ParameterError(f"{name} = {first:g}{suffix} is outside its range {bracket}{low:g}, {high:g}{close}{suffix}")


def single(
    name: str,
    value: npt.ArrayLike,
    low: float = -np.inf,
    high: float = np.inf,
    unit: str = "1",
    *,
    open_low: bool = False,
) -> float:
    """Return a single number within its range."""
    array = checked(name, value, low, high, unit, open_low=open_low)
    if array.ndim:
        raise ParameterError(f"{name} has shape {array.shape}; give one number")
    return float(array)


def whole(name: str, value: npt.ArrayLike, low: int, high: int) -> int:
    """Return a whole number within its range."""
    number = single(name, value, low, high)
    if number != int(number):
        raise ParameterError(f"{name} = {number:g} is not a whole number")
    return int(number)


def switch(name: str, value: bool) -> bool:
    """Return `value` if it is True or False; any other value, also a text, is refused."""
    if not isinstance(value, bool | np.bool_):
        raise ParameterError(f"{name} = {shown(value)} is neither True nor False")
    return bool(value)


def together(**arrays: Any) -> tuple[int, ...]:
    """Return the common shape of arrays, or raise ParameterError with their names and shapes."""
    try:
        return np.broadcast_shapes(*(array.shape for array in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items() if array.shape)
    raise ParameterError(f"the shapes of the parameters do not broadcast: {shapes}")


def choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """Return `value` if it is one of the allowed words."""
    if not isinstance(value, str) or value not in allowed:
        raise ParameterError(f"{name} = {shown(value)} is not one of {', '.join(map(repr, allowed))}")
    return value


@lru_cache
def legendre(order: int) -> tuple[Array, Array]:
    """Nodes and weights of the Gauss-Legendre rule on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    rule: tuple[Array, Array] = 0.5 * (nodes + 1.0), 0.5 * weights
    for part in rule:
        part.setflags(write=False)
    return rule


def composite(breaks: Array, scales: Array, order: int) -> tuple[Array, Array]:
    """Nodes and weights of a quadrature rule for functions with poles, thresholds and steps at known positions.

    `breaks` and `scales` have shape (k,) + shape; the rule runs from the smallest break to the largest.
    Near each break the nodes lie at distances scale sinh(t) from it, with the t of a Gauss-Legendre rule.
    They follow a Lorentzian of half width `scale`, a square root or a power down to that distance.
    Nodes and weights have shape (2 (k - 1) order,) + shape.
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
    shape = (2 * half.shape[0] * order, *half.shape[1:])
    return np.stack(x).reshape(shape), np.stack(w).reshape(shape)
