"""Two-body phase space."""

import numpy.typing as npt

from ._arrays import Array, checked
from ._public import public
from ._scalars import clip, kept, square_root

__all__ = ["kallen", "momentum"]

# Fourth powers of numbers in this range are finite floats.
_LEAST, _HUGE = 1e-60, 1e60


@public
def kallen(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike) -> Array:
    """Källén function K(a, b, c) = a^2 + b^2 + c^2 - 2(ab + bc + ca).

    Parameters
    ----------
    a, b, c : array_like
        Squared masses in GeV^2, broadcast against each other.

    Returns
    -------
    ndarray or float
        K in GeV^4; negative between the two thresholds, where the decay is closed.

    Notes
    -----
    It is evaluated as (a - b - c)^2 - 4bc, which is exact at threshold, where the expanded form loses digits.

    Examples
    --------
    >>> from darkhiggs import kinematics
    >>> float(kinematics.kallen(9.0, 1.0, 4.0))
    0.0
    """
    a, b, c = (checked(name, x, -_HUGE, _HUGE)[()] for name, x in (("a", a), ("b", b), ("c", c)))
    return (a - b - c) ** 2 - 4.0 * b * c


@public
def momentum(m: npt.ArrayLike, m_1: npt.ArrayLike, m_2: npt.ArrayLike) -> Array:
    """Momentum of the products of M -> 1 + 2 in the rest frame of M.

    Parameters
    ----------
    m, m_1, m_2 : array_like
        Masses in GeV, not negative, broadcast against each other.

    Returns
    -------
    ndarray or float
        sqrt(K(m^2, m_1^2, m_2^2))/(2m) in GeV; exactly zero where m < m_1 + m_2.

    Raises
    ------
    ParameterError
        If a mass is negative or not finite, or m is zero.

    Notes
    -----
    PDG review of kinematics, eq. (49.17).

    Examples
    --------
    >>> from darkhiggs import kinematics
    >>> round(float(kinematics.momentum(1.0, 0.0, 0.0)), 12)
    0.5
    >>> float(kinematics.momentum(1.0, 0.8, 0.3))
    0.0
    """
    m = checked("m", m, _LEAST, _HUGE, "GeV")[()]
    m_1, m_2 = checked("m_1", m_1, 0.0, _HUGE, "GeV")[()], checked("m_2", m_2, 0.0, _HUGE, "GeV")[()]
    # factorised, so that it stays accurate for m_1 + m_2 just below m
    product = (m - m_1 - m_2) * (m + m_1 + m_2) * (m - m_1 + m_2) * (m + m_1 - m_2)
    return kept(m >= m_1 + m_2, square_root(clip(product, 0.0)) / (2.0 * m))
