"""Position at which a curve takes a given value."""

import math

import numpy as np

from ._arrays import Array


def first_crossing(x: Array, y: Array, level: float) -> Array:
    """Find where a curve first takes a value, by linear interpolation of ln y in ln x.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Positions, positive and increasing.
    y : ndarray, shape (n, ...)
        The curve, or one curve for each trailing index, not negative; nan where it has no value.
    level : float
        The value, positive.

    Returns
    -------
    ndarray or float
        Position, with the trailing shape of `y`; nan where the curve does not take the value.
    """
    log_x, log_y = np.log(x), np.log(np.maximum(y.reshape(len(x), math.prod(y.shape[1:])), 1e-300)) - np.log(level)
    hit = (log_y[:-1] <= 0.0) != (log_y[1:] <= 0.0)
    hit &= np.isfinite(log_y[:-1]) & np.isfinite(log_y[1:])
    if not len(hit):
        return np.full(y.shape[1:], np.nan)[()]
    first = np.argmax(hit, axis=0)
    a, b = (np.take_along_axis(log_y, (first + i)[None], 0)[0] for i in (0, 1))
    found = hit.any(axis=0)
    t = a / np.where(found, a - b, 1.0)
    return np.where(found, np.exp(log_x[first] + t * (log_x[first + 1] - log_x[first])), np.nan).reshape(y.shape[1:])[()]
