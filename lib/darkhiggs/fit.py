"""Likelihood of a whole sector: every measurement and every limit in one number, with a breakdown, for many points.

Each term is -2 ln L relative to a stated zero; the terms are independent, and their sum is `chi2`.
A measurement is Gaussian, with the difference from the measured value in units of its error; its zero is the measured value.
A limit without a published likelihood is smoothed to half a Gaussian, a measurement of zero: the ratio of value to limit, times
the quantile of the confidence level, squared; its zero is a vanishing signal, and a limit that states no level counts as 95 %.
The terms are

* ``belle2``: profile likelihood of the Belle II spectra (Poisson counts) for the spectrum of B+ -> K+ + invisible at the point,
  relative to the Standard Model, and so negative where the point describes the data better. The error is below 0.1 plus
  2e-3 of the term, mostly below 1e-3; beyond a signal of 50 standard deviations the term is extrapolated, in proportion to the
  signal.
* ``kstar``: smoothed limit on B0 -> K*0 + invisible, less the smallest Standard Model rate, as ``"K*0"`` in `constraints`.
* ``b_invisible``: smoothed limits on the invisible decays of B_s and of B0.
* ``kaons``: smoothed limits of NA62 and of KOTO on K -> pi H1; 0 where there is no limit.
* ``higgs``: smoothed limit on BR(H2 -> invisible).
* ``n_eff``: Gaussian; N_eff with Z' and X in the bath, interpolated as in `neutrinos.delta_n_eff`.
* ``a_mu``: Gaussian; the contribution of the Z' against the difference of measurement and Standard Model.
* ``hubble``: Gaussian; the constant from the CMB, shifted by `neutrinos.hubble_shift`, against the local one, whose errors and
  that of the shift are added in quadrature. It is asked for with `hubble`, and 0 otherwise.
* ``relic``: Gaussian; X is all of the dark matter, also in ``cmb`` and ``direct``.
* ``cmb``: smoothed limit on the annihilation parameter.
* ``direct``: smoothed limit of the direct search that is the strongest at the point.
* ``trident``: Gaussian; rate of CCFR over that of the Standard Model.
* ``na64mu``: Poisson; no event was seen, and the expected number, which is proportional to g_X^2, follows from the limit.
* ``borexino``: smoothed limit on the excess of the rate of 7Be neutrinos; a deficit counts as no signal.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from . import (
    _belle2_many,
    borexino,
    cmb,
    direct_detection,
    limits,
    meson_decays,
    muon,
    neutrinos,
    relic,
    scan,
    trident,
    validity,
    widths,
)
from ._arrays import Array, numbers, shown, switch
from ._public import public
from .errors import ParameterError
from .inputs import get, natural, use
from .model import DarkSector

__all__ = ["PARAMETERS", "REASONS", "TERMS", "chi2", "evaluate", "standard_model", "terms"]

#: Terms of the likelihood, see the top of this module.
TERMS = (
    "belle2",
    "kstar",
    "b_invisible",
    "kaons",
    "higgs",
    "n_eff",
    "a_mu",
    "hubble",
    "relic",
    "cmb",
    "direct",
    "trident",
    "na64mu",
    "borexino",
)
#: Parameters of a point; without the last one it follows from the relic density.
PARAMETERS = ("m_zp", "g_x", "q_phi", "q_x", "m_x", "m_h1", "sin_theta", "lambda_phi_x")
#: Reasons why a point has no value, by their code.
REASONS = (
    "ok",
    "a parameter is not finite or out of range",
    "m_zp or m_x is not between 10 keV and 1 TeV",
    "the Z' is not in equilibrium with the neutrinos",
    "no lambda_phi_x below 4 pi gives the relic density",
    "X annihilates too much at any lambda_phi_x",
    "a coupling is not perturbative",
    "a term is not finite",
)
_OK, _RANGE, _BATH, _WEAK, _NONE, _LITTLE, _STRONG, _TERM = range(len(REASONS))
_RELIC = {"no solution below 4 pi": _NONE, "too little at any coupling": _LITTLE}
_LEVEL = 0.95  # of a limit that states none
_BATH_ENDS = (1e-5, 1e3)  # GeV
_SHIFT = 3.0  # largest change of N_eff for which the degeneracy with the Hubble constant is given
_CHUNK = 10_000  # points at a time, which bounds the memory


def _smoothed(value: Array, limit: npt.ArrayLike, level: float) -> Array:
    """Half a Gaussian around zero that has its quantile of the level at the limit."""
    from scipy.special import ndtri  # type: ignore[import-untyped]

    square: Array = np.square(ndtri(level or _LEVEL) * value / np.asarray(limit))
    return square


def _bound(value: Array, name: str, limit: float | None = None) -> Array:
    entry = get(name)
    return _smoothed(value, entry.value if limit is None else limit, entry.cl)


def _gaussian(value: Array, name: str, shift: float = 0.0) -> Array:
    entry = get(name)
    square: Array = np.square((value + shift - entry.value) / entry.uncertainty)
    return square


def _kaons(sector: DarkSector) -> Array:
    share, total = widths.br_h1_invisible(sector), np.zeros(sector.shape)
    for rate, curves in (
        (meson_decays.br_k_to_pi_scalar, ("NA62", "NA62-low", "NA62-pi0")),
        (meson_decays.br_kl_to_pi0_scalar, ("KOTO",)),
    ):
        found = [limits.curve(name) for name in curves]
        upper = np.min([curve.upper_at(sector.m_h1) for curve in found], axis=0)
        total = total + _smoothed(rate(sector.m_h1, sector.sin_theta) * share, upper, found[0].cl)
    return total


def _direct(sector: DarkSector) -> Array:
    worst = np.zeros(sector.shape)
    for name in direct_detection.searches():
        curve = limits.curve(name)
        value = direct_detection.sigma(sector, name)
        worst = np.maximum(worst, _smoothed(value, curve.sigma_max(sector.require("m_x")), curve.cl))
    return worst


def _hubble(shift: Array) -> Array:
    early, late, slope = get("h.planck"), get("h.local"), get("dh/dN_eff")
    moved = np.clip(shift, -_SHIFT, _SHIFT)
    error = np.sqrt(early.uncertainty**2 + late.uncertainty**2 + np.square(slope.uncertainty * moved))
    square: Array = np.square((early.value + 0.01 * neutrinos.hubble_shift(moved) - late.value) / error)
    return square


def _na64mu(sector: DarkSector) -> Array:
    curve = limits.curve("NA64mu")
    # at the limit -ln(1 - cl) events are expected, 2.3 for 90 %, and -2 ln L is twice the expectation
    events: Array = -np.log1p(-curve.cl) * np.square(sector.g_x / curve.upper_at(sector.m_zp))
    return 2.0 * events


def _terms(sector: DarkSector, hubble: bool, interpolated: bool, on_line: bool) -> dict[str, Array]:
    """Terms of a flat sector without masked points; on the relic line the density is not computed again."""
    _, kstar, seen = _belle2_many.rates(sector)
    shift = neutrinos.delta_n_eff(sector.m_zp, sector.g_x, sector.require("m_x"), interpolated=interpolated)
    nothing = np.zeros(sector.shape)
    excess = np.maximum(borexino.ratio(sector.m_zp, sector.g_x) - 1.0, 0.0)
    b_invisible = _bound(meson_decays.br_bs_invisible(sector), "bound.bs_invisible")
    b_invisible = b_invisible + _bound(meson_decays.br_b0_invisible(sector), "bound.b0_invisible")
    return {
        "belle2": _belle2_many.chi2(natural("belle2.n_bplus", "1") * seen),
        "kstar": _bound(kstar, "bound.kstar", limits.kstar_room()),
        "b_invisible": b_invisible,
        "kaons": _kaons(sector),
        "higgs": _bound(widths.br_higgs_invisible(sector), "bound.higgs_invisible"),
        "n_eff": _gaussian(shift, "measured.n_eff", float(neutrinos.n_eff())),
        "a_mu": _gaussian(muon.delta_a_mu(sector.m_zp, sector.g_x), "measured.delta_a_mu"),
        "hubble": _hubble(shift) if hubble else nothing,
        "relic": nothing if on_line else _gaussian(relic.omega_h2(sector), "Omega h^2"),
        "cmb": _smoothed(cmb.p_ann(sector), cmb.p_ann_max(), _LEVEL),
        "direct": _direct(sector),
        "trident": _gaussian(trident.ratio(sector.m_zp, sector.g_x), "trident.CCFR.ratio"),
        "na64mu": _na64mu(sector),
        "borexino": _smoothed(excess, natural("bound.solar_ratio", "1") - 1.0, get("bound.solar_ratio").cl),
    }


def _all_terms(sector: DarkSector, hubble: bool, interpolated: bool, on_line: bool = False) -> dict[str, Array]:
    rows = sector.pointwise(lambda part: np.stack(list(_terms(part, hubble, interpolated, on_line).values())), _CHUNK)
    return dict(zip(TERMS, rows, strict=True))


@public
def terms(
    sector: DarkSector, *, inputs: str | None = None, hubble: bool = False, interpolated: bool = True
) -> dict[str, npt.NDArray[np.float64]]:
    """-2 ln L of each term of the likelihood.

    Parameters
    ----------
    sector : DarkSector
        A point or a grid; needs all `PARAMETERS`.
    inputs : str, optional
        Set of measurements and limits, ``"talk"`` or ``"today"``; by default the set in use.
    hubble : bool
        Whether the Hubble constant is a term.
    interpolated : bool
        Interpolate N_eff, with the error of `neutrinos.delta_n_eff`, or solve it at each point. The interpolation takes some
        seconds once, and solutions half a millisecond a point.

    Returns
    -------
    dict of str to ndarray
        By the names of `TERMS`, of the shape of the sector, each relative to the zero stated at the top of this module; nan at
        masked points.

    Raises
    ------
    ParameterError
        If a parameter is not set, a mass is outside 10 keV to 1 TeV, or the Z' is not in equilibrium with the neutrinos.
    DataError
        If the input set is unknown.

    Notes
    -----
    The numbers are those of the modules, except for the spectra of B -> K and B -> K*: their rates are good to 2e-3 at the
    threshold 2 m_X = m_H1 and to 1e-4 elsewhere.
    The relic density takes most of the time of a point, then the spectra, the fit of Belle II and the CMB; ``make bench``
    prints the share of each.

    Examples
    --------
    >>> from darkhiggs import fit, model
    >>> sector = model.benchmark("B").replace(m_h1=2.1, m_x=0.5, q_phi=0.2, q_x=0.7, sin_theta=0.004, lambda_phi_x=1e-3)
    >>> found = fit.terms(sector, interpolated=False)
    >>> print(*(f"{name} {found[name]:.1f}" for name in ("belle2", "kstar", "n_eff", "a_mu")))
    belle2 -13.4 kstar 1.2 n_eff 10.1 a_mu 24.8
    """
    for name in PARAMETERS:
        sector.require(name)
    with use(inputs):
        return _all_terms(sector, switch("hubble", hubble), switch("interpolated", interpolated))


@public
def chi2(
    sector: DarkSector, *, inputs: str | None = None, hubble: bool = False, interpolated: bool = True
) -> npt.NDArray[np.float64]:
    """-2 ln L of a sector: the sum of all `terms`.

    Parameters
    ----------
    sector : DarkSector
        As in `terms`.
    inputs : str, optional
        As in `terms`.
    hubble : bool
        As in `terms`.
    interpolated : bool
        As in `terms`.

    Returns
    -------
    ndarray or float
        Of the shape of the sector; nan at masked points.

    Raises
    ------
    ParameterError
        As in `terms`.
    DataError
        If the input set is unknown.

    Examples
    --------
    >>> from darkhiggs import fit, model
    >>> sector = model.benchmark("B").replace(m_h1=2.1, m_x=0.5, q_phi=0.2, q_x=0.7, sin_theta=0.004, lambda_phi_x=1e-3)
    >>> bool(fit.chi2(sector, interpolated=False) > fit.terms(sector, interpolated=False)["relic"])
    True
    """
    found = terms(sector, inputs=inputs, hubble=hubble, interpolated=interpolated)
    return np.asarray(np.sum(list(found.values()), axis=0))[()]


@public
def standard_model(*, inputs: str | None = None, hubble: bool = False) -> dict[str, float]:
    """-2 ln L of each term without any new particle.

    Parameters
    ----------
    inputs : str, optional
        As in `terms`.
    hubble : bool
        As in `terms`.

    Returns
    -------
    dict of str to float
        By the names of `TERMS`, relative to the same zeros as in `terms`. Dark matter is left open: ``relic`` is 0.

    Raises
    ------
    ParameterError
        If hubble is neither True nor False.
    DataError
        If the input set is unknown.

    Examples
    --------
    >>> from darkhiggs import fit
    >>> print(*(f"{name} {value:.2f}" for name, value in fit.standard_model(inputs="talk").items() if value))
    n_eff 0.11 a_mu 26.91 trident 0.41
    """
    switch("hubble", hubble)
    nothing = np.zeros(())
    with use(inputs):
        found = {
            "n_eff": _gaussian(nothing, "measured.n_eff", float(neutrinos.n_eff())),
            "a_mu": _gaussian(nothing, "measured.delta_a_mu"),
            "hubble": _hubble(nothing) if hubble else nothing,
            "trident": _gaussian(nothing + 1.0, "trident.CCFR.ratio"),
        }
    return {name: float(found.get(name, 0.0)) for name in TERMS}


def _columns(points: Mapping[str, npt.ArrayLike]) -> dict[str, Array]:
    """Check names and shapes of the columns; numbers out of range get a reason later."""
    if not isinstance(points, Mapping):
        raise ParameterError(f"points = {shown(points)} is not a dictionary of columns by the names of the parameters")
    for name in points:
        if name not in PARAMETERS:
            raise ParameterError(f"points has the unknown column {shown(name)}; known: {', '.join(PARAMETERS)}")
    for name in PARAMETERS[:-1]:
        if name not in points:
            raise ParameterError(f"points has no column {name!r}")
    found = {name: numbers(f"points[{name!r}]", values) for name, values in points.items()}
    for name, values in found.items():
        if values.ndim != 1 or len(values) != len(found["m_zp"]):
            raise ParameterError(
                f"points[{name!r}] has shape {values.shape}; all columns are flat and as long as 'm_zp', {found['m_zp'].shape}"
            )
    return found


def _codes(sector: DarkSector) -> npt.NDArray[np.int8]:
    """Reasons why the likelihood cannot be computed at points with a known coupling or without one."""
    code = np.where(sector.reason == "", _OK, _RANGE).astype(np.int8)
    masses = np.stack([sector.m_zp, sector.require("m_x")])
    code[(code == _OK) & np.any((masses < _BATH_ENDS[0]) | (masses > _BATH_ENDS[1]), axis=0)] = _BATH
    good = code == _OK
    code[good] = np.where(sector.g_x[good] < neutrinos.coupling_min(sector.m_zp[good]), _WEAK, _OK)
    return code


@public
def evaluate(
    points: Mapping[str, npt.ArrayLike], *, inputs: str | None = None, hubble: bool = False, interpolated: bool = True
) -> dict[str, npt.NDArray[np.generic]]:
    """Likelihood of points in columns, for scans: no point raises an error.

    Parameters
    ----------
    points : mapping of str to array_like
        Flat columns of equal length by the names of `PARAMETERS`, in GeV. Without ``"lambda_phi_x"`` each point gets the
        smallest coupling for which X is all of the dark matter, see `scan.on_relic_line`; its term ``relic`` is then 0.
    inputs : str, optional
        As in `terms`.
    hubble : bool
        As in `terms`.
    interpolated : bool
        As in `terms`. A point has the same value in every set of points only if this is the same.

    Returns
    -------
    dict of str to ndarray
        Columns: each of `TERMS`, their sum ``"chi2"``, ``"lambda_phi_x"``, and ``"reason"``, the number of an entry of
        `REASONS`. A point with a reason other than 0 is nan everywhere, except for a coupling that was given.

    Raises
    ------
    ParameterError
        If a column is missing, unknown, not flat, of another length, or no list of numbers.
    DataError
        If the input set is unknown.

    Notes
    -----
    A point is not perturbative if `validity.flags` says so; a broad H1 and special ratios of the charges are left to the
    caller.
    Ten thousand points are treated at a time, which takes less than 200 MB.

    Examples
    --------
    >>> from darkhiggs import fit
    >>> columns = {"m_zp": [0.01, 0.01], "g_x": [1e-4, 2.0], "q_phi": [0.2, 0.2], "q_x": [0.7, 0.7], "m_x": [0.5, 0.5]}
    >>> columns |= {"m_h1": [2.1, 2.1], "sin_theta": [0.004, 0.004], "lambda_phi_x": [1e-3, 1e-3]}
    >>> found = fit.evaluate(columns, interpolated=False)
    >>> print([fit.REASONS[code] for code in found["reason"]], found["belle2"].round(1))
    ['ok', 'a parameter is not finite or out of range'] [-13.4   nan]
    """
    columns = _columns(points)
    switch("hubble", hubble), switch("interpolated", interpolated)
    size = len(columns["m_zp"])
    with use(inputs):
        pieces = [
            _evaluated({name: part[i : i + _CHUNK] for name, part in columns.items()}, hubble, interpolated)
            for i in range(0, max(size, 1), _CHUNK)
        ]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _evaluated(columns: dict[str, Array], hubble: bool, interpolated: bool) -> dict[str, npt.NDArray[np.generic]]:
    on_line = "lambda_phi_x" not in columns
    # the points are checked without a coupling first, because the search for one is slow
    sector = DarkSector(**columns, _reason=np.full(len(columns["m_zp"]), ""))
    code = _codes(sector)
    coupling = columns.get("lambda_phi_x", np.full(sector.shape, np.nan)).copy()
    if on_line:
        good = np.flatnonzero(code == _OK)
        line = scan.on_relic_line(sector.select(good))
        code[good] = [_RELIC.get(reason, _RANGE) if reason else _OK for reason in line.reason.tolist()]
        coupling[good] = np.where(line.reason == "", line.lambda_phi_x, np.nan)
    good = np.flatnonzero(code == _OK)
    known = sector.select(good).replace(lambda_phi_x=coupling[good])
    code[good[validity.flags(known)["non_perturbative"]]] = _STRONG
    good, known = good[code[good] == _OK], known.select(code[good] == _OK)
    with np.errstate(all="ignore"):
        rows = _terms(known, hubble, interpolated, on_line)
    total = np.sum(list(rows.values()), axis=0)
    code[good[~np.isfinite(total)]] = _TERM
    found: dict[str, npt.NDArray[np.generic]] = {}
    for name, values in (*rows.items(), ("chi2", total)):
        column = np.full(sector.shape, np.nan)
        column[good] = np.where(np.isfinite(total), values, np.nan)
        found[name] = column
    return found | {"lambda_phi_x": coupling, "reason": code}
