"""All experimental limits on a dark sector, at one point or on a whole plane."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import belle2, borexino, cmb, direct_detection, limits, meson_decays, muon, neutrinos, relic, trident, widths
from ._arrays import Array, checked, choice, single, together
from ._owned import Owned
from ._public import expect, public
from .errors import ParameterError
from .inputs import get, natural, use
from .model import DarkSector

__all__ = ["Reach", "Row", "Rows", "Verdict", "compare", "mixing_limits", "names", "reach", "table", "verdict"]


@dataclass(frozen=True, eq=False, repr=False)
class Row(Owned):
    """One limit on a sector.

    Parameters
    ----------
    name : str
        One of `names`.
    value : ndarray
        Prediction of the model, of the shape of the sector, in `unit`; nan at masked points.
    limit : ndarray
        The upper limit, in `unit`; infinity where the source has none.
    unit : str
        Unit of value and limit; a natural unit where they have a dimension.
    cl : float
        Confidence level; 0 where the source states none.
    allowed : ndarray of bool
        Whether the value is at most the limit, with a margin of 1e-9; False at masked points.
    sigma : ndarray
        Number of standard deviations by which the value lies above the measured one. For N_eff, the muon g-2 and the relic
        density the measured value and its error are inputs. Any other limit is treated as that of a normally distributed
        measurement of zero; if it states no confidence level, 95 % is assumed.
    source, cite : str
        Where the limit is published, and its key in the bibliography of the book.

    Examples
    --------
    >>> from darkhiggs import constraints, model
    >>> sector = model.benchmark("A").replace(m_h1=2.0, sin_theta=0.0057)
    >>> row = constraints.table(sector, ["Higgs"])[0]
    >>> f"{row.value:.2f} against {row.limit:.2f}: {row.allowed}"
    '0.37 against 0.13: False'
    """

    name: str
    value: Array
    limit: Array
    unit: str
    cl: float
    allowed: npt.NDArray[np.bool_]
    sigma: Array
    source: str
    cite: str

    @property
    def word(self) -> npt.NDArray[np.str_]:
        """What this limit says, in a word or two.

        Returns
        -------
        ndarray of str
            ``"allowed"``, ``"in tension"`` where it does not allow the point, and ``"excluded"`` where it does not by five
            standard deviations; empty at masked points.

        Examples
        --------
        >>> from darkhiggs import constraints
        >>> print(constraints.compare([0.1, 0.2, 0.5], "bound.higgs_invisible").word)
        ['allowed' 'in tension' 'excluded']
        """
        words = np.where(self.allowed, "allowed", np.where(self.sigma < _EXCLUDED, "in tension", "excluded"))
        return np.where(np.isnan(self.sigma), "", words)[()]


class Rows(tuple[Row, ...]):
    """The rows of a `table`: a tuple that is also a list of records.

    Parameters
    ----------
    rows : sequence of Row
        Limits on one sector.

    Raises
    ------
    ParameterError
        If one of them is not a row.

    Examples
    --------
    >>> from darkhiggs import constraints
    >>> rows = constraints.Rows([constraints.compare(0.05, "bound.higgs_invisible")])
    >>> len(rows), rows[0].name
    (1, 'bound.higgs_invisible')
    """

    __slots__ = ()

    def __new__(cls, rows: Sequence[Row] = ()) -> "Rows":
        """Refuse what is not a row."""
        expect("rows", rows, Sequence[Row])
        return super().__new__(cls, rows)

    @public
    def records(self) -> list[dict[str, Any]]:
        """Return one record for each limit and each point, for ``pandas.DataFrame(rows.records())`` and the like.

        Returns
        -------
        list of dict
            The fields of `Row` and its `Row.word` as plain Python values, and ``point``, the number of the point on the grid
            in the order of ``ravel``; 0 for a single point.

        Examples
        --------
        >>> from darkhiggs import constraints, model
        >>> sector = model.benchmark("B").replace(m_h1=2.0, sin_theta=[0.001, 0.01])
        >>> for record in constraints.table(sector, ["Higgs"]).records():
        ...     print(record["name"], record["point"], f"{record['value']:.3f}", record["word"])
        Higgs 0 0.002 allowed
        Higgs 1 0.088 allowed
        """
        found = []
        for row in self:
            same = {"unit": row.unit, "cl": float(row.cl), "source": row.source, "cite": row.cite}
            arrays = {"value": row.value, "limit": row.limit, "allowed": row.allowed, "sigma": row.sigma, "word": row.word}
            columns = np.broadcast_arrays(*arrays.values())
            for point, values in enumerate(zip(*(column.ravel().tolist() for column in columns), strict=True)):
                found.append({"name": row.name, "point": point, **dict(zip(arrays, values, strict=True)), **same})
        return found


@dataclass(frozen=True, eq=False, repr=False)
class Verdict(Owned):
    """Summary of a whole `table`, point by point.

    Parameters
    ----------
    allowed : ndarray of bool
        Whether every row allows the point; False at masked points.
    limit : ndarray of str
        Name of the row with the largest ratio of value to limit; of ratios that are equal to 1e-6 the first row is named.
        Empty at masked points.
    ratio : ndarray
        The largest ratio of value to limit, which is above 1 where a point is excluded; nan at masked points.
    sigma : ndarray
        Largest number of standard deviations in any row; nan at masked points.
    rows : tuple of str
        Names of the rows that were evaluated.
    left_out : tuple of str
        Names of the rows that could not be evaluated because a parameter is not set.

    Examples
    --------
    >>> from darkhiggs import constraints, model
    >>> found = constraints.verdict(model.benchmark("A").replace(m_h1=2.0, sin_theta=0.0057))
    >>> bool(found.allowed), str(found.limit), f"{found.ratio:.1f}", "DarkSide-50" in found.left_out
    (False, 'Higgs', '2.8', True)
    """

    allowed: npt.NDArray[np.bool_]
    limit: npt.NDArray[np.str_]
    ratio: Array
    sigma: Array
    rows: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def word(self) -> npt.NDArray[np.str_]:
        """The verdict in one word or two.

        Returns
        -------
        ndarray of str
            ``"alive"`` where every row allows the point, ``"in tension"`` where at least one does not, and ``"excluded"`` where
            a row that does not is beyond five standard deviations.

        Examples
        --------
        >>> from darkhiggs import constraints, model
        >>> print(constraints.verdict(model.benchmarks(), inputs="today").word)
        ['excluded' 'excluded' 'excluded']
        """
        words = np.where(self.allowed, "alive", np.where(self.sigma < _EXCLUDED, "in tension", "excluded"))
        return np.where(np.isnan(self.sigma), "", words)[()]


@dataclass(frozen=True, eq=False, repr=False)
class Reach(Owned):
    """Comparison of the rate that a sector can give under the limits on its mixing with the rate that Belle II prefers.

    All arrays are nan at masked points, unless stated otherwise.

    Parameters
    ----------
    sin_theta : ndarray
        Largest mixing angle that the limits allow.
    limit : ndarray of str
        Name of the strongest limit, as in `table`; empty at masked points.
    rate : ndarray
        BR(B+ -> K+ invisible) at that angle.
    wanted, minus, plus : ndarray
        Best-fit rate for a spectrum of the shape of the point, and the lower and upper error of its 68 % interval.
    free : ndarray
        Decrease of -2 ln L from the Standard Model to the best-fit rate.
    gain : ndarray
        Decrease of -2 ln L from the Standard Model to the best of the allowed rates.
    reached : ndarray of bool
        Whether the allowed rate reaches the 68 % interval and its gain is more than 1.
    width : ndarray
        Relative width Gamma_1/m_H1.

    Examples
    --------
    >>> from darkhiggs import constraints, model
    >>> found = constraints.reach(model.benchmark("A").replace(m_h1=2.0))
    >>> print(f"{found.rate:.1e} of {found.wanted:.1e}, {found.limit} decides")
    4.5e-06 of 8.6e-06, Higgs decides
    """

    sin_theta: Array
    limit: npt.NDArray[np.str_]
    rate: Array
    wanted: Array
    minus: Array
    plus: Array
    free: Array
    gain: Array
    reached: npt.NDArray[np.bool_]
    width: Array


class _Limit(NamedTuple):
    value: Any
    limit: Any
    unit: str
    cl: float
    source: str
    cite: str
    # measured value and error; without them the limit is treated as that of a measurement of zero
    measured: tuple[Any, float] | None = None


# A point that is not allowed counts as excluded from this number of standard deviations on, below it as in tension.
_EXCLUDED = 5.0
# From this number of distinct points on N_eff is interpolated, see `neutrinos.delta_n_eff`.
_MANY = 4000
# Ratios that differ relatively by less than this count as equal when the strongest limit is named.
_EQUAL = 1e-6
# Confidence level of a limit that states none, and of a limit two standard deviations above a measurement.
_LEVEL, _TWO_SIGMA = 0.95, 0.977


def _sigma(found: _Limit) -> Array:
    """Count the standard deviations by which a value lies above the measured one."""
    from scipy.special import ndtri  # type: ignore[import-untyped]

    if found.measured is not None:
        centre, error = found.measured
        distance: Array = (found.value - centre) / error
    else:
        distance = ndtri(found.cl or _LEVEL) * found.value / found.limit
    return distance


def _entry(value: Array, name: str, cl: float | None = None, limit: npt.ArrayLike | None = None) -> _Limit:
    """Limit with the number, the confidence level and the source of an input; number and level may be replaced."""
    quantity = get(name)
    cl = quantity.cl if cl is None else cl
    return _Limit(value, quantity.value if limit is None else limit, quantity.unit, cl, quantity.source, quantity.cite)


def _measured(value: Array, name: str) -> _Limit:
    """Limit two standard deviations above a measured input."""
    quantity = get(name)
    return _entry(value, name, _TWO_SIGMA, quantity.value + 2.0 * quantity.uncertainty)._replace(
        measured=(quantity.value, quantity.uncertainty)
    )


# A rule gets the sector and a function that computes a quantity of it once, also if several rows need it.
_Once = Callable[[Callable[[DarkSector], Array]], Array]
_Rule = Callable[[DarkSector, _Once], _Limit]


def _higgs(sector: DarkSector, once: _Once) -> _Limit:
    return _entry(widths.br_higgs_invisible(sector), "bound.higgs_invisible")


def _kstar(sector: DarkSector, once: _Once) -> _Limit:
    return _entry(once(meson_decays.br_b_to_kstar_invisible), "bound.kstar", limit=limits.kstar_room())


def _kstar_literal(sector: DarkSector, once: _Once) -> _Limit:
    return _entry(once(meson_decays.br_b_to_kstar_invisible), "bound.kstar")


def _kaon(rate: Callable[..., Array], *curves: str) -> _Rule:
    def rule(sector: DarkSector, once: _Once) -> _Limit:
        found = [limits.curve(name) for name in curves]
        upper = np.min([curve.upper_at(sector.require("m_h1")) for curve in found], axis=0)
        value = rate(sector.m_h1, sector.require("sin_theta")) * once(widths.br_h1_invisible)
        return _Limit(value, upper, "1", found[0].cl, found[0].source, found[0].cite)

    return rule


def _meson(rate: Callable[[DarkSector], Array], name: str) -> _Rule:
    return lambda sector, once: _entry(rate(sector), name)


def _distinct(function: Callable[[Array], Array], parameter: Array) -> Array:
    """Evaluate a function of one parameter only at its distinct values on a flat grid."""
    values, back = np.unique(parameter, return_inverse=True)
    return function(values)[back]


def _radiation(sector: DarkSector, *dark: Array) -> _Limit:
    """Limit on a shift of N_eff; the measured value is N_eff itself, and the standard value is subtracted from it."""
    points = np.unique(np.column_stack([sector.m_zp, sector.g_x, *dark]), axis=0)
    shift = neutrinos.delta_n_eff(sector.m_zp, sector.g_x, *dark, interpolated=len(points) >= _MANY)
    quantity = get("measured.n_eff")
    centre = quantity.value - neutrinos.n_eff()
    return _entry(shift, "bound.delta_n_eff")._replace(measured=(centre, quantity.uncertainty))


def _n_eff(sector: DarkSector, once: _Once) -> _Limit:
    return _radiation(sector)


def _n_eff_with_x(sector: DarkSector, once: _Once) -> _Limit:
    return _radiation(sector, checked("m_x", sector.require("m_x"), 1e-5, 1e3, "GeV"))


def _trident(sector: DarkSector, once: _Once) -> _Limit:
    ratio = get("trident.CCFR.ratio")
    return _Limit(sector.g_x, _distinct(trident.coupling_limit, sector.m_zp), "1", 0.95, ratio.source, ratio.cite)


def _na64(sector: DarkSector, once: _Once) -> _Limit:
    curve = limits.curve("NA64mu")
    return _Limit(sector.g_x, curve.upper_at(sector.m_zp), curve.unit, curve.cl, curve.source, curve.cite)


def _muon(sector: DarkSector, once: _Once) -> _Limit:
    return _measured(muon.delta_a_mu(sector.m_zp, sector.g_x), "measured.delta_a_mu")


def _borexino(sector: DarkSector, once: _Once) -> _Limit:
    return _entry(sector.g_x, "bound.solar_ratio", limit=_distinct(borexino.coupling_limit, sector.m_zp))


def _relic(sector: DarkSector, once: _Once) -> _Limit:
    return _measured(relic.omega_h2(sector), "Omega h^2")


def _cmb(sector: DarkSector, once: _Once) -> _Limit:
    return _entry(cmb.p_ann(sector), "p_ann", 0.95, cmb.p_ann_max())._replace(unit="GeV^-3")


def _direct(experiment: str) -> _Rule:
    def rule(sector: DarkSector, once: _Once) -> _Limit:
        curve = limits.curve(experiment)
        value = direct_detection.sigma(sector, experiment)
        return _Limit(value, curve.sigma_max(sector.require("m_x")), "GeV^-2", curve.cl, curve.source, curve.cite)

    return rule


# Parameters that a rate proportional to the mixing needs; lambda_phi_x only if the sector has an X.
_MIXED = ("m_h1", "sin_theta", "lambda_phi_x")
# Name: (parameters that have to be set, the rule)
_RULES: dict[str, tuple[tuple[str, ...], _Rule]] = {
    "Higgs": (_MIXED, _higgs),
    "K*0": (_MIXED, _kstar),
    "K*0 literal": (_MIXED, _kstar_literal),
    "Bs": (_MIXED, _meson(meson_decays.br_bs_invisible, "bound.bs_invisible")),
    "B0": (_MIXED, _meson(meson_decays.br_b0_invisible, "bound.b0_invisible")),
    "NA62": (_MIXED, _kaon(meson_decays.br_k_to_pi_scalar, "NA62", "NA62-low", "NA62-pi0")),
    "KOTO": (_MIXED, _kaon(meson_decays.br_kl_to_pi0_scalar, "KOTO")),
    "N_eff": ((), _n_eff),
    "N_eff with X": (("m_x",), _n_eff_with_x),
    "trident": ((), _trident),
    "NA64mu": ((), _na64),
    "muon g-2": ((), _muon),
    "Borexino": ((), _borexino),
    "relic density": (("m_x", "m_h1", "lambda_phi_x"), _relic),
    "CMB": (("m_x", "m_h1", "lambda_phi_x"), _cmb),
    **{name: (("m_x", "q_x", *_MIXED), _direct(name)) for name in direct_detection.EXPERIMENTS},
}


def names() -> tuple[str, ...]:
    """List the limits of the input set in use.

    Returns
    -------
    tuple of str
        Names in the order of `table`, see Notes.

    Notes
    -----
    * ``"Higgs"``: BR(H2 -> invisible), at most 13 % in the talk.
    * ``"K*0"``: B0 -> K*0 + invisible, where the lowest Standard Model rate of the literature is subtracted from the limit;
      ``"K*0 literal"``: without the subtraction.
    * ``"Bs"`` and ``"B0"``: the decays of B_s and B0 into invisible particles.
    * ``"NA62"`` and ``"KOTO"``: the decays K -> pi H1.
    * ``"N_eff"``: the shift of N_eff by the Z' with kinetic mixing; ``"N_eff with X"``: by Z' and X. The limit on both is 0.5
      in the talk.
    * ``"trident"``, ``"NA64mu"`` and ``"Borexino"``: the largest g_X, for Borexino that of `borexino.coupling_limit`.
    * ``"muon g-2"``: the contribution of the Z' is at most the discrepancy plus two standard deviations.
    * ``"relic density"``: the density of X is at most that of all dark matter.
    * ``"CMB"``: the annihilation parameter of X.
    * A direct search on nuclei or electrons has its own name. Its value is the sum of Higgs exchange at tree level and Z'
      exchange on its target, at the largest momentum transfer, which gives the weakest limit. It needs q_x, which may be 0;
      without q_x a large part of the rate would be missing without notice.

    Some searches have a curve, and hence a row, only in the set ``"today"``.

    Examples
    --------
    >>> from darkhiggs import constraints
    >>> constraints.names()[:4]
    ('Higgs', 'K*0', 'K*0 literal', 'Bs')
    """
    unread = set(direct_detection.EXPERIMENTS).difference(direct_detection.searches())
    return tuple(name for name in _RULES if name not in unread)


def _missing(sector: DarkSector, name: str) -> list[str]:
    """Parameters that a limit needs and a sector does not have."""
    absent = [parameter for parameter in _RULES[name][0] if getattr(sector, parameter) is None]
    return [parameter for parameter in absent if parameter != "lambda_phi_x" or sector.m_x is not None]


def _known(sector: DarkSector) -> list[str]:
    """Name the limits for which a sector has the parameters."""
    return [name for name in names() if not _missing(sector, name)]


@public
def table(sector: DarkSector, which: Sequence[str] | None = None, *, inputs: str | None = None) -> Rows:
    """Compare a sector with all limits.

    Parameters
    ----------
    sector : DarkSector
        A point or a grid.
    which : sequence of str, optional
        Some of `names`; by default all for which the sector has the parameters.
    inputs : str, optional
        Set of limits: ``"talk"``, or ``"today"`` for limits published since. By default it is the set in use, which is that of
        the talk unless `inputs.use` or `inputs.activate` chooses another one.

    Returns
    -------
    Rows
        A tuple with one `Row` for each limit; `Rows.records` makes it a table for pandas.

    Raises
    ------
    ParameterError
        If a name is unknown, or a limit given by name needs a parameter that is not set.
    DataError
        If the input set is unknown.

    Notes
    -----
    The neutrino bath of N_eff requires m_zp and m_x between 10 keV and 1 TeV.
    From 4000 distinct points on, N_eff is interpolated with the error of `neutrinos.delta_n_eff`, which is below 1e-4 for
    shifts up to 1/2.
    The limits are not combined statistically: a point is allowed if every row allows it.

    Examples
    --------
    >>> from darkhiggs import constraints, model
    >>> sector = model.benchmark("B").replace(m_h1=2.0, sin_theta=0.0057)
    >>> for row in constraints.table(sector):
    ...     print(f"{row.name:12s} {row.value:.2e} {row.limit:.2e} {row.allowed}")
    Higgs        3.11e-02 1.30e-01 True
    K*0          1.64e-05 9.50e-06 False
    K*0 literal  1.64e-05 1.80e-05 True
    Bs           4.79e-10 5.60e-04 True
    B0           1.51e-11 2.40e-05 True
    NA62         0.00e+00 inf True
    KOTO         0.00e+00 inf True
    N_eff        4.86e-01 5.00e-01 True
    trident      1.00e-04 8.65e-04 True
    NA64mu       1.00e-04 5.30e-04 True
    muon g-2     9.91e-11 3.45e-09 True
    Borexino     1.00e-04 5.76e-04 True
    >>> [row.name for row in constraints.table(model.benchmark("A"), inputs="today") if not row.allowed]
    ['N_eff', 'muon g-2']
    """
    good = sector.select(sector.reason == "")
    rows = []
    with use(inputs):
        if which is None:
            which = _known(sector)
        expect("which", which, Sequence[str])
        for name in which:
            choice("which", name, names())
            for parameter in _missing(sector, name):
                sector.require(parameter)
        once = cache(lambda quantity: quantity(good))
        found = [_RULES[name][1](good, once) for name in which]
    for name, one in zip(which, found, strict=True):
        value, limit, sigma = (sector.scatter(np.broadcast_to(x, good.shape)) for x in (one.value, one.limit, _sigma(one)))
        rows.append(_row(name, one, value, limit, sigma))
    return Rows(rows)


def _row(name: str, one: _Limit, value: Array, limit: Array, sigma: Array) -> Row:
    # a value that was set to its limit may exceed it by a rounding error
    allowed: npt.NDArray[np.bool_] = np.asarray(value <= limit * (1.0 + 1e-9))[()]
    return Row(name, value, limit, one.unit, one.cl, allowed, sigma, one.source, one.cite)


@public
def compare(value: npt.ArrayLike, name: str, limit: npt.ArrayLike | None = None) -> Row:
    """Compare a number of any model with a published limit or measurement.

    Parameters
    ----------
    value : array_like
        Prediction in the unit of the input, 0 to 1e100.
    name : str
        Name of an input: an upper limit, or a measured value with its uncertainty, to which the model may add up to two
        standard deviations.
    limit : array_like, optional
        Another upper limit of the same confidence level, 1e-100 to 1e100, in place of the value of the input.

    Returns
    -------
    Row
        As from `table`.

    Raises
    ------
    ParameterError
        If a number is out of range, or the shapes do not fit.
    DataError
        If no input has this name.

    Notes
    -----
    The input is that of the set in use.

    Examples
    --------
    >>> from darkhiggs import constraints, limits
    >>> row = constraints.compare(1.1e-5, "bound.kstar", limits.kstar_room())
    >>> print(f"{row.value / row.limit:.2f} {row.sigma:.1f} {row.allowed}")
    1.16 1.5 False
    """
    expect("name", name, str)
    value = checked("value", value, 0.0, 1e100)
    if limit is None and np.any(get(name).uncertainty):
        one = _measured(value, name)
    else:
        one = _entry(value, name, limit=None if limit is None else checked("limit", limit, 1e-100, 1e100))
    top = np.asarray(one.limit)
    shape = together(value=value, limit=top)
    value, top, sigma = (np.broadcast_to(x, shape)[()] for x in (value, top, _sigma(one)))
    return _row(name, one, value, top, sigma)


@public
def verdict(
    sector: DarkSector,
    which: Sequence[str] | None = None,
    without: Sequence[str] = (),
    *,
    inputs: str | None = None,
) -> Verdict:
    """Find where a sector is allowed by all limits, and which limit is the strongest.

    Parameters
    ----------
    sector : DarkSector
        A point or a grid.
    which : sequence of str, optional
        As in `table`.
    without : sequence of str
        Some of `names` that are left out.
    inputs : str, optional
        As in `table`.

    Returns
    -------
    Verdict
        Of the shape of the sector.

    Raises
    ------
    ParameterError
        As in `table`, or if no row is left.

    Notes
    -----
    The slowest rows are N_eff, for each distinct choice of m_zp, g_x and m_x as long as it is not interpolated, the relic
    density, and ``"K*0"``; the others take microseconds a point.

    Examples
    --------
    >>> from darkhiggs import constraints, model
    >>> sector = model.benchmark("B").replace(m_x=1.5, m_h1=5.0, sin_theta=[0.004, 0.008, 0.02], lambda_phi_x=0.05, q_x=0.7)
    >>> found = constraints.verdict(sector, ["Higgs", "K*0", "Bs", "DarkSide-50"])
    >>> print(found.allowed, found.limit, found.ratio.round(2))
    [ True  True False] ['DarkSide-50' 'DarkSide-50' 'DarkSide-50'] [0.17 0.65 4.01]
    """
    with use(inputs):
        known, asked = names(), _known(sector) if which is None else which
    for name in without:
        choice("without", name, known)
    expect("which", asked, Sequence[str])
    rows = table(sector, [name for name in asked if name not in without], inputs=inputs)
    if not rows:
        raise ParameterError("which is empty; give the name of at least one limit")
    ratio = np.array([np.asarray(row.value) / row.limit for row in rows])
    sigma = np.max([row.sigma for row in rows], axis=0)[()]
    counted = np.where(np.isnan(ratio), -np.inf, ratio)
    # of rows that are equal within rounding the first is named, so that the last bits do not matter
    strongest = (counted >= (1.0 - _EQUAL) * counted.max(axis=0)).argmax(axis=0)
    told = tuple(row.name for row in rows)
    limit = np.where(sector.reason == "", np.array(told)[strongest], "")
    left_out = tuple(name for name in known if name not in told) if which is None else ()
    allowed = np.asarray(np.all([row.allowed for row in rows], axis=0))[()]
    return Verdict(allowed, limit[()], ratio.max(axis=0)[()], sigma, told, left_out)


@public
def mixing_limits(m_h1: npt.ArrayLike, *, kappa: float | None = None) -> dict[str, Array]:
    """Largest mixing angle that the meson decays into one invisible H1 allow.

    Parameters
    ----------
    m_h1 : array_like
        Mass of H1 in GeV, above 0, at most 1000.
    kappa : float, optional
        The b -> s penguin coupling, 0 to 1e-3; by default 6.7e-6.

    Returns
    -------
    dict of str to ndarray
        Largest sin(theta), of the shape of m_h1, by name as in `table`: ``"K*0"``, ``"K*0 literal"``, ``"NA62"``, ``"KOTO"``.
        It is infinity where a decay is closed, where its limit was not read off, and where any mixing up to 1 is allowed.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The limits are those of the input set in use.
    H1 is assumed to decay only invisibly, and the rates are proportional to sin^2(theta).
    Where an experiment has several curves, the lowest one is used.

    Examples
    --------
    >>> from darkhiggs import constraints
    >>> {name: f"{top:.4f}" for name, top in constraints.mixing_limits(0.2).items()}
    {'K*0': '0.0043', 'K*0 literal': '0.0059', 'NA62': '0.0001', 'KOTO': '0.0008'}
    """
    mass = checked("m_h1", m_h1, 0.0, 1e3, "GeV", open_low=True)
    upper = natural("bound.kstar", "1")
    unit = meson_decays.br_b_to_kstar_scalar(mass, 1.0, kappa=kappa)
    found = {
        name: meson_decays.sin_theta_for(limit, unit) for name, limit in (("K*0", limits.kstar_room()), ("K*0 literal", upper))
    }
    for name, rate, curves in (
        ("NA62", meson_decays.br_k_to_pi_scalar, ("NA62", "NA62-low", "NA62-pi0")),
        ("KOTO", meson_decays.br_kl_to_pi0_scalar, ("KOTO",)),
    ):
        upper = np.min([limits.curve(curve).g_max(mass) for curve in curves], axis=0)
        # outside the range that was read off no mixing is excluded
        open_at = np.where(np.isfinite(upper), rate(mass, 1.0, kappa=kappa), 0.0)
        found[name] = meson_decays.sin_theta_for(np.minimum(upper, 1.0), open_at)
    return found


# Where the search for the largest mixing begins.
_PROBE = 1e-3
_ON_MIXING = ("K*0", "Bs", "B0", "NA62", "KOTO")


def _largest_mixing(sector: DarkSector) -> Array:
    """Mixing angles at which the limits on meson decays are met, of shape (limits, points)."""
    sine: Array = np.full(sector.shape, _PROBE)
    # A rate is proportional to the squared mixing, except for the mixing that enters the width of H1: hence the second step.
    # For Bs and B0 the decay itself contributes to the width of the resonant meson: there x = v/(1 - 2 v) is proportional.
    for _ in range(2):
        rows = table(sector.replace(sin_theta=sine), _ON_MIXING)
        growth = []
        for row in rows:
            value, limit = (x / (1.0 - 2.0 * x) if row.name in ("Bs", "B0") else x for x in (row.value, row.limit))
            growth.append(np.sqrt(np.maximum(value / limit, np.square(sine))))
        angles: Array = sine / np.stack(growth)
        sine = angles.min(axis=0)
    return angles


@public
def reach(sector: DarkSector, br_limit: float | None = None) -> Reach:
    """Compare the largest allowed rate of B+ -> K+ invisible with the rate that the Belle II spectrum prefers.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 up to m_h; its sin_theta is not used.
    br_limit : float, optional
        Upper limit on BR(H2 -> invisible), above 1.06e-3 and below 1; by default that of the set in use, 0.13 in the talk.

    Returns
    -------
    Reach
        Of the shape of the sector.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or a point has no efficiency in any bin of Belle II.

    Notes
    -----
    The limits on the mixing are those of invisible Higgs decays into H1, Z' and X, and ``"K*0"``, ``"Bs"``, ``"B0"``,
    ``"NA62"`` and ``"KOTO"`` of `table`.
    The spectrum is fitted to both tagging analyses, in addition to the Standard Model.

    Examples
    --------
    >>> from darkhiggs import constraints, model
    >>> found = constraints.reach(model.benchmark("A").replace(m_h1=2.0, q_phi=[1.0, 0.5]))
    >>> print(found.gain.round(1), found.limit, found.reached)
    [ 9.  11.6] ['Higgs' 'K*0'] [False  True]
    """
    br_limit = single("br_limit", natural("bound.higgs_invisible", "1") if br_limit is None else br_limit)
    good = sector.select(sector.reason == "").replace(sin_theta=_PROBE)
    dark = {} if good.m_x is None else {"m_x": good.m_x, "lambda_phi_x": good.require("lambda_phi_x")}
    higgs = widths.sin_theta_max(good.v_phi, br_limit, m_h1=good.require("m_h1"), m_zp=good.m_zp, **dark)
    each = np.stack([np.broadcast_to(higgs, good.shape), *_largest_mixing(good)])
    top = each.min(axis=0)
    good = good.replace(sin_theta=top)
    rate = meson_decays.br_b_to_k_invisible(good)
    spectrum, likelihood = belle2.Spectrum.from_sector(good), belle2.Likelihood()
    fit = likelihood.fit_rate(spectrum)
    gain = fit.chi2_sm - likelihood.chi2(spectrum, np.minimum(rate, fit.rate))
    reached = (rate >= fit.rate - fit.minus) & (gain > 1.0)
    limit = np.full(sector.shape, "", dtype="U6")
    limit[sector.reason == ""] = np.array(["Higgs", *_ON_MIXING])[each.argmin(axis=0)]
    top, rate, best, minus, plus, free, gain, held, width = (
        sector.scatter(found)
        for found in (
            *(top, rate, fit.rate, fit.minus, fit.plus, fit.delta_chi2, gain),
            *(reached.astype(float), widths.gamma_h1(good) / good.m_h1),
        )
    )
    return Reach(top, limit[()], rate, best, minus, plus, free, gain, np.asarray(held == 1.0)[()], width)
