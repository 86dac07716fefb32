"""Contribution of the Z' to the anomalous magnetic moment of the muon."""

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked
from ._public import public
from .inputs import natural

__all__ = ["coupling_for", "delta_a_mu"]

# Trapezoidal rule in y = ln(z'/(1 - z')), z' = 1 - z; the integrand is smooth in y at both ends and at z' = m_Z'/m_mu.
_STEP = 0.35
_Y = np.arange(-40.0, 30.0, _STEP)
_ONE_MINUS_Z, _Z = 1.0 / (1.0 + np.exp(-_Y)), 1.0 / (1.0 + np.exp(_Y))
_WEIGHT, _SCALE = _STEP * 2.0 * _Z * _ONE_MINUS_Z**3, _ONE_MINUS_Z**2 / _Z


@public
def delta_a_mu(m_zp: npt.ArrayLike, g_x: npt.ArrayLike) -> Array:
    """One-loop contribution of the Z' to a_mu = (g - 2)/2.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, above 0 up to 1e4.
    g_x : array_like
        Coupling to the muon, above 0 up to 1.

    Returns
    -------
    ndarray or float
        Delta a_mu, positive; it is g^2/(8 pi^2) for a light Z' and g^2 m_mu^2/(12 pi^2 m_Z'^2) for a heavy one.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``Delta a_mu = g^2/(8 pi^2) Int_0^1 dz 2 m_mu^2 z (1-z)^2/[m_mu^2 (1-z)^2 + m_Z'^2 z]``, Baek, Deshpande, He, Ko,
    hep-ph/0104141, eq. (2).
    The numerical integral is accurate to 1e-9.

    Examples
    --------
    >>> from darkhiggs import muon
    >>> f"{muon.delta_a_mu(0.010, 1e-4):.3e}"
    '9.912e-11'
    """
    m_zp = checked("m_zp", m_zp, 0.0, 1e4, "GeV", open_low=True)[()]
    g_x = checked("g_x", g_x, 0.0, 1.0, open_low=True)[()]
    ratio = (m_zp / natural("m_mu")) ** 2
    integral = np.add.reduce(_WEIGHT / (_SCALE + ratio[..., None]), axis=-1)
    return g_x**2 / (8.0 * np.pi**2) * integral


@public
def coupling_for(delta_a_mu: npt.ArrayLike, m_zp: npt.ArrayLike) -> Array:
    """Coupling for which the Z' gives a required contribution to a_mu.

    Parameters
    ----------
    delta_a_mu : array_like
        Required contribution, 0 to 1e-6.
    m_zp : array_like
        Mass of the Z' in GeV, above 0 up to 1e4.

    Returns
    -------
    ndarray or float
        g_X; it may exceed 1 for a heavy Z'.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite; the contribution of a vector coupling is never negative.

    Examples
    --------
    >>> from darkhiggs import muon
    >>> f"{muon.coupling_for(2.49e-9, 0.0115):.3e}"
    '5.093e-04'
    """
    wanted = checked("delta_a_mu", delta_a_mu, 0.0, 1e-6)
    return np.sqrt(wanted / _unit(m_zp))[()]


def _unit(m_zp: npt.ArrayLike) -> Array:
    """Contribution at g_X = 1, as a function of its own because `coupling_for` has an argument called `delta_a_mu`."""
    return delta_a_mu(m_zp, 1.0)
