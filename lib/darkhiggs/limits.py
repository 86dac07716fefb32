"""Published limits as curves, read off tables and figures."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, shown, single, switch
from ._owned import Owned
from ._public import expect, public
from .errors import DataError, ParameterError
from .inputs import get, names, natural
from .units import convert

__all__ = ["Curve", "curve", "curves", "kstar_room", "projection", "projections"]


@dataclass(frozen=True, eq=False, repr=False)
class Curve(Owned):
    """An upper limit as a function of the mass of the new particle.

    Parameters
    ----------
    name : str
        Name of the curve.
    m : ndarray
        Masses in GeV, increasing.
    upper : ndarray
        Upper limits at these masses, in `unit`.
    unit : str
        Unit of the limit.
    cl : float
        Confidence level, 0.90 or 0.95; 0 where the source states none.
    reading_error : float
        Relative error of reading the figure; 0 for tabulated values.
    source, cite : str
        Where the limit is published, and its key in the bibliography of the book.
    log_mass : bool
        Whether the logarithm of the limit is interpolated linearly in the logarithm of the mass, or in the mass.

    Examples
    --------
    >>> from darkhiggs import limits
    >>> limits.curve("KOTO").cl
    0.9
    """

    name: str
    m: Array
    upper: Array
    unit: str
    cl: float
    reading_error: float
    source: str
    cite: str
    log_mass: bool = False

    def __post_init__(self) -> None:
        """Check the points of the curve."""
        m, upper = checked("m", self.m, 0.0, unit="GeV"), checked("upper", self.upper, 0.0, open_low=True)
        if m.ndim != 1 or not m.size or np.any(np.diff(m) <= 0.0) or m.shape != upper.shape:
            raise ParameterError(f"m of shape {m.shape} has to increase and to match upper, {upper.shape}")
        for name, value in (("m", m), ("upper", upper), ("cl", single("cl", self.cl, 0.0, 1.0))):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "reading_error", single("reading_error", self.reading_error, 0.0, 10.0))
        for name in ("name", "unit", "source", "cite"):
            expect(name, getattr(self, name), str)
        switch("log_mass", self.log_mass)
        super().__post_init__()

    _units: ClassVar[dict[str, str]] = {"m": "GeV"}

    @property
    def coverage(self) -> str:
        """The range of the curve in words.

        Returns
        -------
        str
            A sentence.

        Examples
        --------
        >>> from darkhiggs import limits
        >>> limits.curve("NA64mu").coverage
        'NA64mu has points from 1 MeV to 151 MeV; outside it excludes nothing.'
        """
        low, high = (f"{m:.4g} GeV" if m >= 1.0 else f"{1e3 * m:.4g} MeV" for m in (self.m[0], self.m[-1]))
        return f"{self.name} has points from {low} to {high}; outside it excludes nothing."

    @public
    def covers(self, m: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Test whether the curve covers a mass.

        Parameters
        ----------
        m : array_like
            Masses in GeV, not negative.

        Returns
        -------
        ndarray or bool
            True inside the range of the curve, including its ends.

        Raises
        ------
        ParameterError
            If a mass is negative or not finite.

        Examples
        --------
        >>> from darkhiggs import limits
        >>> limits.curve("NA64mu").covers([0.1, 0.2]).tolist()
        [True, False]
        """
        m = checked("m", m, 0.0, unit="GeV")
        inside: npt.NDArray[np.bool_] = (m >= self.m[0]) & (m <= self.m[-1])
        return inside[()]

    @public
    def upper_at(self, m: npt.ArrayLike) -> Array:
        """Evaluate the curve.

        Parameters
        ----------
        m : array_like
            Masses in GeV, not negative.

        Returns
        -------
        ndarray or float
            Upper limit, interpolated in its logarithm; infinity outside the range of the curve, where there is no limit.

        Raises
        ------
        ParameterError
            If a mass is negative or not finite.

        Examples
        --------
        >>> from darkhiggs import limits
        >>> [f"{x:.3g}" for x in limits.curve("KOTO").upper_at([0.1, 0.3])]
        ['2.27e-09', 'inf']
        """
        m = checked("m", m, 0.0, unit="GeV")
        x, points = (np.log(np.maximum(m, 1e-300)), np.log(self.m)) if self.log_mass else (m, self.m)
        return np.exp(np.interp(x, points, np.log(self.upper), left=np.inf, right=np.inf))[()]

    g_max = upper_at

    @public
    def sigma_max(self, m: npt.ArrayLike) -> Array:
        """Evaluate a limit on a cross-section.

        Parameters
        ----------
        m : array_like
            Masses in GeV, not negative.

        Returns
        -------
        ndarray or float
            Upper limit in GeV^-2, interpolated as in `upper_at`.

        Raises
        ------
        ParameterError
            If a mass is negative or not finite, or if the curve does not limit a cross-section.

        Examples
        --------
        >>> from darkhiggs import limits, units
        >>> f"{units.convert(limits.curve('DarkSide-50').sigma_max(2.0), 'GeV^-2', 'cm^2'):.1e}"
        '2.5e-42'
        """
        return convert(self.upper_at(m), self.unit, "GeV^-2")


@public
def curve(name: str) -> Curve:
    """Look up a published limit.

    Parameters
    ----------
    name : str
        One of `curves`.

    Returns
    -------
    Curve
        The limit with its confidence level and source.

    Raises
    ------
    DataError
        If the name is unknown.

    Examples
    --------
    >>> from darkhiggs import limits
    >>> round(float(limits.curve("NA62").m[-1]), 3)
    0.24
    """
    return _read("limit", name, curves())


def _read(kind: str, name: str, known: tuple[str, ...]) -> Curve:
    if not isinstance(name, str) or name not in known:
        raise DataError(f"no {kind} is called {shown(name)}; known: {', '.join(known)}")
    mass, upper, cl = (get(f"{kind}.{name}.{part}") for part in ("m", "upper", "cl"))
    masses: Array = mass.to("GeV")
    reading = get(f"{kind}.{name}.reading_error").value
    log_mass = f"{kind}.{name}.log_mass" in names() and bool(get(f"{kind}.{name}.log_mass").value)
    return Curve(name, masses, upper.value, upper.unit, cl.value, reading, upper.source, upper.cite, log_mass)


def _listed(kind: str) -> tuple[str, ...]:
    uppers = (name for name in names() if name.startswith(f"{kind}.") and name.endswith(".upper"))
    return tuple(sorted(name.removeprefix(f"{kind}.").removesuffix(".upper") for name in uppers))


def curves() -> tuple[str, ...]:
    """List the published limits of the input set in use.

    Returns
    -------
    tuple of str
        Sorted names.

    Examples
    --------
    >>> from darkhiggs import limits
    >>> "KOTO" in limits.curves()
    True
    """
    return _listed("limit")


@public
def projection(name: str) -> Curve:
    """Look up the expected reach of a future search, which is not a limit.

    Parameters
    ----------
    name : str
        One of `projections`.

    Returns
    -------
    Curve
        The reach; its confidence level is 0 where the source states none.

    Raises
    ------
    DataError
        If the name is unknown.

    Examples
    --------
    >>> from darkhiggs import limits
    >>> f"{limits.projection('M3-1').upper_at(0.01):.1e}"
    '1.9e-04'
    """
    return _read("projection", name, projections())


def projections() -> tuple[str, ...]:
    """List the searches whose expected reach is a curve.

    Returns
    -------
    tuple of str
        Sorted names.

    Examples
    --------
    >>> from darkhiggs import limits
    >>> limits.projections()
    ('HyperK-nu', 'JUNO-nu', 'M3-1', 'M3-2', 'NA64mu', 'Oscura', 'SuperCDMS', 'SuperCDMS-HV-Ge')
    """
    return _listed("projection")


def kstar_room() -> float:
    """Room that the limit on B0 -> K*0 + invisible leaves beside the Standard Model.

    Returns
    -------
    float
        The 90 % upper limit of Belle, arXiv:1702.03224, less the lowest rate of B0 -> K*0 nu nubar in the literature,
        arXiv:2301.06990.

    Notes
    -----
    The lowest rate leaves the largest room: whatever exceeds it is excluded with every set of form factors.

    Examples
    --------
    >>> from darkhiggs import limits
    >>> f"{limits.kstar_room():.1e}"
    '9.5e-06'
    """
    return float(natural("bound.kstar", "1") - natural("published.br_kstar_low", "1"))
