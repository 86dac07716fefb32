"""Tables with equidistant rows, read by cubics; and that of the degrees of freedom in the Standard Model."""

import numpy as np

from ._arrays import Array
from ._scalars import clip
from .inputs import cached, natural


def degrees_of_freedom() -> Array:
    """Columns T in GeV, g_rho, g_s."""
    table: Array = natural("g_*(T)", "1")
    return table


def cubics(table: Array) -> Array:
    """Coefficients, by power, column and interval, of the cubics through four neighbouring rows of a table."""
    rows = np.clip(np.arange(len(table) - 1), 1, len(table) - 3)
    a, b, c, d = (table[rows + i].T for i in (-1, 0, 1, 2))
    return np.stack([b, c - a / 3.0 - b / 2.0 - d / 6.0, (a + c) / 2.0 - b, (d - a) / 6.0 + (b - c) / 2.0])


def interpolate(coefficients: Array, position: Array) -> Array:
    """Read the columns of a table between its rows; beyond its ends they are constant."""
    last = coefficients.shape[-1]
    position = clip(position, 0.0, last)
    row = clip(position.astype(np.intp) if isinstance(position, np.ndarray) else int(position), 1, last - 2)
    t = position - row
    four = coefficients[..., row]
    # a short array is slow to take apart
    constant, linear, square, cubic = four.tolist() if four.ndim == 1 else four
    return ((cubic * t + square) * t + linear) * t + constant


@cached
def degrees_of_freedom_cubics() -> Array:
    """Cubics in ln T of g_rho and g_s."""
    return cubics(degrees_of_freedom()[:, 1:])
