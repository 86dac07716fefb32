"""Effective operators that let a B meson decay into a kaon and a pair of dark particles.

Every operator is a product of a quark bilinear (sbar G b) and a bilinear of the dark field.
After the average over the direction of the pair at most two numbers are left of either factor.
They are a density, or the space and time components of a current, or the electric and magnetic components of a tensor.
The rate is the sum of their products.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import belle2
from .._arrays import Array, checked, choice, legendre, switch, together
from .._public import public
from .._quark_currents import Parts, quark_squares
from .._rival_row import Row, against_the_data
from ..errors import ParameterError
from ..inputs import cached, natural, sets, use
from ..kinematics import kallen
from ..limits import kstar_room

__all__ = [
    "OPERATORS",
    "br_b_to_k",
    "br_b_to_kstar",
    "br_bs_to_pair",
    "dbr_dq2_b_to_k",
    "dbr_dq2_b_to_kstar",
    "row",
    "spectra",
    "unitarity_energy",
    "vanishes",
]

_NODES = 96
# smallest q2 in GeV^2 (for massless pairs), smallest mass of a vector in GeV
_Q2_MIN, _M_VECTOR = 1e-12, 1e-3
_PERTURBATIVE = 8.0 * np.pi
# masses in GeV among which the best one is looked for: first, last, number
_MASSES = (0.05, 1.3, 51)

# --- amplitudes of a pair, with explicit spinors and polarisations

_PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_ONE, _NONE = np.eye(2), np.zeros((2, 2))
_GAMMA = np.array([np.block([[_ONE, _NONE], [_NONE, -_ONE]]), *(np.block([[_NONE, s], [-s, _NONE]]) for s in _PAULI)])
_GAMMA_5 = 1j * _GAMMA[0] @ _GAMMA[1] @ _GAMMA[2] @ _GAMMA[3]
_SIGMA = 0.5j * (np.einsum("mab,nbc->mnac", _GAMMA, _GAMMA) - np.einsum("nab,mbc->mnac", _GAMMA, _GAMMA))
_CONJUGATION = 1j * _GAMMA[2] @ _GAMMA[0]
_METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
_EPSILON = np.zeros((4, 4, 4, 4))
for _index in np.ndindex(4, 4, 4, 4):
    _EPSILON[_index] = np.linalg.det(np.eye(4)[list(_index)])

_Momentum = npt.NDArray[np.float64]
_Current = npt.NDArray[np.complex128]


def _mass(k: _Momentum) -> float:
    return float(np.sqrt(k @ _METRIC @ k))


def _spinors(k: _Momentum) -> tuple[_Current, _Current]:
    """Both spinors ubar of a momentum, and the v of the same spins, v = C ubar^T; (2, 4)."""
    m = _mass(k)
    slash = np.einsum("mab,m->ab", _GAMMA, _METRIC @ k)
    bar = ((slash + m * np.eye(4)) / np.sqrt(k[0] + m))[:, :2].T.conj() @ _GAMMA[0]
    return bar, bar @ _CONJUGATION.T


def _polarisations(k: _Momentum) -> _Momentum:
    """Three real polarisation vectors of a massive vector, boosted from rest; (3, 4)."""
    m = _mass(k)
    space = np.eye(3) + np.outer(k[1:], k[1:]) / (m * (k[0] + m))
    return np.column_stack([k[1:] / m, space])


def _fermion_pair(gamma: _Current, k_1: _Momentum, k_2: _Momentum) -> _Current:
    """Matrix element ubar(k_1) G v(k_2); its first two axes are the spins."""
    return np.einsum("ia,...ab,jb->ij...", _spinors(k_1)[0], gamma, _spinors(k_2)[1])


def _scalar_pair(current: bool, k_1: _Momentum, k_2: _Momentum) -> _Current:
    """1, or k_1 - k_2 of phi* i d phi."""
    found: _Current = np.reshape(k_1 - k_2 if current else np.ones(()), (1, 1, *((4,) if current else ()))).astype(complex)
    return found


def _vector_pair(form: str, k_1: _Momentum, k_2: _Momentum) -> _Current:
    """Bilinears of a vector field with upper indices; an outgoing particle turns a derivative into i times its momentum."""
    e_1, e_2, q, difference = _polarisations(k_1), _polarisations(k_2), k_1 + k_2, k_2 - k_1
    product = np.einsum("im,jn->ijmn", e_1, e_2).astype(complex)
    flipped, lower = np.swapaxes(product, 2, 3), np.einsum("im,jn->ijmn", e_1 @ _METRIC, e_2 @ _METRIC)
    trace = np.einsum("ijmn,mn->ij", product, _METRIC)
    twisted = np.einsum("mnrs,ijrs->ijmn", _EPSILON, lower)
    q_low, difference_low = _METRIC @ q, _METRIC @ difference
    forms: dict[str, Callable[[], Any]] = {
        "S": lambda: trace,
        "T": lambda: 0.5 * (product - flipped),
        "V2": lambda: 1j * (product + flipped) @ q_low,
        "V3": lambda: 1j * twisted @ difference_low,
        "V4": lambda: -trace[..., None] * difference,
        "V5": lambda: -(product - flipped) @ q_low,
        "V6": lambda: -twisted @ q_low,
    }
    found: _Current = np.asarray(forms[form]())
    return found


# --- squares of the pair, summed over spins, averaged over directions


def _velocity_2(q2: Array, m: Array) -> Array:
    return np.maximum(1.0 - 4.0 * m * m / q2, 0.0)


def _even(q2: Array, m: Array) -> Array:
    """|e_1.e_2|^2 of a pair of vectors: two transverse pairs and the longitudinal one, which grows like q2^2/m^4."""
    return 2.0 + (q2 / (2.0 * m * m) - 1.0) ** 2


@dataclass(frozen=True)
class _Operator:
    """Quark bilinear (S, V or T), its gamma5, the squares of the dark one, and its amplitude.

    The squares are (density, 0), (space components of a current / 3, time component) in the rest frame of the pair, or
    (electric components of a tensor / 3, magnetic ones / 3).
    """

    quark: str
    squares: Callable[[Array, Array], Parts]
    pair: Callable[[_Momentum, _Momentum], _Current]
    gamma5: bool = False
    fermion: bool = False
    massive: bool = False


def _fermion(quark: str, gamma: _Current, squares: Callable[[Array, Array], Parts]) -> _Operator:
    return _Operator(quark, squares, partial(_fermion_pair, gamma), fermion=True)


def _vector(quark: str, form: str, squares: Callable[[Array, Array], Parts], gamma5: bool = False) -> _Operator:
    return _Operator(quark, squares, partial(_vector_pair, form), gamma5, massive=True)


def _vector_tensor(q2: Array, m: Array) -> Parts:
    x, beta_2 = q2 / (4.0 * m * m), _velocity_2(q2, m)
    return beta_2 * x * (x + 1.0) / 3.0, (0.5 + x) / 3.0


_TABLE = {
    "scalar:S": _Operator("S", lambda q2, m: (1.0 + 0.0 * q2 * m, 0.0), partial(_scalar_pair, False)),
    "scalar:V": _Operator("V", lambda q2, m: (q2 * _velocity_2(q2, m) / 3.0, 0.0), partial(_scalar_pair, True)),
    "fermion:S": _fermion("S", np.eye(4, dtype=np.complex128), lambda q2, m: (2.0 * q2 * _velocity_2(q2, m), 0.0)),
    "fermion:P": _fermion("S", np.complex128(1j) * _GAMMA_5, lambda q2, m: (2.0 * q2 + 0.0 * m, 0.0)),
    "fermion:V": _fermion("V", _GAMMA, lambda q2, m: (4.0 / 3.0 * (q2 + 2.0 * m * m), 0.0)),
    "fermion:A": _fermion("V", _GAMMA @ _GAMMA_5, lambda q2, m: (4.0 / 3.0 * q2 * _velocity_2(q2, m), 8.0 * m * m)),
    "fermion:T": _fermion("T", _SIGMA, lambda q2, m: (2.0 / 3.0 * (q2 + 8.0 * m * m), 2.0 / 3.0 * q2 * _velocity_2(q2, m))),
    "fermion:T5": _fermion(
        "T", _SIGMA @ _GAMMA_5, lambda q2, m: (2.0 / 3.0 * q2 * _velocity_2(q2, m), 2.0 / 3.0 * (q2 + 8.0 * m * m))
    ),
    "vector:S": _vector("S", "S", lambda q2, m: (_even(q2, m), 0.0)),
    "vector:T1": _vector("T", "T", _vector_tensor),
    "vector:T2": _vector("T", "T", _vector_tensor, gamma5=True),
    "vector:V2": _vector(
        "V",
        "V2",
        lambda q2, m: (q2**2 * _velocity_2(q2, m) / (3.0 * m**2), q2**3 * _velocity_2(q2, m) ** 2 / (4.0 * m**4)),
    ),
    "vector:V3": _vector(
        "V", "V3", lambda q2, m: (q2**2 * _velocity_2(q2, m) ** 2 / (3.0 * m**2), 2.0 * q2 * _velocity_2(q2, m))
    ),
    "vector:V4": _vector("V", "V4", lambda q2, m: (q2 * _velocity_2(q2, m) * _even(q2, m) / 3.0, 0.0)),
    "vector:V5": _vector("V", "V5", lambda q2, m: (q2**2 * _velocity_2(q2, m) / (3.0 * m**2) * (1.0 + q2 / (4.0 * m**2)), 0.0)),
    "vector:V6": _vector("V", "V6", lambda q2, m: ((2.0 * q2 + q2**2 / m**2) / 3.0, 0.0)),
}

#: Names of the operators.
OPERATORS = tuple(_TABLE)

# momenta of a pair in no special frame: neither a rest frame, nor along an axis
_K_1, _K_2 = (np.array([np.sqrt(0.49 + np.sum(np.square(k))), *k]) for k in ([0.31, -0.52, 0.83], [-0.44, 0.27, 0.61]))


@lru_cache
def _identical(operator: str) -> float:
    """Rate of a pair of identical particles over that of particle and antiparticle.

    The amplitude is the sum (of fermions: the difference) of both ways to assign the two particles to the two fields, and half
    of the phase space is left.
    """
    one = _TABLE[operator]
    direct, exchanged = one.pair(_K_1, _K_2), np.swapaxes(one.pair(_K_2, _K_1), 0, 1)
    total = direct - exchanged if one.fermion else direct + exchanged
    share = float(np.sum(np.abs(total) ** 2) / np.sum(np.abs(direct) ** 2))
    return round(0.5 * share, 9)


@public
def vanishes(operator: str, self_conjugate: bool = True) -> bool:
    """Whether the amplitude of an operator is zero for every momentum and spin of the pair.

    Parameters
    ----------
    operator : str
        One of `OPERATORS`.
    self_conjugate : bool
        The field is its own antiparticle: a real scalar, a Majorana fermion or a real vector.

    Returns
    -------
    bool
        True if nothing is produced.

    Raises
    ------
    ParameterError
        If the operator is unknown.

    Notes
    -----
    The answer is computed from the amplitude of two identical particles, with explicit spinors and polarisation vectors.

    Examples
    --------
    >>> from darkhiggs.rivals import effective
    >>> [effective.vanishes(name) for name in ("fermion:V", "fermion:A")]
    [True, False]
    """
    choice("operator", operator, OPERATORS)
    return switch("self_conjugate", self_conjugate) and _identical(operator) == 0.0


# --- the rates


def _frame(kaon: str, charge: str, inputs: str) -> tuple[tuple[float, float], float]:
    choice("charge", charge, ("+", "0"))
    masses = natural(f"m_B{charge}"), natural(f"m_{kaon}{charge}")
    return masses, natural(f"tau_B{charge}", "GeV^-1", inputs)


def _masses(operator: str, m_dm: npt.ArrayLike) -> Array:
    choice("operator", operator, OPERATORS)
    return checked("m_dm", m_dm, _M_VECTOR if _TABLE[operator].massive else 0.0, 1e3, "GeV")


def _spectrum(
    kaon: str,
    q2: Array,
    operator: str,
    m: Array,
    coefficient: npt.ArrayLike,
    charge: str,
    self_conjugate: bool,
    gamma5: bool,
    nuisance: npt.ArrayLike,
    inputs: str,
) -> Array:
    one = _TABLE[operator]
    masses, lifetime = _frame(kaon, charge, inputs)
    c = checked("coefficient", coefficient, -1e10, 1e10, f"GeV^(4-dimension of {operator})")
    states = _identical(operator) if switch("self_conjugate", self_conjugate) else 1.0
    low, high = 4.0 * m * m, (masses[0] - masses[1]) ** 2
    inside = (q2 >= low) & (q2 <= high)
    safe = np.clip(q2, np.minimum(np.maximum(low, _Q2_MIN), high), high)
    root_2 = np.maximum(kallen(masses[0] ** 2, masses[1] ** 2, safe), 0.0)
    quarks = quark_squares(kaon, one.quark, one.gamma5 != switch("gamma5", gamma5), safe, masses, root_2, nuisance)
    pair = one.squares(safe, m)
    square = quarks[0] * pair[0] + quarks[1] * pair[1]
    phase = np.sqrt(root_2 * _velocity_2(safe, m)) / (256.0 * np.pi**3 * masses[0] ** 3)
    rate: Array = np.where(inside, states * c**2 * lifetime * phase * square, 0.0)
    return rate[()]


def _rate(kaon: str, operator: str, m_dm: npt.ArrayLike, coefficient: npt.ArrayLike, charge: str, **options: Any) -> Array:
    m = _masses(operator, m_dm)
    masses, _ = _frame(kaon, charge, options["inputs"])
    c = checked("coefficient", coefficient, -1e10, 1e10, f"GeV^(4-dimension of {operator})")
    together(m_dm=m, coefficient=c)
    low, high = 4.0 * m * m, (masses[0] - masses[1]) ** 2
    low = np.minimum(low, high)[..., None]
    # both ends are square roots: with this variable the integrand is smooth
    t, weight = legendre(_NODES)
    q2 = low + (high - low) * np.sin(0.5 * np.pi * t) ** 2
    step = (high - low) * 0.5 * np.pi * np.sin(np.pi * t) * weight
    density = _spectrum(kaon, q2, operator, m[..., None], 1.0, charge, **options)
    total: Array = c**2 * np.sum(density * step, axis=-1)
    return total[()]


@public
def dbr_dq2_b_to_k(
    q2: npt.ArrayLike,
    operator: str,
    m_dm: npt.ArrayLike,
    coefficient: npt.ArrayLike = 1.0,
    charge: str = "+",
    *,
    self_conjugate: bool = False,
    gamma5: bool = False,
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Spectrum of B -> K and a pair of dark particles.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the pair in GeV^2.
    operator : str
        One of `OPERATORS`: pair and bilinear of the dark field, as in "fermion:A".
    m_dm : array_like
        Mass of the dark particle in GeV, 0 to 1000; at least 1e-3 for a vector.
    coefficient : array_like
        Coefficient of the operator in GeV^(4 - dimension), -1e10 to 1e10; real.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    self_conjugate : bool
        The dark field is its own antiparticle: a real scalar, a Majorana fermion or a real vector.
    gamma5 : bool
        Put one more gamma5 into the quark bilinear: (sbar G gamma5 b).
    nuisance : array_like, shape (8,) or (toys, 8), default 0
        See `form_factors.b_to_k`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero outside 4 m_dm^2 <= q2 <= (m_B - m_K)^2.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is out of range.

    Notes
    -----
    ``dGamma/dq2 = sqrt(lambda) beta/(256 pi^3 m_B^3) |M|^2``, with the mean of ``|M|^2`` over the direction of the pair.
    The operators are those of He, Ma and Valencia, arXiv:2309.12741.

    Examples
    --------
    >>> from darkhiggs.rivals import effective
    >>> print([f"{x:.3e}" for x in effective.dbr_dq2_b_to_k([1.0, 5.0, 23.0], "fermion:V", 0.7, 1e-8)])
    ['0.000e+00', '6.021e-07', '0.000e+00']
    """
    q2, m = checked("q2", q2, unit="GeV^2"), _masses(operator, m_dm)
    together(q2=q2, m_dm=m, coefficient=checked("coefficient", coefficient))
    return _spectrum("K", q2, operator, m, coefficient, charge, self_conjugate, gamma5, nuisance, inputs)


@public
def br_b_to_k(
    operator: str,
    m_dm: npt.ArrayLike,
    coefficient: npt.ArrayLike = 1.0,
    charge: str = "+",
    *,
    self_conjugate: bool = False,
    gamma5: bool = False,
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B -> K and a pair of dark particles.

    Parameters
    ----------
    operator : str
        One of `OPERATORS`.
    m_dm : array_like
        Mass of the dark particle in GeV, 0 to 1000; at least 1e-3 for a vector.
    coefficient : array_like
        Coefficient of the operator in GeV^(4 - dimension), -1e10 to 1e10; real.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    self_conjugate : bool
        The dark field is its own antiparticle.
    gamma5 : bool
        Put one more gamma5 into the quark bilinear.
    nuisance : array_like, shape (8,) or (toys, 8), default 0
        See `form_factors.b_to_k`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_dm above (m_B - m_K)/2. It may exceed 1, if the coefficient is too large.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is out of range.

    Notes
    -----
    This is the integral of `dbr_dq2_b_to_k`.

    Examples
    --------
    >>> from darkhiggs.rivals import effective
    >>> print([f"{effective.br_b_to_k(name, 1.0):.3e}" for name in ("scalar:S", "fermion:A")])
    ['4.545e+09', '9.006e+10']
    """
    options = {"self_conjugate": self_conjugate, "gamma5": gamma5, "nuisance": nuisance, "inputs": inputs}
    return _rate("K", operator, m_dm, coefficient, charge, **options)


@public
def dbr_dq2_b_to_kstar(
    q2: npt.ArrayLike,
    operator: str,
    m_dm: npt.ArrayLike,
    coefficient: npt.ArrayLike = 1.0,
    charge: str = "0",
    *,
    self_conjugate: bool = False,
    gamma5: bool = False,
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Spectrum of B -> K* and a pair of dark particles.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the pair in GeV^2.
    operator : str
        One of `OPERATORS`.
    m_dm : array_like
        Mass of the dark particle in GeV, 0 to 1000; at least 1e-3 for a vector.
    coefficient : array_like
        Coefficient of the operator in GeV^(4 - dimension), -1e10 to 1e10; real.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    self_conjugate : bool
        The dark field is its own antiparticle.
    gamma5 : bool
        Put one more gamma5 into the quark bilinear.
    nuisance : array_like, shape (19,) or (toys, 19), default 0
        See `form_factors.b_to_kstar`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero outside 4 m_dm^2 <= q2 <= (m_B - m_K*)^2, and for (sbar b) everywhere.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is out of range.

    Notes
    -----
    The formula is that of `dbr_dq2_b_to_k`, with the sum over the three helicities of the K*.

    Examples
    --------
    >>> from darkhiggs.rivals import effective
    >>> print([f"{x:.3e}" for x in effective.dbr_dq2_b_to_kstar([1.0, 5.0, 23.0], "fermion:V", 0.7, 1e-8)])
    ['0.000e+00', '1.681e-07', '0.000e+00']
    """
    q2, m = checked("q2", q2, unit="GeV^2"), _masses(operator, m_dm)
    together(q2=q2, m_dm=m, coefficient=checked("coefficient", coefficient))
    return _spectrum("K*", q2, operator, m, coefficient, charge, self_conjugate, gamma5, nuisance, inputs)


@public
def br_b_to_kstar(
    operator: str,
    m_dm: npt.ArrayLike,
    coefficient: npt.ArrayLike = 1.0,
    charge: str = "0",
    *,
    self_conjugate: bool = False,
    gamma5: bool = False,
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B -> K* and a pair of dark particles.

    Parameters
    ----------
    operator : str
        One of `OPERATORS`.
    m_dm : array_like
        Mass of the dark particle in GeV, 0 to 1000; at least 1e-3 for a vector.
    coefficient : array_like
        Coefficient of the operator in GeV^(4 - dimension), -1e10 to 1e10; real.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    self_conjugate : bool
        The dark field is its own antiparticle.
    gamma5 : bool
        Put one more gamma5 into the quark bilinear.
    nuisance : array_like, shape (19,) or (toys, 19), default 0
        See `form_factors.b_to_kstar`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_dm above (m_B - m_K*)/2, and for the density (sbar b), which cannot turn a
        pseudoscalar into a vector.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is out of range.

    Notes
    -----
    This is the integral of `dbr_dq2_b_to_kstar`.

    Examples
    --------
    >>> from darkhiggs.rivals import effective
    >>> print([f"{effective.br_b_to_kstar(name, 1.0):.3e}" for name in ("scalar:S", "fermion:V")])
    ['0.000e+00', '3.152e+10']
    """
    options = {"self_conjugate": self_conjugate, "gamma5": gamma5, "nuisance": nuisance, "inputs": inputs}
    return _rate("K*", operator, m_dm, coefficient, charge, **options)


@public
def br_bs_to_pair(
    operator: str,
    m_dm: npt.ArrayLike,
    coefficient: npt.ArrayLike = 1.0,
    *,
    self_conjugate: bool = False,
    gamma5: bool = False,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B_s -> a pair of dark particles, which is B_s -> nothing visible.

    Parameters
    ----------
    operator : str
        One of `OPERATORS`.
    m_dm : array_like
        Mass of the dark particle in GeV, 0 to 1000; at least 1e-3 for a vector.
    coefficient : array_like
        Coefficient of the operator in GeV^(4 - dimension), -1e10 to 1e10; real.
    self_conjugate : bool
        The dark field is its own antiparticle.
    gamma5 : bool
        Put one more gamma5 into the quark bilinear; without it the rate is zero.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Mean of B_s and its antiparticle, dimensionless; exactly zero for m_dm above m_Bs/2. It may exceed 1, if the
        coefficient is too large.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is out of range.

    Notes
    -----
    A pseudoscalar becomes the vacuum through ``<0|sbar gamma_5 b|B_s> = -i f m^2/(m_b + m_s)`` and
    ``<0|sbar gamma^mu gamma_5 b|B_s> = i f p^mu`` alone.
    (sbar b) and (sbar gamma b) have the wrong parity, and a tensor cannot be made of one momentum.
    ``Gamma = beta/(16 pi m) C^2 |M|^2`` with ``|M|^2 = f^2 m^4/(m_b + m_s)^2`` times the squared density of the pair, or
    ``f^2 m^2`` times the square of the time component of its current.
    A conserved current has none, hence vector currents give nothing, and the axial current of a fermion gives ``8 m_dm^2``.

    The decay is that of B_sL or B_sH, according to the phase of the coefficient.
    The mean lifetime, which is taken, is within 7 % of both.

    Examples
    --------
    >>> from darkhiggs.rivals import effective
    >>> names = "fermion:S", "fermion:V", "fermion:A"
    >>> print(*(f"{effective.br_bs_to_pair(name, 1.0, 1e-8, gamma5=True):.2e}" for name in names))
    9.46e-05 0.00e+00 9.68e-06
    """
    m, c = _masses(operator, m_dm), checked("coefficient", coefficient, -1e10, 1e10, f"GeV^(4-dimension of {operator})")
    shape = together(m_dm=m, coefficient=c)
    one, odd = _TABLE[operator], switch("gamma5", gamma5)
    states = _identical(operator) if switch("self_conjugate", self_conjugate) else 1.0
    meson, constant, lifetime = natural("m_Bs"), natural("f_Bs"), natural("tau_Bs", "GeV^-1", inputs)
    if one.quark == "T" or not odd:
        return np.zeros(shape)[()]
    q2 = np.asarray(meson**2)
    density, time = one.squares(q2, m)
    square = time * q2 if one.quark == "V" else density * (q2 / (natural("m_b") + natural("m_s"))) ** 2
    phase = np.sqrt(_velocity_2(q2, m)) / (16.0 * np.pi * meson)
    rate: Array = np.broadcast_to(states * c**2 * lifetime * constant**2 * phase * square, shape)
    return rate[()]


@public
def unitarity_energy(operator: str, m_dm: npt.ArrayLike, coefficient: npt.ArrayLike) -> Array:
    """Energy at which the amplitude of quarks into a dark pair becomes too large for the effective theory.

    Parameters
    ----------
    operator : str
        One of `OPERATORS`.
    m_dm : array_like
        Mass of the dark particle in GeV, 0 to 1000; at least 1e-3 for a vector.
    coefficient : array_like
        Coefficient of the operator in GeV^(4 - dimension), -1e10 to 1e10; not zero.

    Returns
    -------
    ndarray or float
        Energy in GeV in the rest frame of the pair, at least 2 m_dm and at most 1e12 GeV.

    Raises
    ------
    ParameterError
        If a name is unknown or a number is out of range.

    Notes
    -----
    The root of the squared amplitude of sbar b -> pair, summed over spins and averaged over directions, is 8 pi there.
    The masses of the quarks are neglected.

    Examples
    --------
    >>> from darkhiggs.rivals import effective
    >>> print(effective.unitarity_energy("vector:S", [0.1, 1.0], 1e-6).round(1))
    [ 70.8 328.8]
    """
    m, c = _masses(operator, m_dm), np.abs(checked("coefficient", coefficient, -1e10, 1e10))
    shape = together(m_dm=m, coefficient=c)
    one = _TABLE[operator]
    low, high = np.broadcast_to(np.log(np.maximum(2.0 * m, 1e-6)), shape), np.full(shape, np.log(1e12))
    for _ in range(60):
        middle = 0.5 * (low + high)
        s = np.exp(2.0 * middle)
        first, second = one.squares(s, m)
        quarks = {"S": 2.0 * s * first, "V": 4.0 * s * first, "T": 8.0 * s * (first + second)}[one.quark]
        above = c**2 * quarks > _PERTURBATIVE**2
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.exp(0.5 * (low + high))[()]


@public
def spectra(operator: str, m_dm: npt.ArrayLike) -> belle2.Spectrum:
    """Spectra of B+ -> K+ and a dark pair for many masses, folded with the efficiency of Belle II.

    Parameters
    ----------
    operator : str
        One of `OPERATORS`.
    m_dm : array_like
        Masses of the dark particle in GeV for which the decay is open, from 0.001 for a vector.

    Returns
    -------
    belle2.Spectrum
        Of the shape of `m_dm`, with `br` equal to 1: the shape does not depend on the coefficient.

    Raises
    ------
    ParameterError
        If the operator is unknown, a mass is out of range, or its pair is too heavy for the decay.

    Examples
    --------
    >>> from darkhiggs.rivals import effective
    >>> effective.spectra("fermion:V", [0.2, 0.7]).efficiency.shape
    (2, 18)
    """
    m = checked("m_dm", _masses(operator, m_dm), 0.0, 0.5 * float(natural("m_B+") - natural("m_K+")), "GeV")
    density = partial(dbr_dq2_b_to_k, operator=operator)
    rows = [belle2.Spectrum.from_function(partial(density, m_dm=x), breaks=4.0 * x**2).efficiency for x in m.ravel()]
    if not rows:
        raise ParameterError("m_dm holds no mass; give at least one in GeV")
    return belle2.Spectrum(np.reshape(rows, (*m.shape, -1)), np.ones(m.shape))


@cached
def _best(operator: str) -> tuple[float, belle2.Spectrum, int, float, float, float]:
    """Best mass in GeV, spectra of all masses, number of the best, decrease of -2 ln L, K* over its room, and coefficient."""
    masses = np.linspace(*_MASSES)
    shapes = spectra(operator, masses)
    fit = belle2.Likelihood().fit_rate(shapes)
    best = int(np.argmax(fit.delta_chi2))
    c = float(np.sqrt(fit.rate[best] / br_b_to_k(operator, masses[best])))
    kstar = float(br_b_to_kstar(operator, masses[best], c) / kstar_room())
    return float(masses[best]), shapes, best, float(fit.delta_chi2[best]), kstar, c


@public
def row(inputs: str = "talk") -> Row:
    """Hold the operator that fits best, a vector current of a fermion at its best mass, against the data.

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
    >>> from darkhiggs.rivals import effective
    >>> row = effective.row()
    >>> print(f"{row.rate:.1e} {row.delta_chi2:.1f} {row.kstar:.1f}")
    2.7e-05 10.8 1.1
    """
    with use(choice("inputs", inputs, sets())):
        name = "fermion:V"
        mass, shapes, best, _, plain, c = _best(name)
        heavier, others, _, gain, axial, c_axial = _best("fermion:A")
        _, more, _, _, tensor, _ = _best("fermion:T")
        spectrum = belle2.Spectrum(shapes.efficiency[best])
        energy = unitarity_energy(name, mass, c)
        chiral = plain + br_b_to_kstar(name, mass, c, gamma5=True) / kstar_room()
        unseen = br_bs_to_pair("fermion:A", heavier, c_axial, gamma5=True) / natural("bound.bs_invisible", "1")
        return against_the_data(
            "effective operators",
            "rival_effective",
            spectrum,
            statements=("S14", "S16"),
            point=f"vector current, Dirac fermions of {mass:.2f} GeV",
            kstar=float(br_b_to_kstar(name, mass) / br_b_to_k(name, mass)),
            family=belle2.Spectrum(np.vstack([every.efficiency for every in (shapes, others, more)])),
            bears=(
                f"with an axial current K* is at {axial:.2f} of its room and the gain is {gain:.1f}",
                f"with a tensor current K* is at {tensor:.0f} times its room",
                f"the amplitude violates unitarity above {1e-3 * energy:.0f} TeV",
                f"with quarks of one chirality K* is at {chiral:.1f} times its room, and the axial current puts B_s -> nothing "
                f"visible at {unseen:.2f} of its limit",
            ),
        )
