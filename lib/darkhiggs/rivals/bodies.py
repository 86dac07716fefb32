"""Two or three bodies, arXiv:2312.12507: B+ -> K+ X with a narrow X, or B+ -> K+ X X through a current of the quarks.

The shapes are those of `belle2.Spectrum.line` and `belle2.Spectrum.three_body`.
Their fits need no coupling: a mass and a rate describe each of them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import belle2, meson_decays
from .._arrays import Array, checked, choice, legendre, numbers
from .._owned import Record
from .._public import public
from .._quark_currents import quark_squares
from .._rival_row import Row, against_the_data
from ..errors import ParameterError
from ..inputs import cached, natural, sets, use
from ..kinematics import kallen

__all__ = ["KINDS", "Preference", "kstar_ratio", "preference", "row", "spectra"]

KINDS = ("line", "scalar", "vector", "tensor")
_NODES = 96
# masses of the scans in GeV: first, last, number
_LINES = (1.5, 3.0, 151)
_PAIRS = (0.0, 1.6, 81)


@dataclass(frozen=True, eq=False, repr=False)
class Preference(Record):
    """The mass and the rate that the published spectrum prefers for one shape.

    Parameters
    ----------
    mass : float
        Best mass of X in GeV.
    low, high : float
        Ends of its 68 % interval in GeV, where -2 ln L at the best rate is 1 above its minimum.
    rate, minus, plus : float
        BR(B+ -> K+ + X) or BR(B+ -> K+ + X X) at the best mass, and the errors of its 68 % interval there.
    delta_chi2 : float
        Decrease of -2 ln L with respect to the Standard Model.
    at_edge : bool
        Whether the interval of the mass is cut by an end of the scan.

    Examples
    --------
    >>> from darkhiggs.rivals import bodies
    >>> best = bodies.preference("vector")
    >>> print(f"{best.mass:.2f} GeV, {1e6 * best.rate:.0f}e-6")
    0.70 GeV, 27e-6
    """

    mass: Any
    low: Any
    high: Any
    rate: Any
    minus: Any
    plus: Any
    delta_chi2: Any
    at_edge: Any


@public
def spectra(m_x: npt.ArrayLike, shape: str, pair: str = "fermion") -> belle2.Spectrum:
    """Spectra of one shape for many masses, folded with the efficiency of Belle II.

    Parameters
    ----------
    m_x : array_like
        Masses of X in GeV: 0 to m_B - m_K for a line, 0 to half of it for a pair.
    shape : {"line", "scalar", "vector", "tensor"}
        A narrow X, or a pair through the quark current of this name.
    pair : {"fermion", "scalar"}
        Dirac fermions, or a complex scalar (not with the tensor current). A line does not use it.

    Returns
    -------
    belle2.Spectrum
        Of the shape of `m_x`, with `br` equal to 1.

    Raises
    ------
    ParameterError
        If a name is unknown, a mass is out of range, or a kaon is too soft for any bin.

    Examples
    --------
    >>> from darkhiggs.rivals import bodies
    >>> bodies.spectra([0.2, 0.7], "vector").efficiency.shape
    (2, 18)
    """
    choice("shape", shape, KINDS)
    choice("pair", pair, ("fermion", "scalar"))
    if shape == "line":
        return belle2.Spectrum.line(m_x)
    m_x = numbers("m_x", m_x, "GeV")
    rows = [belle2.Spectrum.three_body(float(m), shape, pair).efficiency for m in m_x.ravel()]
    if not rows:
        raise ParameterError("m_x holds no mass; give at least one in GeV")
    return belle2.Spectrum(np.reshape(rows, (*m_x.shape, -1)), np.ones(m_x.shape))


@public
def preference(shape: str, pair: str = "fermion", channels: tuple[str, ...] = ("ITA", "HTA")) -> Preference:
    """Find the mass and the rate that the published spectrum prefers.

    Parameters
    ----------
    shape : {"line", "scalar", "vector", "tensor"}
        See `spectra`.
    pair : {"fermion", "scalar"}
        See `spectra`.
    channels : tuple of {"ITA", "HTA"}
        Analyses of Belle II: inclusive tagging, hadronic tagging, or both.

    Returns
    -------
    Preference
        From a scan over 1.5 to 3 GeV for a line and 0 to 1.6 GeV for a pair, in steps of 0.01 and 0.02 GeV.

    Raises
    ------
    ParameterError
        If a name is unknown, or scalars are asked of the tensor current.

    Examples
    --------
    >>> from darkhiggs.rivals import bodies
    >>> print(f"{bodies.preference('line').delta_chi2:.1f} {bodies.preference('vector').delta_chi2:.1f}")
    13.6 10.8
    """
    choice("shape", shape, KINDS)
    masses, shapes = _scan(shape, pair)
    fit = belle2.Likelihood(channels).fit_rate(shapes)
    rise = fit.chi2 - np.min(fit.chi2)
    best = int(np.argmin(fit.chi2.round(9)))
    # the edges next to the best mass, interpolated linearly
    low, high = (_edge(masses[part], rise[part]) for part in (slice(best, None, -1), slice(best, None)))
    return Preference(
        mass=masses[best],
        low=masses[0] if low is None else low,
        high=masses[-1] if high is None else high,
        rate=fit.rate[best],
        minus=fit.minus[best],
        plus=fit.plus[best],
        delta_chi2=fit.delta_chi2[best],
        at_edge=low is None or high is None,
    )


@cached
def _scan(shape: str, pair: str) -> tuple[Array, belle2.Spectrum]:
    """Masses of the scan of a shape, and its spectra."""
    masses = np.linspace(*(_LINES if shape == "line" else _PAIRS))
    return masses, spectra(masses, shape, pair)


def _edge(masses: Array, rise: Array) -> float | None:
    """First mass, counted from the best one, where the rise is 1."""
    above = np.flatnonzero(rise > 1.0)
    if not len(above):
        return None
    i = above[0]
    return float(masses[i - 1] + (1.0 - rise[i - 1]) / (rise[i] - rise[i - 1]) * (masses[i] - masses[i - 1]))


@public
def kstar_ratio(m_x: npt.ArrayLike, shape: str, quarks: str = "plain", pair: str = "fermion") -> Array:
    """Ratio of BR(B0 -> K*0 + invisible) to BR(B+ -> K+ + invisible) from the same operator.

    Parameters
    ----------
    m_x : array_like
        Masses of X in GeV: 0 to m_B - m_K for a line, 0 to half of it for a pair, below the upper end.
    shape : {"line", "scalar", "vector", "tensor"}
        A narrow scalar X, or a pair through the quark current of this name.
    quarks : {"plain", "chiral"}
        The current sbar b, sbar gamma b or sbar sigma b alone, or with quarks of one chirality, left- or right-handed.
    pair : {"fermion", "scalar"}
        Dirac fermions, or a complex scalar (not with the tensor current).

    Returns
    -------
    ndarray or float
        Dimensionless; 0 where K* is too heavy.

    Raises
    ------
    ParameterError
        If a name is unknown, a mass is out of range, or scalars are asked of the tensor current.

    Notes
    -----
    With the Kallen function of each meson, ``k`` and ``k*``, and the weight ``w(q2)`` of the pair as in
    `belle2.Spectrum.three_body`, the spectra are, up to a common factor 1/m_B^3,

    * vector: ``k^(3/2) f_+^2 w`` for K, and for K* ``2 q2 k*^(3/2) V^2/(m_B + m_K*)^2 w``, to which a chiral current adds
      ``k*^(1/2) (2 q2 (m_B + m_K*)^2 A_1^2 + 64 m_B^2 m_K*^2 A_12^2) w``;
    * scalar: ``k^(1/2) (m_B^2 - m_K^2)^2/(m_b - m_s)^2 f_0^2 w`` for K, and for K* nothing from sbar b, which has the wrong
      parity, and ``k*^(3/2) A_0^2/(m_b + m_s)^2 w`` from a chiral density;
    * tensor: ``k^(3/2) f_T^2/(m_B + m_K)^2 E`` for K, and for K* ``2 k*^(3/2) T_1^2/q2 E`` and
      ``k*^(1/2) (2 (m_B^2 - m_K*^2)^2 T_2^2/q2 + 16 m_B^2 m_K*^2 T_23^2/(m_B + m_K*)^2) M``, where
      ``E = q2 beta (1 + 8 m_X^2/q2)`` and ``M = q2 beta^3``; a chiral current adds the same with E and M exchanged.

    The pair current is conserved in the vector case, hence the timelike amplitude with A_0 is absent, and the interference of V
    and A_1, or T_1 and T_2, cancels between the two transverse helicities.
    The form factors are those of HPQCD22 and BSZ15.

    Examples
    --------
    >>> from darkhiggs.rivals import bodies
    >>> print(f"{bodies.kstar_ratio(0.7, 'vector'):.2f} {bodies.kstar_ratio(0.7, 'vector', 'chiral'):.2f}")
    0.39 2.19
    """
    choice("shape", shape, KINDS)
    choice("quarks", quarks, ("plain", "chiral"))
    choice("pair", pair, ("fermion", "scalar"))
    if shape == "tensor" and pair == "scalar":
        raise ParameterError("the tensor current makes no pair of scalars; use pair = 'fermion'")
    end = float(natural("m_B+") - natural("m_K+"))
    m_x = checked("m_x", m_x, 0.0, end if shape == "line" else 0.5 * end, "GeV")
    if np.any(m_x >= (end if shape == "line" else 0.5 * end)):
        raise ParameterError("m_x is at the upper end of its range, where no decay is open")
    if shape == "line":
        if quarks == "plain":
            return np.zeros(m_x.shape)[()]
        ratio: Array = meson_decays.br_b_to_kstar_scalar(m_x, 1.0) / meson_decays.br_b_to_k_scalar(m_x, 1.0)
        return ratio
    kaon = _integral(m_x, "K+", shape, quarks, pair)
    found = _integral(m_x, "K*0", shape, quarks, pair) * natural("tau_B0", "GeV^-1") / natural("tau_B+", "GeV^-1")
    return (found / kaon)[()]


def _integral(m_x: Array, meson: str, shape: str, quarks: str, pair: str) -> Array:
    """Integrate the spectrum of one meson over q2, per unit of the coupling squared and up to a common factor."""
    m_b, m = float(natural(f"m_B{meson[-1]}")), float(natural(f"m_{meson}"))
    end, low = (m_b - m) ** 2, 4.0 * m_x[..., None] ** 2
    nodes, weights = legendre(_NODES)
    # both ends are square roots, which this substitution makes smooth
    span = np.maximum(end - low, 0.0)
    q2 = np.minimum(low + span * nodes**2 * (3.0 - 2.0 * nodes), end)
    k = np.maximum(kallen(m_b**2, m**2, q2), 0.0)
    weight = span * nodes * (1.0 - nodes) * weights / m_b**3 * np.sqrt(k)
    first, second = _pair(q2, np.minimum(0.25 * low / q2, 0.25), shape, pair)
    square = 0.0
    for gamma5 in (False, True) if quarks == "chiral" else (False,):
        one, two = quark_squares(meson[:-1], shape[0].upper(), gamma5, q2, (m_b, m), k)
        square = square + one * first + two * second
    value: Array = np.sum(weight * square, axis=-1)
    return value


def _pair(q2: Array, r: Array, shape: str, pair: str) -> tuple[Array, Array | float]:
    """Squares of the pair times its phase space, as `quark_squares` orders them; r is m_X^2/q2."""
    beta = np.sqrt(1.0 - 4.0 * r)
    if shape == "tensor":
        return q2 * beta * (1.0 + 8.0 * r), q2 * beta**3
    if shape == "vector":
        return q2 * (beta**3 if pair == "scalar" else beta * (1.0 + 2.0 * r)), 0.0
    return beta if pair == "scalar" else q2 * beta**3, 0.0


@public
def row(inputs: str = "talk") -> Row:
    """Hold the favourite of the paper, a pair of fermions through a vector current, against the data.

    Parameters
    ----------
    inputs : str
        Name of an input set.

    Returns
    -------
    Row
        See `rivals.summary`.

    Raises
    ------
    ParameterError
        If the set is unknown.

    Examples
    --------
    >>> from darkhiggs.rivals import bodies
    >>> print(f"{bodies.row().delta_chi2:.1f} of {bodies.row().delta_chi2_line:.1f}")
    10.8 of 13.6
    """
    with use(choice("inputs", inputs, sets())):
        best = preference("vector")
        chiral = kstar_ratio(best.mass, "vector", "chiral") / kstar_ratio(best.mass, "vector")
        return against_the_data(
            "vector-current pairs",
            "rival_bodies",
            spectra(best.mass, "vector"),
            statements=("S24", "S24"),
            point=f"Dirac fermions of {best.mass:.2f} GeV, sbar gamma b",
            kstar=float(kstar_ratio(best.mass, "vector")),
            family=belle2.Spectrum(np.vstack([_scan(shape, "fermion")[1].efficiency for shape in KINDS])),
            bears=(f"K* with quarks of one chirality: {chiral:.0f} times as much",),
        )
