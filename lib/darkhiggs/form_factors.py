"""Form factors of B -> K and B -> K* with their uncertainties.

The uncertainty enters through `nuisance`, a vector of independent standard-normal numbers.
Zero gives the published central value, and a matrix with one row per toy gives one curve per row.
`band` computes the error of any function of the form factors.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, choice, single
from ._public import public
from .errors import ParameterError
from .inputs import cached, get, natural

__all__ = ["B_TO_K", "B_TO_KSTAR", "b_to_k", "b_to_kstar", "band", "nuisance_size"]

#: Sets of B -> K form factors; the first one is the default.
B_TO_K = ("HPQCD22", "BallZwicky")
#: Sets of B -> K* form factors; the first one is the default.
B_TO_KSTAR = ("BSZ15", "BallZwicky")
_SIZES = {"HPQCD22": 8, "BallZwicky": 0, "BSZ15": 19}
# The first coefficients of BSZ15 are those of A0, A1, A12 and V, and a vector may stop behind them.
_VECTOR = 11


@public
def nuisance_size(source: str) -> int:
    """Length of the nuisance vector of a form-factor set.

    Parameters
    ----------
    source : {"HPQCD22", "BallZwicky", "BSZ15"}
        Name of the set.

    Returns
    -------
    int
        Number of independent standard-normal numbers; 0 for a set without covariance.

    Raises
    ------
    ParameterError
        If the set is unknown.

    Examples
    --------
    >>> from darkhiggs import form_factors
    >>> form_factors.nuisance_size("HPQCD22")
    8
    """
    return _SIZES[choice("source", source, tuple(_SIZES))]


def _nuisance(nuisance: npt.ArrayLike, source: str) -> Array | None:
    """Check a nuisance vector; the scalar 0 means the central value, and gives None."""
    vector: Array = checked("nuisance", nuisance, -20.0, 20.0)
    size = _SIZES[source]
    if vector.ndim == 0 and vector == 0.0:
        return None
    if vector.ndim == 0 or vector.shape[-1] not in ((size, _VECTOR) if source == "BSZ15" else (size,)):
        raise ParameterError(f"nuisance has shape {vector.shape}; {source} takes vectors of length {size}")
    return vector


def _z(q2: Array, t_plus: float, t_0: float) -> Array:
    """Conformal variable of the z expansion."""
    root, root_0 = np.sqrt(t_plus - q2), np.sqrt(t_plus - t_0)
    return (root - root_0) / (root + root_0)


def _sum(central: Sequence[float], directions: Array, nuisance: Array | None, basis: list[Array]) -> Array:
    """Sum of coefficients times basis functions of q2; the axes of the toys precede those of q2.

    The product of the nuisance vector with `directions`, of shape (its length, functions), is added to the central
    coefficients.
    """
    coefficients: Sequence[Any] = central
    if nuisance is not None:
        moved = np.asarray(central) + nuisance @ directions
        coefficients = [moved[(..., k, *(None,) * np.ndim(basis[0]))] for k in range(len(basis))]
    return sum((a * f for a, f in zip(coefficients[1:], basis[1:], strict=True)), coefficients[0] * basis[0])


def _bcl_vector(z: Array) -> list[Array]:
    """Basis of the BCL expansion (N = 3) of a form factor with the correct threshold behaviour."""
    cube = z * z * z
    return [z**n - n / 3.0 * (-1.0) ** (n - 3) * cube for n in range(3)]


# f_+ and f_0 share their first coefficient
_HPQCD_ROWS = {"f0": [0, 1, 2], "f+": [0, 3, 4], "fT": [5, 6, 7]}


@cached
def _hpqcd_square_root() -> Array:
    """Square root of the coefficient covariance, from the covariance of the published points.

    The points are linear in the coefficients, point = J a, so that Cov(a) = J^-1 Cov(point) J^-T.
    """
    jacobian = np.zeros((8, 8))
    points = [("f0", (0.0, 12.0, 22.9)), ("f+", (12.0, 22.9)), ("fT", (0.0, 12.0, 22.9))]
    row = 0
    for which, q2s in points:
        for q2 in q2s:
            jacobian[row, _HPQCD_ROWS[which]] = np.array(_hpqcd_basis(np.asarray(q2), which))
            row += 1
    inverse = np.linalg.inv(jacobian)
    return np.asarray(inverse @ np.linalg.cholesky(natural("HPQCD22.points_covariance", "1")), dtype=np.float64)


@cached
def _hpqcd_frame(which: str) -> tuple[float, float, float]:
    """Squared threshold, squared pole mass, and the logarithm that multiplies the form factor."""
    m_b, m_k = natural("HPQCD22.masses")
    pole = natural("HPQCD22.poles")[0 if which == "f0" else 1]
    return (m_b + m_k) ** 2, pole**2, natural("HPQCD22.log_factor", "1")


def _hpqcd_basis(q2: Array, which: str) -> list[Array]:
    t_plus, pole_2, log_factor = _hpqcd_frame(which)
    z = _z(q2, t_plus, 0.0)
    front = log_factor / (1.0 - q2 / pole_2)
    terms = [z**n for n in range(3)] if which == "f0" else _bcl_vector(z)
    return [front * term for term in terms]


@cached
def _hpqcd_coefficients(which: str) -> tuple[tuple[float, ...], Array]:
    """Central values, and the matrix that multiplies the nuisance vector."""
    rows = _HPQCD_ROWS[which]
    return tuple(natural("HPQCD22.coefficients", "1")[rows]), _hpqcd_square_root()[rows].T


def _ball_zwicky(q2: Array, which: str) -> Array:
    if which == "f0":
        r_2, m_fit_2 = natural("BallZwicky.f0", "1")
        return r_2 / (1.0 - q2 / m_fit_2)
    r_1, r_2, m_1 = natural(f"BallZwicky.{which}", "1")
    pole = 1.0 / (1.0 - q2 / m_1**2)
    return r_1 * pole + r_2 * pole**2


@public
def b_to_k(q2: npt.ArrayLike, which: str = "f+", source: str = "HPQCD22", *, nuisance: npt.ArrayLike = 0.0) -> Array:
    """Form factors of B -> K.

    Parameters
    ----------
    q2 : array_like
        Squared momentum transfer in GeV^2, -30 to 23 (the end point is (m_B - m_K)^2 = 22.9).
    which : {"f+", "f0", "fT"}
        Vector, scalar or tensor form factor (f_T at the scale m_b).
    source : {"HPQCD22", "BallZwicky"}
        Lattice QCD with 2+1+1 flavours (default), or the older light-cone sum rules.
    nuisance : array_like, shape (8,) or (toys, 8), default 0
        Independent standard-normal numbers that move the coefficients; HPQCD22 only.

    Returns
    -------
    ndarray or float
        Dimensionless; shape of `q2`, with the toys in front.

    Raises
    ------
    ParameterError
        If q2 is outside its range, a name is unknown, or the nuisance has another length.

    Notes
    -----
    HPQCD22: arXiv:2207.12468, eqs. (19)-(22); the covariance is that of the published points.
    BallZwicky: hep-ph/0406232, eqs. (30)-(31).

    Examples
    --------
    >>> from darkhiggs import form_factors
    >>> print(form_factors.b_to_k([0.0, 12.0, 22.9], "f0").round(4))
    [0.3319 0.4757 0.8502]
    """
    q2 = checked("q2", q2, -30.0, 23.0, "GeV^2")[()]
    choice("which", which, ("f+", "f0", "fT"))
    choice("source", source, B_TO_K)
    vector = _nuisance(nuisance, source)
    if source == "HPQCD22":
        return _sum(*_hpqcd_coefficients(which), vector, _hpqcd_basis(q2, which))
    return _ball_zwicky(q2, which)


_BSZ_ROWS = {
    "A0": [0, 1, 2],
    "A1": [3, 4, 5],
    "A12": [0, 6, 7],
    "V": [8, 9, 10],
    "T1": [11, 12, 13],
    "T2": [11, 14, 15],
    "T23": [16, 17, 18],
}
_BSZ_POLES = {"A0": 0, "V": 1, "T1": 1, "A1": 2, "A12": 2, "T2": 2, "T23": 2}


@cached
def _bsz_square_root() -> Array:
    """Square root of the covariance of the 19 coefficients; its first 11 rows are those of A0, A1, A12 and V alone."""
    vector, tensor = natural("BSZ15.correlation", "1"), natural("BSZ15.tensor_correlation", "1")
    matrix = np.block([[vector, tensor[:, :_VECTOR].T], [tensor]])
    error = np.concatenate([get(f"BSZ15.{kind}coefficients").uncertainty for kind in ("", "tensor_")])
    return np.asarray(error[:, None] * np.linalg.cholesky(matrix), dtype=np.float64)


@cached
def _bsz_frame(which: str) -> tuple[float, float, float, float]:
    """Threshold t_+, t_0, z(0) and the squared pole mass."""
    m_b, m_v = natural("m_B0"), natural("m_K*0")
    t_plus, t_minus = (m_b + m_v) ** 2, (m_b - m_v) ** 2
    t_0 = t_plus * (1.0 - np.sqrt(1.0 - t_minus / t_plus))
    pole = natural("BSZ15.poles")[_BSZ_POLES[which]]
    return t_plus, t_0, float(_z(np.asarray(0.0), t_plus, t_0)), pole**2


@cached
def _bsz_coefficients(which: str) -> tuple[tuple[float, ...], Array]:
    """Central values, and the matrix that multiplies the nuisance vector."""
    rows = _BSZ_ROWS[which]
    scale = np.ones(3)
    if which == "A12":
        # exact kinematical relation between A_12 and A_0 at q2 = 0
        m_b, m_v = natural("m_B0"), natural("m_K*0")
        scale[0] = (m_b**2 - m_v**2) / (8.0 * m_b * m_v)
    central = np.concatenate([natural(f"BSZ15.{kind}coefficients", "1") for kind in ("", "tensor_")])
    return tuple(central[rows] * scale), _bsz_square_root()[rows].T * scale


def _bsz(q2: Array, which: str, nuisance: Array | None) -> Array:
    t_plus, t_0, z_0, pole_2 = _bsz_frame(which)
    distance = _z(q2, t_plus, t_0) - z_0
    central, directions = _bsz_coefficients(which)
    if nuisance is not None:
        directions = directions[: nuisance.shape[-1]]
    return _sum(central, directions, nuisance, [distance**k for k in range(3)]) / (1.0 - q2 / pole_2)


@public
def b_to_kstar(q2: npt.ArrayLike, which: str = "A0", source: str = "BSZ15", *, nuisance: npt.ArrayLike = 0.0) -> Array:
    """Form factors of B -> K*(892).

    Parameters
    ----------
    q2 : array_like
        Squared momentum transfer in GeV^2, -30 to 19.3 (the end point is (m_B - m_K*)^2 = 19.2).
    which : {"A0", "A1", "A12", "V", "T1", "T2", "T23"}
        Form factor of the pseudoscalar density (A0), axial current (A1, A12), vector current (V) or tensor current
        (T1, T2, T23, at the scale m_b).
    source : {"BSZ15", "BallZwicky"}
        Light-cone sum rules and lattice QCD combined (default), or the older sum rules (A0 only).
    nuisance : array_like, shape (19,) or (toys, 19), default 0
        Independent standard-normal numbers that move the coefficients; BSZ15 only.
        The last eight move T1, T2 and T23 alone, and a vector of length 11 leaves them at zero.

    Returns
    -------
    ndarray or float
        Dimensionless; shape of `q2`, with the toys in front.

    Raises
    ------
    ParameterError
        If q2 is outside its range, a name is unknown, or the nuisance has another length.

    Notes
    -----
    BSZ15: arXiv:1503.05534v2, eqs. (14)-(17) and ancillary file.
    Two exact relations hold at q2 = 0: A12 = A0 (m_B^2 - m_K*^2)/(8 m_B m_K*), and T2 = T1.
    A12 and T23 are the combinations with A2 and T3 that a K* of helicity zero meets.
    BallZwicky: hep-ph/0412079, eq. (59).

    Examples
    --------
    >>> from darkhiggs import form_factors
    >>> round(float(form_factors.b_to_kstar(0.0)), 4)
    0.3692
    """
    q2 = checked("q2", q2, -30.0, 19.3, "GeV^2")[()]
    choice("which", which, tuple(_BSZ_ROWS))
    choice("source", source, B_TO_KSTAR)
    vector = _nuisance(nuisance, source)
    if source == "BSZ15":
        return _bsz(q2, which, vector)
    if which != "A0":
        raise ParameterError(f"which = {which!r} is not carried for source 'BallZwicky'; use 'A0' or source 'BSZ15'")
    r_1, r_2, m_fit_2 = natural("BallZwicky.A0", "1")
    return r_1 / (1.0 - q2 / natural("m_B0") ** 2) + r_2 / (1.0 - q2 / m_fit_2)


@public
def band(function: Callable[[Array], Array], source: str = "HPQCD22", *, step: float = 0.5) -> Array:
    """Propagate the form-factor covariance of one set through any function, to first order.

    Parameters
    ----------
    function : callable
        Takes a nuisance vector of shape (n,) and returns an array or a float.
    source : {"HPQCD22", "BSZ15"}
        The set, which determines n.
    step : float
        Half-distance of the central difference, in standard deviations, 1e-3 to 3.

    Returns
    -------
    ndarray or float
        One standard deviation of the value of the function, in the same shape and unit.

    Raises
    ------
    ParameterError
        If the set has no covariance or the step is out of range.

    Examples
    --------
    >>> from darkhiggs import form_factors
    >>> error = form_factors.band(lambda n: form_factors.b_to_k(0.0, "f0", nuisance=n))
    >>> f"{error:.5f}"
    '0.01156'
    """
    choice("source", source, ("HPQCD22", "BSZ15"))
    step = single("step", step, 1e-3, 3.0)
    unit_vectors = np.eye(nuisance_size(source)) * step

    def value_at(vector: Array) -> Array:
        return checked("the result of function", function(vector))

    slopes = [(value_at(vector) - value_at(-vector)) / (2.0 * step) for vector in unit_vectors]
    return np.sqrt(np.sum(np.square(slopes), axis=0))[()]
