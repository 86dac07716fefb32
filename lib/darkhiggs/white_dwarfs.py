"""Neutrino emission by plasmon decay in white dwarfs, which the Z' increases."""

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked
from ._public import public
from .inputs import natural
from .kinetic_mixing import epsilon

__all__ = ["coupling_limit", "emission_ratio"]

# GeV; far above the plasma frequency of tens of keV the exchange of the Z' is a contact interaction
_M_MIN, _M_MAX = 1e-3, 1e4


def _slope(m_zp: npt.ArrayLike) -> Array:
    """Relative excess of the emission over that of the Standard Model, per g_X^4."""
    mass = checked("m_zp", m_zp, _M_MIN, _M_MAX, "GeV")
    s_w2 = natural("s_W^2", "1")
    # vector couplings of the electron to nu_e (neutral and charged current), nu_mu and nu_tau
    standard = (0.5 + 2.0 * s_w2) ** 2 + 2.0 * (2.0 * s_w2 - 0.5) ** 2
    charge = np.sqrt(4.0 * np.pi / natural("1/alpha(0)", "1"))
    shift = charge * np.abs(epsilon(1.0)) / (np.sqrt(2.0) * natural("G_F", "GeV^-2") * mass**2)
    excess: Array = 2.0 * shift**2 / standard
    return excess


@public
def emission_ratio(m_zp: npt.ArrayLike, g_x: npt.ArrayLike) -> Array:
    """Ratio of the power of neutrinos from plasmon decay to its value in the Standard Model.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-3 to 1e4.
    g_x : array_like
        Gauge coupling, 0 to 1.

    Returns
    -------
    ndarray or float
        Dimensionless; 1 for g_x = 0.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    A plasmon decays through the vector current of the electron.
    The power is proportional to ``sum_a C_Va^2`` over the flavours, arXiv:1303.7232; the axial current adds less than a per
    cent.
    For ``m_Z'`` far above the plasma frequency the Z' adds ``Q_a g^2 e epsilon(0)/g / (sqrt2 G_F m_Z'^2)`` to C_Va.
    nu_mu and nu_tau have equal C_V and opposite charges, so that the interference cancels and the excess is proportional to
    g^4/m^4.
    The star itself is not modelled.

    Examples
    --------
    >>> from darkhiggs import white_dwarfs
    >>> [f"{white_dwarfs.emission_ratio(0.010, g):.3f}" for g in (1e-4, 5e-4)]
    ['1.002', '1.944']
    """
    value: Array = 1.0 + checked("g_x", g_x, 0.0, 1.0) ** 4 * _slope(m_zp)
    return value[()]


@public
def coupling_limit(m_zp: npt.ArrayLike, excess: npt.ArrayLike | None = None) -> Array:
    """Coupling at which the energy loss by neutrinos from plasmon decay is larger by a given share.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, 1e-3 to 1e4.
    excess : array_like, optional
        `emission_ratio` minus 1, 1e-3 to 1e3; by default 0.3, the accuracy of the luminosities in arXiv:2405.00094.

    Returns
    -------
    ndarray or float
        g_X, which is proportional to the mass and may exceed 1 for a heavy Z'.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> from darkhiggs import white_dwarfs
    >>> [f"{white_dwarfs.coupling_limit(0.010, x):.2e}" for x in (0.3, 1.0)]
    ['3.75e-04', '5.07e-04']
    """
    share = natural("white_dwarfs.excess", "1") if excess is None else excess
    value: Array = (checked("excess", share, 1e-3, 1e3) / _slope(m_zp)) ** 0.25
    return value[()]
