"""The model: parameters of the dark sector, its couplings and its scalar potential."""

import dataclasses
import warnings
from collections.abc import Callable
from dataclasses import InitVar, dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice, numbers, outside, shown, together, whole
from ._owned import Owned, owned, show, without_units
from ._public import public
from ._scalars import G_MIN, M_MIN
from .errors import ParameterError, UnitWarning
from .inputs import cached, natural

__all__ = ["DarkSector", "anomaly_coefficients", "benchmark", "benchmarks", "mass_eigenstates", "scalar_potential", "v_higgs"]

# Name: (lower end, upper end, unit). H1 is the lighter scalar; its mass is at most that of the Higgs boson (see `_ranges`).
# Far below 1 meV the squares of masses and couplings leave the range of a float.
_RANGES: dict[str, tuple[float, float, str]] = {
    "m_zp": (M_MIN, 1e4, "GeV"),
    "g_x": (G_MIN, 1.0, "1"),
    "m_x": (M_MIN, 1e4, "GeV"),
    "m_h1": (M_MIN, np.inf, "GeV"),
    "sin_theta": (-1.0, 1.0, "1"),
    "lambda_phi_x": (0.0, 4.0 * np.pi, "1"),
    "q_x": (-1e4, 1e4, "1"),
    "q_phi": (-1e4, 1e4, "1"),
}
_BENCHMARKS = ("A", "A10", "B")
# Above these values m_zp may have been meant in MeV, and v_phi is far above the electroweak scale.
_M_ODD, _V_ODD = 1.0, 1e3
# Reason of a single point that is not masked.
_GOOD: npt.NDArray[np.str_] = np.broadcast_to(np.asarray(""), ())


@cached
def _ranges() -> dict[str, tuple[float, float, str]]:
    """Ranges of the parameters with the inputs in use."""
    return _RANGES | {"m_h1": (M_MIN, float(natural("m_h")), "GeV")}


def _first(reasons: list[Any], shape: tuple[int, ...]) -> npt.NDArray[np.str_]:
    """Return the first reason given for each point."""
    found = np.full(shape, "") if shape else _GOOD
    for other in reasons:
        if not np.any(other != ""):
            continue
        try:
            found = np.broadcast_to(np.where(found == "", other, found), shape)
        except ValueError:
            raise ParameterError(f"the reasons of shape {other.shape} do not fit a sector of shape {shape}") from None
    return found


def v_higgs() -> float:
    """Vacuum expectation value of the Standard Model Higgs.

    Returns
    -------
    float
        (sqrt(2) G_F)^(-1/2) = 246.22 GeV.

    Notes
    -----
    PDG review of the electroweak model, eq. (10.5).

    Examples
    --------
    >>> from darkhiggs import model
    >>> round(model.v_higgs(), 2)
    246.22
    """
    return _v_higgs()


@cached
def _v_higgs() -> float:
    return float((np.sqrt(2.0) * natural("G_F", "GeV^-2")) ** -0.5)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DarkSector(Owned):
    """A point, or a broadcast grid of points, in the parameter space of the model.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-12 (1 meV) to 1e4.
    g_x : array_like
        Gauge coupling of the U(1) of L_mu - L_tau, 1e-20 to 1.
    m_x : array_like or None
        Mass of the complex scalar dark matter X in GeV, 1e-12 to 1e4.
    m_h1 : array_like or None
        Mass of the light scalar H1 in GeV, 1e-12 to that of the Higgs boson, 125.1.
    sin_theta : array_like or None
        Sine of the scalar mixing angle, -1 to 1.
    lambda_phi_x : array_like or None
        Quartic coupling of ``|X|^2 |Phi|^2``, 0 to 4 pi.
    q_x : array_like or None
        Charge of X; it has no default because the talk does not give it.
    q_phi : array_like
        Charge of Phi, not 0.
    _reason : array_like of str or None
        Reasons of masked points; used for copies, see `masked`.

    Raises
    ------
    ParameterError
        If a single number is out of range or not finite, if the shapes do not broadcast, or if lambda_phi_x is
        given without m_x.

    Warns
    -----
    UnitWarning
        If the masses of the Z' were probably meant in MeV.

    Notes
    -----
    The model is that of arXiv:2401.10112, with ``m_Z' = g_X |Q_Phi| v_Phi``.
    If a parameter is None, a function that needs it raises an error that names it.
    A coupling or a mixing is switched off by the value 0.
    Every rate of H1 or H2 in a sector with an X, that is with m_x, needs lambda_phi_x.
    Without m_x there are no decays to X; without m_h1 X annihilates only through its charge.
    A rate that is proportional to sin_theta needs it.
    Where the mixing is a correction, as in the width of H1, the annihilation of X or the potential, None means no mixing.

    In a grid, a bad element of an array does not affect the others.
    It becomes nan, `reason` explains why, and every result is nan at that point.
    A masked point stays masked in a copy.
    The arrays of a sector are read-only copies, so that later changes to the arrays of the caller have no effect.

    Examples
    --------
    >>> from darkhiggs import model
    >>> sector = model.DarkSector(m_zp=0.0115, g_x=5e-4, m_h1=[1.0, 2.0], sin_theta=5e-3)
    >>> sector.shape
    (2,)
    >>> round(float(sector.v_phi), 6)
    23.0
    """

    m_zp: Any
    g_x: Any
    m_x: Any = None
    m_h1: Any = None
    sin_theta: Any = None
    lambda_phi_x: Any = None
    q_x: Any = None
    q_phi: Any = 1.0
    _reason: InitVar[Any] = None

    _units: ClassVar[dict[str, str]] = {name: unit for name, (_, _, unit) in _RANGES.items() if unit != "1"}
    _more: ClassVar[tuple[str, ...]] = ("_reason",)

    def __post_init__(self, _reason: Any) -> None:
        """Check every parameter and store it as an array."""
        reasons: list[Any] = [] if _reason is None or _reason is _GOOD else [np.asarray(_reason, dtype=np.str_)]
        shapes: dict[str, Array] = {}
        for name, (low, high, unit) in _ranges().items():
            value = getattr(self, name)
            if value is None and name in ("m_x", "m_h1", "sin_theta", "lambda_phi_x", "q_x"):
                continue
            array = shapes[name] = numbers(name, value, unit)
            if array.ndim == 0:
                array = checked(name, array, low, high, unit)
                if name == "q_phi" and abs(array) < G_MIN:
                    raise ParameterError(f"q_phi = {array:g} is outside its range: the charge of Phi gives the Z' its mass")
            else:
                bad = outside(array, low, high, False) | ((name == "q_phi") & (np.abs(array) < G_MIN))
                if bad.any():
                    cases = {
                        "": ~bad,
                        "not finite": ~np.isfinite(array),
                        "too high": array > high,
                        "zero": array == 0.0,
                    }
                    words = np.select(list(cases.values()), list(cases), "too low")
                    reasons.append(np.where(bad, np.char.add(f"{name} ", words), ""))
                    array = np.where(bad, np.nan, array)
            object.__setattr__(self, name, owned(name, array) if array.ndim else array[()])
        shape = together(**shapes) if any(array.ndim for array in shapes.values()) else ()
        if self.m_x is None and self.lambda_phi_x is not None and (self.lambda_phi_x != 0.0).any():
            raise ParameterError(f"m_x is not set, but lambda_phi_x is; give the mass of X in GeV, {M_MIN:g} to 10000 GeV")
        object.__setattr__(self, "_reason", owned("reason", _first(reasons, shape)) if shape or reasons else _GOOD)
        if _reason is None:
            self._hint()

    def _hint(self) -> None:
        """Warn about a mass that was probably meant in MeV."""
        if not (self.m_zp >= _M_ODD).any():
            return
        odd = np.broadcast_to((self.m_zp >= _M_ODD) & (self.v_phi > _V_ODD), self.shape)
        if odd.size and odd.all():
            text = (
                f"m_zp = {show(self.m_zp, 'GeV')} is a thousand times what goes with g_x = {show(self.g_x)}; masses are in GeV"
            )
            warnings.warn(text, UnitWarning, stacklevel=4)

    def __repr__(self) -> str:
        """Write the parameters that are set on one line, with units."""
        masked = int(np.sum(self.reason != ""))
        return super().__repr__()[:-1] + (f", {masked} of {self.reason.size} points masked)" if masked else ")")

    @property
    def shape(self) -> tuple[int, ...]:
        """Common shape of all parameters."""
        return self.reason.shape

    @public
    def require(self, name: str) -> Array:
        """Return a parameter, or raise ParameterError if it is not set.

        Parameters
        ----------
        name : str
            Name of the attribute.

        Returns
        -------
        ndarray or float
            Value of the parameter.

        Raises
        ------
        ParameterError
            If the parameter is not set.

        Examples
        --------
        >>> from darkhiggs import model
        >>> model.benchmark("A").require("m_h1")
        Traceback (most recent call last):
        darkhiggs.errors.ParameterError: m_h1 is not set; give it a value in [1e-12, 125.131] GeV
        """
        value: Array | None = getattr(self, choice("name", name, tuple(_RANGES)))
        if value is None:
            low, high, unit = _ranges()[name]
            suffix = "" if unit == "1" else f" {unit}"
            raise ParameterError(f"{name} is not set; give it a value in [{low:g}, {high:g}]{suffix}")
        return value

    @public
    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters changed.

        Parameters
        ----------
        **changes
            New values by the names of the parameters.

        Returns
        -------
        DarkSector
            The new point or grid.

        Raises
        ------
        ParameterError
            If a name is unknown or a value is out of range.

        Examples
        --------
        >>> from darkhiggs import model
        >>> float(model.benchmark("A").replace(q_phi=0.5).v_phi)
        46.0
        """
        unknown = sorted(changes.keys() - _RANGES.keys())
        if unknown:
            raise ParameterError(f"{unknown[0]} is not a parameter of DarkSector; known: {', '.join(_RANGES)}")
        copy = dataclasses.replace(self, **changes)
        if "m_zp" in changes or "g_x" in changes:
            copy._hint()
        return copy

    @property
    def reason(self) -> npt.NDArray[np.str_]:
        """Reasons of masked points, such as ``"lambda_phi_x too high"``, in the shape of the sector; empty for good points."""
        return object.__getattribute__(self, "_reason")

    @public
    def masked(self, reason: npt.ArrayLike) -> Self:
        """Return a copy in which more points are masked.

        Parameters
        ----------
        reason : array_like of str
            Reason for each point, empty for a good one. Points that are already masked keep their reason.

        Returns
        -------
        DarkSector
            At the masked points lambda_phi_x, which every rate of X needs, is nan; if it is not set, m_zp is nan.

        Examples
        --------
        >>> from darkhiggs import model
        >>> sector = model.benchmark("A").replace(m_x=[0.1, 0.2], lambda_phi_x=0.5).masked(["", "not wanted"])
        >>> print(sector.reason.tolist(), sector.lambda_phi_x)
        ['', 'not wanted'] [0.5 nan]
        """
        words = np.asarray(reason)
        if not all(isinstance(word, str) for word in words.ravel()):
            raise ParameterError(f"reason = {shown(reason)} is not a text for each point")
        words = _first([self.reason, words.astype(np.str_)], self.shape)
        if not self.shape and words != "":
            raise ParameterError("a single point cannot be masked; mask the points of a grid")
        name = "m_zp" if self.lambda_phi_x is None else "lambda_phi_x"
        return dataclasses.replace(self, **{name: np.where(words == "", getattr(self, name), np.nan)}, _reason=words)

    @public
    def select(self, points: npt.ArrayLike) -> Self:
        """Return some of the points as a flat sector.

        Parameters
        ----------
        points : array_like of bool or int
            Mask of the shape of the sector, or positions in the flattened sector.

        Returns
        -------
        DarkSector
            Of shape (k,).

        Examples
        --------
        >>> from darkhiggs import model
        >>> sector = model.benchmark("A").replace(m_h1=[1.0, -1.0, 2.0])
        >>> print(sector.reason.tolist(), sector.select(sector.reason == "").m_h1)
        ['', 'm_h1 too low', ''] [1. 2.]
        """
        without_units("points", points)
        index = np.asarray(points)
        if index.dtype.kind == "b":
            if index.shape != self.shape:
                raise ParameterError(f"points has shape {index.shape}; a mask has that of the sector, {self.shape}")
            index = np.flatnonzero(index)
        elif index.dtype.kind not in "iu" and index.size:
            raise ParameterError(f"points = {shown(points)} is neither a mask nor a list of positions")
        index, size = index.astype(np.intp), self.reason.size
        if np.any((index < -size) | (index >= size)):
            raise ParameterError(f"points = {shown(points)} leaves its range: the sector has {size} points")
        flat = {
            name: np.broadcast_to(value, self.shape).ravel()[index]
            for name in _RANGES
            if (value := getattr(self, name)) is not None
        }
        return type(self)(**flat, _reason=self.reason.ravel()[index])

    @public
    def scatter(self, values: npt.ArrayLike) -> Array:
        """Put the results of the good points back in their places.

        Parameters
        ----------
        values : array_like, shape (..., k)
            Results at ``select(reason == "")``.

        Returns
        -------
        ndarray or float
            Of shape ``(...) + shape``, nan at the masked points.

        Examples
        --------
        >>> from darkhiggs import model
        >>> print(model.benchmark("A").replace(m_h1=[1.0, -1.0, 2.0]).scatter([10.0, 20.0]))
        [10. nan 20.]
        """
        # a boolean result, such as whether a point is allowed, is accepted too
        values = np.asarray(values, np.float64) if getattr(values, "dtype", None) == np.bool_ else numbers("values", values)
        good = self.reason.ravel() == ""
        if values.shape[-1:] != (np.sum(good),):
            raise ParameterError(f"values has shape {values.shape} for {np.sum(good)} good points")
        full = np.full((*values.shape[:-1], good.size), np.nan)
        full[..., good] = values
        return full.reshape((*values.shape[:-1], *self.shape))[()]

    @public
    def pointwise(self, function: "Callable[[DarkSector], npt.ArrayLike]", chunk: int | None = None) -> Array:
        """Evaluate a function at the good points and put the results in their places.

        Parameters
        ----------
        function : callable
            Takes a flat sector of k good points and returns an array of shape (..., k).
        chunk : int, optional
            Largest k, which bounds the memory; by default all points at once.

        Returns
        -------
        ndarray or float
            Of shape ``(...) + shape``, nan at the masked points.

        Raises
        ------
        ParameterError
            If the result of the function has another shape.

        Examples
        --------
        >>> from darkhiggs import model, widths
        >>> sector = model.benchmark("A").replace(m_h1=[1.0, -1.0, 2.0])
        >>> print(sector.pointwise(widths.gamma_h1, chunk=1).round(6))
        [1.9e-05     nan 1.5e-04]
        """
        good = self.select(self.reason == "")
        size = good.reason.size
        step = max(size, 1) if chunk is None else whole("chunk", chunk, 1, 1_000_000_000)
        found = []
        for start in range(0, max(size, 1), step):
            part = good if step >= size else good.select(np.arange(start, min(start + step, size)))
            result = np.asarray(function(part))
            # a boolean result, such as whether a point is allowed, is accepted too
            result = result if result.dtype == np.bool_ else numbers("the result of function", result)
            if result.shape[-1:] != part.shape:
                raise ParameterError(f"the result of function has shape {result.shape} for {part.reason.size} points")
            found.append(result)
        return self.scatter(np.concatenate(found, axis=-1))

    @cached_property
    def v_phi(self) -> Array:
        """Vacuum expectation value of Phi in GeV, ``m_Z'/(g_X |Q_Phi|)``."""
        value: Array = self.m_zp / (self.g_x * abs(self.q_phi))
        value.setflags(write=False)
        return value

    @property
    def _sine(self) -> Array:
        """Sine of the mixing angle, 0 if none is set."""
        value: Array = np.float64(0.0) if self.sin_theta is None else self.sin_theta  # type: ignore[assignment]
        return value

    def _settled(self) -> Self:
        """Return the sector for the annihilation of X: without sin_theta no mixing, without m_h1 and lambda_phi_x no portal."""
        changes: dict[str, Any] = {} if self.sin_theta is not None else {"sin_theta": 0.0}
        if self.lambda_phi_x is None:
            changes["lambda_phi_x"] = 0.0 if self.m_h1 is None or self.m_x is None else self.require("lambda_phi_x")
        return self.replace(**changes) if changes else self

    @cached_property
    def cos_theta(self) -> Array:
        """Cosine of the mixing angle, not negative; 1 if none is set."""
        value: Array = np.sqrt(1.0 - self._sine**2)
        value.setflags(write=False)
        return value

    @property
    def flags(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Flags for points at which the calculation is not reliable; see `validity.flags`."""
        # the only import in this direction, from the model to a calculation that uses the model
        from . import validity

        return validity.flags(self)


@public
def benchmark(name: str) -> DarkSector:
    """Return a benchmark point, with the parameters of H1 and X and the mixing angle not set.

    Parameters
    ----------
    name : {"A", "A10", "B"}
        A and A10 explain the muon g-2 value of 2023 (m_Z' = 11.5 and 10 MeV, g_X = 5e-4); B explains the small
        value (10 MeV, 1e-4).

    Returns
    -------
    DarkSector
        The benchmark, with ``|Q_Phi| = 1``.

    Raises
    ------
    ParameterError
        If the name is unknown.

    Examples
    --------
    >>> from darkhiggs import model
    >>> round(float(model.benchmark("B").v_phi), 6)
    100.0
    """
    return _benchmark(choice("name", name, _BENCHMARKS))


def benchmarks() -> DarkSector:
    """Return the benchmark points A, A10 and B as a grid, in this order.

    Returns
    -------
    DarkSector
        Of shape (3,); see `benchmark`.

    Examples
    --------
    >>> from darkhiggs import model
    >>> print(model.benchmarks().v_phi.round(6))
    [ 23.  20. 100.]
    """
    points = [_benchmark(name) for name in _BENCHMARKS]
    return DarkSector(m_zp=[p.m_zp for p in points], g_x=[p.g_x for p in points])


@cached
def _benchmark(name: str) -> DarkSector:
    return DarkSector(m_zp=natural(f"benchmark.{name}.m_zp"), g_x=natural(f"benchmark.{name}.g_x", "1"))


@public
def scalar_potential(sector: DarkSector) -> dict[str, Array]:
    """Quartic couplings and the cubic couplings of the mass eigenstates.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1; without sin_theta there is no mixing.

    Returns
    -------
    dict of ndarray
        ``lambda_h``, ``lambda_phi``, ``lambda_phi_h`` (dimensionless); ``phi3``, ``h3``, ``phi_h2``, ``phi2_h``,
        the coefficients of phi^3, h^3, phi h^2 and phi^2 h in L (GeV), as on the slide; ``g_111``, ``g_211``, ``g_221``, the
        couplings d^3V/dH_i dH_j dH_k of H1 H1 H1, H2 H1 H1 and H2 H2 H1 (GeV).

    Raises
    ------
    ParameterError
        If m_h1 is not set.

    Notes
    -----
    ``V = lambda_H (|H|^2 - v_H^2/2)^2 + lambda_Phi (|Phi|^2 - v_Phi^2/2)^2
    + lambda_PhiH (|H|^2 - v_H^2/2)(|Phi|^2 - v_Phi^2/2)``, H1 = phi cos(theta) - h sin(theta), arXiv:2401.10112.

    Examples
    --------
    >>> from darkhiggs import model
    >>> potential = model.scalar_potential(model.benchmark("A").replace(m_h1=2.0, sin_theta=5e-3))
    >>> f"{potential['lambda_phi_h']:.4f}"
    '0.0138'
    """
    m_1, m_2 = sector.require("m_h1"), natural("m_h")
    s, c, v_h, v_phi = sector._sine, sector.cos_theta, v_higgs(), sector.v_phi
    # M^2 in the basis (h, phi), from the eigenvalues and the mixing angle
    lambda_h = (c**2 * m_2**2 + s**2 * m_1**2) / (2.0 * v_h**2)
    lambda_phi = (s**2 * m_2**2 + c**2 * m_1**2) / (2.0 * v_phi**2)
    lambda_phi_h = (m_2**2 - m_1**2) * s * c / (v_h * v_phi)
    return {
        "lambda_h": lambda_h,
        "lambda_phi": lambda_phi,
        "lambda_phi_h": lambda_phi_h,
        "phi3": -lambda_phi * v_phi,
        "h3": -lambda_h * v_h,
        "phi_h2": -0.5 * lambda_phi_h * v_phi,
        "phi2_h": -0.5 * lambda_phi_h * v_h,
        "g_111": 3.0 * m_1**2 * (c**3 / v_phi - s**3 / v_h),
        "g_211": s * c * (m_2**2 + 2.0 * m_1**2) * (c / v_phi + s / v_h),
        "g_221": s * c * (m_1**2 + 2.0 * m_2**2) * (s / v_phi - c / v_h),
    }


@public
def mass_eigenstates(
    lambda_h: npt.ArrayLike, lambda_phi: npt.ArrayLike, lambda_phi_h: npt.ArrayLike, v_phi: npt.ArrayLike
) -> dict[str, Array]:
    """Masses, mixing and the coupling H2 H1 H1 from the quartic couplings; the inverse of `scalar_potential`.

    Parameters
    ----------
    lambda_h, lambda_phi : array_like
        Quartic couplings of H and Phi, 0 to 1e6.
    lambda_phi_h : array_like
        Coupling of ``|Phi|^2 |H|^2``, -1e6 to 1e6.
    v_phi : array_like
        Vacuum expectation value of Phi in GeV, 1e-3 to 1e6.

    Returns
    -------
    dict of ndarray
        ``m_h1``, ``m_h2`` (GeV, the lighter first), ``sin_theta`` and ``g_211`` (GeV). In a grid they are nan where the
        potential has no minimum at the vacuum expectation values.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or if there is no minimum for single numbers.

    Notes
    -----
    The mass matrix and the third derivatives of the potential V of `scalar_potential` are rotated from (h, phi) to (H2, H1).

    Examples
    --------
    >>> from darkhiggs import model
    >>> found = model.mass_eigenstates(0.129, 0.803, 0.635, 5.0)
    >>> f"{found['m_h1']:.2f} {found['m_h2']:.1f} {found['sin_theta']:.4f}"
    '1.04 125.2 0.0499'
    """
    lambda_h = checked("lambda_h", lambda_h, 0.0, 1e6)
    lambda_phi = checked("lambda_phi", lambda_phi, 0.0, 1e6)
    lambda_phi_h = checked("lambda_phi_h", lambda_phi_h, -1e6, 1e6)
    v_h, v_phi = v_higgs(), checked("v_phi", v_phi, 1e-3, 1e6, "GeV")
    together(lambda_h=lambda_h, lambda_phi=lambda_phi, lambda_phi_h=lambda_phi_h, v_phi=v_phi)
    hh, pp, hp = 2.0 * lambda_h * v_h**2, 2.0 * lambda_phi * v_phi**2, lambda_phi_h * v_h * v_phi
    determinant = hh * pp - hp**2
    if np.ndim(determinant) == 0 and not determinant > 0.0:
        raise ParameterError(
            f"lambda_phi_h = {lambda_phi_h:g} leaves no minimum: it has to be below 2 sqrt(lambda_h lambda_phi)"
        )
    heavy = 0.5 * (hh + pp) + np.hypot(0.5 * (hh - pp), hp)
    angle = 0.5 * np.arctan2(2.0 * hp, hh - pp)
    s, c = np.sin(angle), np.cos(angle)
    # h = c H2 - s H1, phi = s H2 + c H1
    cubic = 6.0 * (lambda_h * v_h * c * s**2 + lambda_phi * v_phi * s * c**2)
    cubic = cubic + lambda_phi_h * (v_phi * (s**3 - 2.0 * s * c**2) + v_h * (c**3 - 2.0 * c * s**2))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {"m_h1": np.sqrt(determinant / heavy), "m_h2": np.sqrt(heavy), "sin_theta": s, "g_211": cubic}
    return {name: np.where(determinant > 0.0, value, np.nan)[()] for name, value in found.items()}


@public
def anomaly_coefficients(charges: npt.ArrayLike) -> dict[str, Array]:
    """Gauge anomalies of a U(1) under which only leptons are charged, family by family.

    Parameters
    ----------
    charges : array_like, shape (..., 3)
        Charges of the e, mu and tau families; the doublet and the charged singlet of a family have the same charge.

    Returns
    -------
    dict of ndarray
        ``U1^3``, ``grav``, ``U1^2 Y``, ``U1 Y^2`` and ``U1 SU2^2``; all zero if the charges can be gauged with the
        fermions of the Standard Model.

    Raises
    ------
    ParameterError
        If there are not three charges, or one is not finite.

    Notes
    -----
    He, Joshi, Lew, Volkas, PRD 43 (1991) 22, section II.

    Examples
    --------
    >>> from darkhiggs import model
    >>> {name: float(value) for name, value in model.anomaly_coefficients([0, 1, -1]).items()}["U1^3"]
    0.0
    """
    q = checked("charges", charges)
    if q.ndim == 0 or q.shape[-1] != 3:
        raise ParameterError(f"charges has shape {q.shape}; one charge for each of the three families is needed")
    # left-handed Weyl fields: doublet (2 states, Y = -1/2), conjugate of the singlet (1 state, Y = +1)
    multiplicity, sign, hypercharge = np.array([2.0, 1.0]), np.array([1.0, -1.0]), np.array([-0.5, 1.0])
    z = q[..., :, None] * sign

    def total(power: int, y_power: int) -> Array:
        return (z**power * hypercharge**y_power * multiplicity).sum(axis=(-1, -2))

    return {
        "U1^3": total(3, 0),
        "grav": total(1, 0),
        "U1^2 Y": total(2, 1),
        "U1 Y^2": total(1, 2),
        "U1 SU2^2": q.sum(axis=-1),
    }
