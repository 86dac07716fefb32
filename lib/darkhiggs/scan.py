"""Scans: points with the observed relic density, and positions at which a curve is in a band or takes a value.

``python -m darkhiggs.scan run scan.toml`` evaluates the likelihood of the whole model at many points, ``resume`` goes on with a
run that was stopped, and ``profile`` finds the smallest chi2 in one or two parameters.
They need the extra packages of ``pip install darkhiggs[scan]``; the README describes them under *Scan a million points*.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice, numbers, single, switch, together
from ._crossings import first_crossing
from ._owned import Record
from ._public import public
from .errors import ParameterError
from .inputs import natural
from .model import DarkSector

__all__ = [
    "RelicWindows",
    "Window",
    "chance",
    "crossing",
    "on_relic_line",
    "relic_windows",
    "resonance_window",
    "upper_edge",
    "window",
]


@dataclass(frozen=True, eq=False, repr=False)
class Window(Record):
    """The interval of a scan in which a quantity lies in a band.

    Parameters
    ----------
    low, high : ndarray
        First and last position in the band; nan where the curve is nowhere in the band.
    pieces : ndarray of int
        Number of separate intervals between them.
    open_low, open_high : ndarray of bool
        Whether the edge is only an end of the scan and not a crossing: the first or last point of the scan is in the band, or
        the next point has no value.

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
    """Check the positions and the curves of a scan."""
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
        The curve, or one curve for each trailing index, not negative; nan where it has no value.
    low, high : float
        Edges of the band, positive, low below high.

    Returns
    -------
    Window
        Of the trailing shape of `y`.

    Raises
    ------
    ParameterError
        If the positions do not increase, the shapes do not fit, or the band is empty.

    Notes
    -----
    Between the points ln y is interpolated linearly in ln x.
    A curve that crosses the whole band between two points is found.
    Next to a point without a value the edge is the last point with a value.

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
    """Find the intervals of one curve that lie in the band, and join those that touch."""
    pieces: list[list[float]] = []
    opened = closed = False
    last = None
    for i in np.flatnonzero(~np.isnan(y)):
        if last is not None and i == last + 1:
            # part of the segment that is inside the band
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
        The curve, or one curve for each trailing index, not negative; nan where it has no value.
    level : float
        The value, positive.

    Returns
    -------
    ndarray or float
        Position, with the trailing shape of `y`; nan where the curve does not take the value.

    Raises
    ------
    ParameterError
        If the positions do not increase or the shapes do not fit.

    Notes
    -----
    Between the points ln y is interpolated linearly in ln x.

    Examples
    --------
    >>> from darkhiggs import scan
    >>> round(float(scan.crossing([1.0, 2.0, 4.0], [1.0, 0.25, 0.0625], 0.16)), 12)
    2.5
    """
    return first_crossing(*_scan(x, y), single("level", level, 0.0, open_low=True))


@public
def chance(
    low: npt.ArrayLike,
    high: npt.ArrayLike,
    tolerance: float,
    edges: tuple[float, float],
    ratios: tuple[float, float] = (1.3, 15.0),
) -> float:
    """Share of random windows that agree with at least one of a list of windows.

    Parameters
    ----------
    low, high : array_like, shape (n,)
        Edges of the windows in the list, positive; nan for a choice without a window.
    tolerance : float
        Largest relative difference of either edge from that of the random window, above 0 and below 1.
    edges : tuple of float
        Range of the lower edge of a random window, whose logarithm is uniformly distributed.
    ratios : tuple of float
        Range of the ratio of upper to lower edge, above 1, whose logarithm is uniformly distributed.

    Returns
    -------
    float
        From 0 to 1, computed at the midpoints of 400 x 400 cells.

    Raises
    ------
    ParameterError
        If the shapes do not fit, or a range is empty.

    Notes
    -----
    This is the probability that one of n choices agrees by chance with a target that is unrelated to them.

    Examples
    --------
    >>> from darkhiggs import scan
    >>> print(f"{scan.chance([0.02, 0.03], [0.1, 0.1], 0.15, (0.01, 1.0)):.4f}")
    0.0164
    """
    low, high = numbers("low", low).astype(float), numbers("high", high).astype(float)
    if low.ndim != 1 or low.shape != high.shape:
        raise ParameterError(f"low of shape {low.shape} and high of shape {high.shape} are not two lists of the same length")
    tolerance = single("tolerance", tolerance, 0.0, 1.0, open_low=True)
    even = (np.arange(400) + 0.5) / 400
    drawn = []
    for name, pair, above in (("edges", edges, 0.0), ("ratios", ratios, 1.0)):
        ends = checked(name, pair, above, open_low=True)
        if ends.shape != (2,) or ends[0] >= ends[1]:
            raise ParameterError(f"{name} of shape {ends.shape} has to be two numbers that increase")
        drawn.append(ends[0] * (ends[1] / ends[0]) ** even)
    first = drawn[0][:, None]
    second = first * drawn[1]
    hit = np.zeros(second.shape, dtype=bool)
    for a, b in zip(low, high, strict=True):
        hit |= (np.abs(a / first - 1.0) <= tolerance) & (np.abs(b / second - 1.0) <= tolerance)
    return float(hit.mean())


@public
def on_relic_line(sector: DarkSector) -> DarkSector:
    """Set the coupling lambda_PhiX of every point to the smallest value for which X is all of the dark matter.

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


@dataclass(frozen=True, eq=False, repr=False)
class RelicWindows(Record):
    """Windows of m_X with the observed relic density, one for each choice of the parameters that a paper may not give.

    Parameters
    ----------
    low, high : ndarray
        Edges in GeV; nan where no point has a rate in the band.
    open_low, open_high : ndarray of bool
        Whether the window begins or ends only because the scan does, or because there is no coupling with the relic density.
    sin_theta : ndarray
        Smallest mixing angle in the window, or in the scan if there is no window.
    higgs : ndarray
        Largest ratio, in the window or in the scan, of the mixing angle to its limit from invisible Higgs decays, including
        those into X.
    kstar, bs, b0 : ndarray
        Largest ratio of a rate in the window to its limit, for B0 -> K*0 invisible with the Standard Model subtracted, and for
        the invisible decays of B_s and of B0; nan without a window.
    broad : ndarray
        Share of the points in the window at which H1 is wider than a tenth of its mass; nan without a window.
    allowed : ndarray
        Share of the points in the window that all limits of `constraints.verdict` allow; nan without a window.
    ratio : ndarray
        Largest ratio of value to limit of all rows and points of the window; nan without a window.
    limit : ndarray of str
        Name of the row with this ratio; empty without a window.
    pieces : ndarray of int
        Number of separate intervals between the edges.
    wanted_low, wanted_high : ndarray
        Smallest and largest required rate in the window, which is the middle of the band or the best fit to the spectrum; nan
        without a window.

    Examples
    --------
    >>> import numpy as np
    >>> from darkhiggs import model, scan
    >>> m_x = np.geomspace(0.012, 2.0, 12)
    >>> found = scan.relic_windows(model.benchmark("B"), m_x, 1.1e-5, 2.5e-5, offset=[0.1], q_phi=[1.0], sin_theta=[0.01])
    >>> f"{1e3 * found.low[0, 0, 0, 0]:.0f} to {1e3 * found.high[0, 0, 0, 0]:.0f} MeV"
    '23 to 89 MeV'
    """

    low: Array
    high: Array
    open_low: npt.NDArray[np.bool_]
    open_high: npt.NDArray[np.bool_]
    sin_theta: Array
    higgs: Array
    kstar: Array
    bs: Array
    b0: Array
    broad: Array
    allowed: Array
    ratio: Array
    limit: npt.NDArray[np.str_]
    pieces: npt.NDArray[np.int_]
    wanted_low: Array
    wanted_high: Array


def _list(name: str, values: Array) -> Array:
    """Return a vector of one or more numbers."""
    if values.ndim > 1 or values.size == 0:
        raise ParameterError(f"{name} of shape {values.shape} is not a list of one or more numbers")
    return np.atleast_1d(values)


def _spectral(part: DarkSector, source: str) -> tuple[Array, Array, Array, Array]:
    """Rate of every point, both ends of the 68 % interval for its shape from the published spectrum, and its best fit."""
    from . import belle2

    there = (part.reason == "") & (2.0 * part.require("m_x") < natural("m_B+") - natural("m_K+"))
    good = part.select(there)
    spectrum = belle2.Spectrum.from_sector(good, form_factor=source)
    seen = spectrum.efficiency.sum(axis=-1) > 0.0
    fit = belle2.Likelihood().fit_rate(belle2.Spectrum(spectrum.efficiency[seen], spectrum.br[seen]))
    # with a smaller gain even a rate of zero would be in the interval, or close to it
    low, high = np.where(fit.delta_chi2 > 2.0, [fit.rate - fit.minus, fit.rate + fit.plus], np.nan)
    found = np.full((4, *part.shape), np.nan)
    there[there] = seen
    found[:, there] = spectrum.br[seen], low, high, np.where(np.isnan(low), np.nan, fit.rate)
    return tuple(found)


@public
def relic_windows(
    point: DarkSector,
    m_x: npt.ArrayLike,
    low: float | None = None,
    high: float | None = None,
    *,
    offset: npt.ArrayLike,
    q_phi: npt.ArrayLike,
    sin_theta: npt.ArrayLike,
    form_factors: Sequence[str] = ("HPQCD22",),
    with_x: bool = False,
    **options: Any,
) -> RelicWindows:
    """Find the masses of X with the relic density and with BR(B+ -> K+ invisible) in a band, for all combinations of choices.

    Parameters
    ----------
    point : DarkSector
        A point or a grid, from which m_zp, g_x and q_x are taken.
    m_x : array_like, shape (n,)
        Scan in the mass of X in GeV, increasing.
    low, high : float, optional
        Band of the rate. Without them each point has its own band: the 68 % interval of the rate from a fit of the shape of the
        point to the published spectrum, see `belle2.Likelihood.fit_rate`. A point whose fit gains less than 2 in -2 ln L has no
        band.
    offset : array_like, shape (k,)
        m_H1 - (m_B - m_K) in GeV, -4.7 to 120; negative for a two-body decay.
    q_phi : array_like, shape (j,)
        Charges of Phi.
    sin_theta : array_like, shape (i,)
        Mixing angles, 0 to 1; infinity means the largest angle that the input ``bound.higgs_invisible``, 13 % in the talk,
        allows; see `with_x`.
    form_factors : sequence of {"HPQCD22", "BallZwicky"}
        Sets for f_0, shape (h,).
    with_x : bool
        Whether the largest angle is computed for each point with the decays of H2 into X. By default these are left out, and
        the angle is the same for all m_x. Where the coupling to X is strong, this angle is above the limit, see
        `RelicWindows.higgs`.
    **options
        Choice of limits, as in `constraints.verdict`.

    Returns
    -------
    RelicWindows
        Arrays of shape (h, i, j, k), followed by the shape of m_zp, g_x and q_x.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or one of low and high is given alone.

    Notes
    -----
    The points of a window are the points of the scan with a rate in the band.
    If the window lies between two points of the scan, they are the neighbouring ones.
    The limit on the relic density is left out, because each point has the observed density.
    The direct searches are included if the point has a q_x.

    Examples
    --------
    >>> import numpy as np
    >>> from darkhiggs import model, scan
    >>> m_x = np.geomspace(0.012, 2.0, 12)
    >>> found = scan.relic_windows(model.benchmark("A"), m_x, 1.1e-5, 2.5e-5, offset=[0.1], q_phi=[1.0], sin_theta=[np.inf])
    >>> found.low.shape, bool(np.isnan(found.low[0, 0, 0, 0]))
    ((1, 1, 1, 1), True)

    The spectrum requires a larger rate if H1 is off shell, because slow kaons have a small efficiency:

    >>> point = model.benchmark("B").replace(q_x=0.7)
    >>> found = scan.relic_windows(point, m_x, offset=[0.1], q_phi=[0.2], sin_theta=[0.02])
    >>> print(*(f"{1e6 * x[0, 0, 0, 0]:.0f}" for x in (found.wanted_low, found.wanted_high)))
    23 95
    """
    from . import constraints, meson_decays, widths

    mass = checked("m_x", m_x, 0.0, unit="GeV", open_low=True)
    if mass.ndim != 1 or len(mass) < 2 or np.any(np.diff(mass) <= 0.0):
        raise ParameterError(f"m_x of shape {mass.shape} has to be two or more masses that increase")
    offset, q_phi = _list("offset", checked("offset", offset, -4.7, 120.0, "GeV")), _list("q_phi", numbers("q_phi", q_phi))
    angles = _list("sin_theta", numbers("sin_theta", sin_theta))
    checked("sin_theta", angles[~np.isposinf(angles)], 0.0, 1.0)
    end = natural("m_B+") - natural("m_K+")
    point = point.replace(m_x=mass[0], m_h1=end, q_phi=1.0, sin_theta=0.01, lambda_phi_x=0.0)
    inner = (1,) * len(point.shape)
    plane = point.replace(m_h1=end + offset.reshape(-1, *inner), q_phi=q_phi.reshape(-1, 1, *inner))
    scale = np.broadcast_to(plane.v_phi, plane.shape).reshape(len(q_phi), -1)
    if bad := [q for q, v in zip(q_phi, scale, strict=True) if not np.all((v >= 0.1) & (v <= 1e6))]:
        raise ParameterError(f"q_phi = {bad[0]:g} puts v_Phi outside its range [0.1, 1e+06] GeV")
    for source in form_factors:
        choice("form_factors", source, ("HPQCD22", "BallZwicky"))
    if (low is None) != (high is None):
        raise ParameterError("low and high are the two edges of the band; give both or neither")
    band = None
    if low is not None and high is not None:
        band = single("low", low, 0.0, open_low=True), single("high", high, 0.0, open_low=True)
        if band[0] >= band[1]:
            raise ParameterError(f"low = {low:g} is outside its range (0, {high:g}): the band is empty")
    masses = mass.reshape(-1, 1, 1, *inner)
    line = on_relic_line(plane.replace(m_x=masses))
    dark = {"m_x": masses, "lambda_phi_x": np.nan_to_num(line.lambda_phi_x)}
    top = np.broadcast_to(widths.sin_theta_max(plane.v_phi, m_h1=plane.m_h1, m_zp=point.m_zp, **dark), line.shape)
    found: list[list[npt.NDArray[np.generic]]] = []
    step = mass[1] / mass[0]
    light = top if switch("with_x", with_x) else widths.sin_theta_max(plane.v_phi, m_h1=plane.m_h1, m_zp=point.m_zp)
    parts = [line.replace(sin_theta=light if np.isposinf(angle) else angle) for angle in angles]
    rows = [constraints.table(part, ["K*0", "Bs", "B0"]) for part in parts]
    options = {"without": ["relic density"]} | options
    verdicts = [constraints.verdict(part, **options) for part in parts]
    wide = [np.nan_to_num(widths.gamma_h1(part) / part.m_h1) > 0.1 for part in parts]
    for source in form_factors:
        for part, own, verdict, broad in zip(parts, rows, verdicts, wide, strict=True):
            if band is None:
                rate, *needed, middle = _spectral(part, source)
                bottom, top_of = np.log(np.maximum(needed, 1e-12))
                # a curve that is 1 and e where the rate is at the lower and upper edge of its band
                curve, ends = np.exp((np.log(rate) - bottom) / (top_of - bottom)), (1.0, np.e)
            else:
                curve, ends = meson_decays.br_b_to_k_invisible(part, form_factor=source), band
                middle = np.full(line.shape, 0.5 * sum(band))
            stretch = window(mass, curve, *ends)
            inside = (curve >= ends[0]) & (curve <= ends[1])
            # the neighbours of a window between two points of the scan
            beside = (masses * step >= stretch.low) & (masses <= stretch.high * step)
            inside = np.where(inside.any(axis=0), inside, beside)
            count = inside.sum(axis=0)
            ratios = [np.max(np.where(inside, np.nan_to_num(row.value / row.limit), 0.0), axis=0) for row in own]
            share, allowed = (np.sum(part_of & inside, axis=0) / np.maximum(count, 1) for part_of in (broad, verdict.allowed))
            angle = np.broadcast_to(part.sin_theta, line.shape)
            asked = (inside | (count == 0)) & (line.reason == "")
            lowest = np.min(np.where(asked, angle, np.inf), axis=0)
            higgs = np.max(np.where(asked, angle / top, 0.0), axis=0)
            worst = np.where(inside, np.nan_to_num(verdict.ratio, nan=-np.inf), -np.inf)
            at = worst.argmax(axis=0)[None]
            limit = np.where(count, np.take_along_axis(np.asarray(verdict.limit), at, 0)[0], "")
            none = np.where(count, 0.0, np.nan)
            asks = np.where(inside & np.isfinite(middle), middle, np.nan)
            wanted = [np.where(count, reduce(asks, 0), np.nan) for reduce in (np.fmin.reduce, np.fmax.reduce)]
            edges = [stretch.low, stretch.high, stretch.open_low, stretch.open_high, lowest, higgs]
            limits = [x + none for x in (*ratios, share, allowed, worst.max(axis=0))]
            found.append([*edges, *limits, limit, stretch.pieces, *wanted])
    shape = (len(form_factors), len(angles), *line.shape[1:])
    return RelicWindows(*(np.stack(column).reshape(shape) for column in zip(*found, strict=True)))


@public
def upper_edge(sector: DarkSector, low: float, high: float, *, at_higgs_limit: bool = False, **options: Any) -> Array:
    """Find the mass of X up to which a sector with the observed relic density is allowed by all limits.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1; its m_x and lambda_phi_x are not used.
    low, high : float
        Range of the mass of X in GeV, 1e-6 to 1000, which is searched from low to high.
    at_higgs_limit : bool
        Use the largest mixing angle that invisible Higgs decays allow at each mass, instead of that of the sector.
    **options
        Choice of limits, as in `constraints.verdict`; by default all except the relic density.

    Returns
    -------
    ndarray or float
        Mass of X in GeV above which a limit excludes it for the first time, good to 1e-4. It is `high` if no limit does, 0 if X
        is excluded at `low`, and nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is out of range or m_h1 is not set.

    Notes
    -----
    The search uses 25 masses, and then halves the interval that contains the edge.
    A narrow excluded range between two of the 25 masses is therefore not found.

    Examples
    --------
    >>> from darkhiggs import model, scan
    >>> sector = model.benchmark("A").replace(m_h1=4.7, q_x=[0.0, 0.7])
    >>> print(scan.upper_edge(sector, 0.8, 2.3, at_higgs_limit=True).round(2))
    [2.3  1.32]
    """
    from . import constraints, widths

    low, high = (single(name, x, 1e-6, 1e3, "GeV") for name, x in (("low", low), ("high", high)))
    if low >= high:
        raise ParameterError(f"low = {low:g} GeV is outside its range (0, {high:g}): the range of masses is empty")
    at_limit = switch("at_higgs_limit", at_higgs_limit)
    sector.require("m_h1")
    good = sector.select(sector.reason == "")
    asked: dict[str, Any] = {"without": ["relic density"]} | options

    def allowed(m_x: Array) -> Array:
        line = on_relic_line(good.replace(m_x=m_x))
        if at_limit:
            dark = {"m_x": line.m_x, "lambda_phi_x": np.nan_to_num(line.lambda_phi_x)}
            line = line.replace(sin_theta=widths.sin_theta_max(line.v_phi, m_h1=line.m_h1, m_zp=line.m_zp, **dark))
        return np.asarray(constraints.verdict(line, **asked).allowed)

    grid = np.geomspace(low, high, 25)
    there = allowed(np.broadcast_to(grid[:, None], (25, *good.shape)))
    first = np.argmin(there, axis=0)
    inside, outside = grid[np.maximum(first - 1, 0)], grid[first]
    halved = there[0] & ~there.all(axis=0)
    for _ in range(11 if halved.any() else 0):
        middle: Array = np.sqrt(inside * outside)
        yes = allowed(middle)
        inside, outside = np.where(yes, middle, inside), np.where(yes, outside, middle)
    edge: Array = np.where(there.all(axis=0), high, np.where(there[0], inside, 0.0))
    return sector.scatter(edge)


@public
def resonance_window(m_zp: npt.ArrayLike, g_x: npt.ArrayLike, charge: npt.ArrayLike = 1.0, particle: str = "X") -> Window:
    """Find the masses near m_Z'/2 for which a particle that couples only to the Z' is not too abundant.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 2e-3 to 1e4.
    g_x : array_like
        Gauge coupling, 1e-20 to 1.
    charge : array_like
        Charge of the particle, -1e4 to 1e4.
    particle : {"X", "chi"}
        The complex scalar, or a Dirac fermion with a vector coupling.

    Returns
    -------
    Window
        Masses in GeV for which Omega h^2 is at most that of the dark matter; nan where there are none.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or the particle unknown.

    Notes
    -----
    `relic.omega_h2_z_prime` is scanned in 2 m/m_Z' from 0.1 to 1.9, up to a distance of 1e-6 from the pole.
    The edges are good to 1e-4.

    Examples
    --------
    >>> from darkhiggs import scan
    >>> found = scan.resonance_window(0.0115, 5e-4)
    >>> f"{1e3 * found.low:.2f} to {1e3 * found.high:.2f} MeV"
    '3.81 to 5.75 MeV'
    """
    from . import relic

    below = np.concatenate([np.linspace(0.1, 0.95, 171), 1.0 - np.geomspace(0.045, 1e-6, 30)])
    ratio = np.concatenate([below, 1.0 + np.geomspace(1e-6, 0.9, 160)])
    m_zp, g_x = checked("m_zp", m_zp, 2e-3, 1e4, "GeV"), numbers("g_x", g_x)
    charge = numbers("charge", charge)
    shape = together(m_zp=m_zp, g_x=g_x, charge=charge)
    column = ratio.reshape(-1, *(1,) * len(shape))
    omega = relic.omega_h2_z_prime(0.5 * column * m_zp, m_zp, g_x, charge, particle)
    found = window(ratio, omega, 1e-12, natural("Omega h^2", "1"))
    return Window(0.5 * m_zp * found.low, 0.5 * m_zp * found.high, found.pieces, found.open_low, found.open_high)


if __name__ == "__main__":
    from ._scan_run import main

    sys.exit(main(sys.argv[1:]))
