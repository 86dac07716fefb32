"""Scans: the relic line, and where a curve lies inside a band or takes a value."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, numbers, single
from ._owned import Record
from ._public import public
from .errors import ParameterError
from .model import DarkSector

__all__ = ["Window", "crossing", "on_relic_line", "window"]


@dataclass(frozen=True, eq=False, repr=False)
class Window(Record):
    """The stretch of a scan where a quantity lies in a band.

    Parameters
    ----------
    low, high : ndarray
        First and last position inside; nan where the curve never enters.
    pieces : ndarray of int
        Number of separate stretches between them.
    open_low, open_high : ndarray of bool
        Whether the scan itself ends there, so that the edge is no crossing: its first or last point lies inside, or the
        next one has no value.

    Examples
    --------
    >>> from darkhiggs import scan
    >>> print(scan.window([1.0, 10.0, 100.0], [1.0, 10.0, 100.0], 5.0, 50.0).pieces)
    1
    """

    low: Array
    high: Array
    pieces: npt.NDArray[np.int_]
    open_low: npt.NDArray[np.bool_]
    open_high: npt.NDArray[np.bool_]


def _scan(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
    """Check the positions and the curves."""
    x, y = checked("x", x, 0.0, open_low=True), numbers("y", y)
    if x.ndim != 1 or np.any(np.diff(x) <= 0.0) or y.shape[:1] != x.shape:
        raise ParameterError(f"x of shape {x.shape} has to increase and to match the first axis of y, {y.shape}")
    return x, y


@public
def window(x: npt.ArrayLike, y: npt.ArrayLike, low: float, high: float) -> Window:
    """Find where a curve lies in a band, with edges interpolated between the points of the scan.

    Parameters
    ----------
    x : array_like, shape (n,)
        Positions, positive and increasing.
    y : array_like, shape (n, ...)
        The curve, or one for each trailing index, not negative; nan where it has no value.
    low, high : float
        The band, positive, low below high.

    Returns
    -------
    Window
        Of the trailing shape.

    Raises
    ------
    ParameterError
        If the positions do not increase, the shapes do not fit, or the band is empty.

    Notes
    -----
    Both logarithms are straight between the points. A curve that crosses the whole band between two points is found. Beside
    a point without a value the edge is the last point with one.

    Examples
    --------
    >>> from darkhiggs import scan
    >>> found = scan.window([1.0, 2.0, 4.0, 8.0], [8.0, 4.0, 2.0, 1.0], 1.5, 3.0)
    >>> f"{found.low:.3f} {found.high:.3f}"
    '2.667 5.333'
    """
    x, y = _scan(x, y)
    low, high = single("low", low, 0.0, open_low=True), single("high", high, 0.0, open_low=True)
    if low >= high:
        raise ParameterError(f"low = {low:g} is outside its range (0, {high:g}): the band is empty")
    columns = np.log(np.maximum(y.reshape(len(x), math.prod(y.shape[1:])), 1e-300)).T
    found = [_stretches(np.log(x), column, np.log(low), np.log(high)) for column in columns]
    shape = y.shape[1:]
    edges = [np.array([f[i] for f in found]).reshape(shape)[()] for i in range(5)]
    return Window(*edges)


def _stretches(x: Array, y: Array, low: float, high: float) -> tuple[float, float, int, bool, bool]:
    """Join the pieces of one curve that lie in the band."""
    pieces: list[list[float]] = []
    opened = closed = False
    last = None
    for i in np.flatnonzero(~np.isnan(y)):
        if last is not None and i == last + 1:
            # part of the segment inside: where the line crosses the band
            slope = y[i] - y[last]
            ends = sorted(((low - y[last]) / slope, (high - y[last]) / slope)) if slope != 0.0 else [-np.inf, np.inf]
            inside = slope != 0.0 or low <= y[i] <= high
            start, stop = max(ends[0], 0.0), min(ends[1], 1.0)
            if inside and start <= stop:
                a, b = (x[last] + t * (x[i] - x[last]) for t in (start, stop))
                first_point = last == 0 or np.isnan(y[last - 1])
                opened = opened or (not pieces and start == 0.0 and bool(first_point))
                closed = stop == 1.0 and (i == len(x) - 1 or bool(np.isnan(y[i + 1])))
                if pieces and a <= pieces[-1][1] + 1e-12:
                    pieces[-1][1] = b
                else:
                    pieces.append([a, b])
        last = int(i)
    if not pieces:
        return np.nan, np.nan, 0, False, False
    return float(np.exp(pieces[0][0])), float(np.exp(pieces[-1][1])), len(pieces), opened, closed


@public
def crossing(x: npt.ArrayLike, y: npt.ArrayLike, level: float) -> Array:
    """Find where a curve first takes a value.

    Parameters
    ----------
    x : array_like, shape (n,)
        Positions, positive and increasing.
    y : array_like, shape (n, ...)
        The curve, or one for each trailing index, not negative; nan where it has no value.
    level : float
        The value, positive.

    Returns
    -------
    ndarray or float
        Position, of the trailing shape; nan where the curve does not take the value.

    Raises
    ------
    ParameterError
        If the positions do not increase or the shapes do not fit.

    Notes
    -----
    Both logarithms are straight between the points.

    Examples
    --------
    >>> from darkhiggs import scan
    >>> round(float(scan.crossing([1.0, 2.0, 4.0], [1.0, 0.25, 0.0625], 0.16)), 12)
    2.5
    """
    x, y = _scan(x, y)
    level = single("level", level, 0.0, open_low=True)
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


@public
def on_relic_line(sector: DarkSector) -> DarkSector:
    """Give every point the smallest coupling lambda_PhiX for which X is all of the dark matter.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x and m_h1; its lambda_phi_x is not used.

    Returns
    -------
    DarkSector
        The same points; those without a solution below 4 pi are masked, with the reason of `relic.coupling_for`.

    Raises
    ------
    ParameterError
        If m_x or m_h1 is not set, or a single point has no solution.

    Examples
    --------
    >>> from darkhiggs import model, scan
    >>> line = scan.on_relic_line(model.benchmark("A").replace(m_x=[0.012, 0.05], m_h1=5.0))
    >>> print(line.lambda_phi_x.round(2), line.reason.tolist())
    [1.23 0.16] ['', '']
    """
    from . import relic

    coupling = relic.coupling_for(sector)
    if sector.shape == () and np.isnan(coupling.value):
        raise ParameterError(f"lambda_phi_x has no value in (0, 4 pi] that gives the relic density: {coupling.reason}")
    return sector.replace(lambda_phi_x=np.nan_to_num(coupling.value)).masked(coupling.reason)
