"""Kinetic mixing of the Z' with the photon through muon and tau loops."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked
from ._public import public
from ._scalars import kept
from .inputs import natural

__all__ = ["epsilon"]

_SMALL = 0.05


def _loop(ratio: Array) -> tuple[Array, Array]:
    """Real and imaginary part of the integral of x(1-x) ln(1 - x(1-x) ratio - i0) over 0 < x < 1, ratio = q2/m^2."""
    small = abs(ratio) < _SMALL
    if not isinstance(ratio, np.ndarray):
        return _series(ratio) if small else _closed(ratio)
    pair = zip(_series(ratio), _closed(np.where(small, 1.0, ratio)), strict=True)
    real, imaginary = (np.where(small, *parts) for parts in pair)
    return real, imaginary


def _series(ratio: Array) -> tuple[Array, Array]:
    """Taylor series for small ratios, where the terms of the closed form cancel up to ratio^2."""
    terms = (1 / 30, 1 / 280, 1 / 1890, 1 / 11088, 1 / 60060, 1 / 308880)
    real: Any = 0.0
    for term in terms[::-1]:
        real = (real - term) * ratio
    return real, 0.0 * ratio


def _closed(ratio: Array) -> tuple[Array, Array]:
    """Elementary functions of the velocity sqrt(1 - 4/ratio), which is imaginary in the gap below the threshold."""
    y = 4.0 / ratio
    root = np.sqrt(abs(1.0 - y))
    gap, above = y > 1.0, (y > 0.0) & (y <= 1.0)
    # (root + 1)/|root - 1| without a difference of close numbers; with q2 + i0 the imaginary part of the logarithm is -pi
    log = kept(gap, 2.0 * np.arctan2(1.0, root)) + kept(~gap, np.log((root + 1.0) ** 2 / abs(y)))
    front = (1.0 + 0.5 * y) * root / 6.0
    return front * log - (5.0 / 3.0 + y) / 6.0, kept(above, -np.pi * front)


@public
def epsilon(g_x: npt.ArrayLike, q2: npt.ArrayLike = 0.0) -> npt.NDArray[np.float64] | npt.NDArray[np.complex128]:
    """Loop-induced kinetic mixing epsilon(q2), with ``L = -epsilon e J_em Z'``.

    Parameters
    ----------
    g_x : array_like
        Gauge coupling, above 0 up to 1.
    q2 : array_like
        Squared momentum of the Z' in GeV^2, -1e8 to 1e8.

    Returns
    -------
    ndarray or float
        Dimensionless, negative at q2 = 0 for g_x > 0; complex if any q2 lies above 4 m_mu^2, else real.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``epsilon(q2) = (e g/2 pi^2) Int dx x(1-x) ln[(m_mu^2 - x(1-x) q2 - i0)/(m_tau^2 - x(1-x) q2 - i0)]``.
    This is the vacuum polarisation of the muon and tau loops with ``L = +g Z'.J'``.
    At zero momentum ``|epsilon(0)| = (e g/12 pi^2) ln(m_tau^2/m_mu^2)``, arXiv:2006.11225 eq. (7).
    The mixing at high energy is assumed to vanish, as in the talk.

    Examples
    --------
    >>> from darkhiggs import kinetic_mixing
    >>> f"1/{5e-4 / kinetic_mixing.epsilon(5e-4):.1f}"
    '1/-69.3'
    """
    g = checked("g_x", g_x, 0.0, 1.0, open_low=True)[()]
    q2 = checked("q2", q2, -1e8, 1e8, "GeV^2")[()]
    e = np.sqrt(4.0 * np.pi / natural("1/alpha(0)", "1"))
    mu_2, tau_2 = natural("m_mu") ** 2, natural("m_tau") ** 2
    (real_mu, imaginary_mu), (real_tau, imaginary_tau) = _loop(q2 / mu_2), _loop(q2 / tau_2)
    front = e * g / (2.0 * np.pi**2)
    real: Array = front * (np.log(mu_2 / tau_2) / 6.0 + real_mu - real_tau)
    if (q2 > 4.0 * mu_2).any():
        return real + 1j * (front * (imaginary_mu - imaginary_tau))
    return real
