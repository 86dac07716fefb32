"""Cubic interpolation of tables with equidistant rows, and the table of the degrees of freedom in the Standard Model."""

from typing import Any

import numpy as np

from ._arrays import Array
from ._scalars import clip
from .inputs import cached, natural


def degrees_of_freedom() -> Array:
    """Table with the columns T in GeV, g_rho and g_s."""
    table: Array = natural("g_*(T)", "1")
    return table


def cubics(table: Array) -> Array:
    """Coefficients of the cubics through four neighbouring rows of a table, by power, column and interval."""
    rows = np.clip(np.arange(len(table) - 1), 1, len(table) - 3)
    a, b, c, d = (table[rows + i].T for i in (-1, 0, 1, 2))
    return np.stack([b, c - a / 3.0 - b / 2.0 - d / 6.0, (a + c) / 2.0 - b, (d - a) / 6.0 + (b - c) / 2.0])


def interpolate(coefficients: Array, position: Array) -> Array:
    """Interpolate the columns of a table between its rows; beyond the ends they are constant."""
    last = coefficients.shape[-1]
    position = clip(position, 0.0, last)
    place: Any = position.astype(np.intp) if isinstance(position, np.ndarray) else int(position)
    row: Any = clip(place, 1, last - 2)
    t = position - row
    # along one axis `take` is several times as fast as an index
    four = np.take(coefficients, row, axis=-1)
    # unpacking a short array is slow; a list is faster
    constant, linear, square, cubic = four.tolist() if four.ndim == 1 else four
    return ((cubic * t + square) * t + linear) * t + constant


def interpolate_with_slope(coefficients: Array, position: Array) -> tuple[Array, Array]:
    """Interpolate the columns of a table at an array of positions, and differentiate them by the position."""
    last = coefficients.shape[-1]
    position = np.clip(position, 0.0, last)
    row = np.clip(position.astype(np.intp), 1, last - 2)
    t = position - row
    constant, linear, square, cubic = np.take(coefficients, row, axis=-1)
    return ((cubic * t + square) * t + linear) * t + constant, (3.0 * cubic * t + 2.0 * square) * t + linear


@cached
def degrees_of_freedom_cubics() -> Array:
    """Cubics in ln T of g_rho and g_s."""
    return cubics(degrees_of_freedom()[:, 1:])
