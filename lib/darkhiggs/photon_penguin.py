"""Decays B -> K Z' and B -> K X X* through the Z' alone, from the photon penguin times the kinetic mixing."""

import numpy as np
import numpy.typing as npt

from . import form_factors
from ._arrays import Array, checked, composite, switch, together
from ._public import public
from .inputs import natural
from .kinematics import kallen
from .kinetic_mixing import epsilon
from .model import DarkSector
from .widths import gamma_zp

__all__ = ["br_b_to_k_xx", "br_b_to_k_zp", "dbr_dq2_b_to_k_leptons"]

_ORDER = 40


@public
def dbr_dq2_b_to_k_leptons(q2: npt.ArrayLike, *, axial: bool = True, inputs: str = "belle2") -> Array:
    """Spectrum of B+ -> K+ l+ l- for one massless lepton, without resonances.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the lepton pair in GeV^2, 0 to 25.
    axial : bool
        Whether the axial current is included; without it the result is the rate of the vector current, as for a photon.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero above (m_B - m_K)^2.

    Raises
    ------
    ParameterError
        If q2 is out of range or not finite.

    Notes
    -----
    The spectrum is ``G_F^2 alpha^2 |V_ts* V_tb|^2 tau_B/(192 pi^5) |p_K|^3 (|C_V|^2 + |C_10 f_+|^2)`` with
    ``C_V = C_9 f_+ + 2 (m_b + m_s)/(m_B + m_K) C_7 f_T``.
    With ``C_9 = -C_10 = X_t/s_W^2`` it is a third of the neutrino rate.
    Loops of four-quark operators are not included in C_9, so that this is an estimate with an error of about a quarter.

    Examples
    --------
    >>> from darkhiggs import photon_penguin
    >>> f"{photon_penguin.dbr_dq2_b_to_k_leptons(3.0):.2e}"
    '3.74e-08'
    """
    q2 = checked("q2", q2, 0.0, 25.0, "GeV^2")
    m_b, m_k = natural("m_B+"), natural("m_K+")
    end = (m_b - m_k) ** 2
    safe = np.minimum(q2, end)
    momentum = np.sqrt(np.maximum(kallen(m_b**2, m_k**2, safe), 0.0)) / (2.0 * m_b)
    f_plus = form_factors.b_to_k(safe, "f+")
    dipole = 2.0 * (natural("m_b") + natural("m_s")) / (m_b + m_k) * natural("C_7", "1")
    vector = natural("C_9", "1") * f_plus + dipole * form_factors.b_to_k(safe, "fT")
    current = vector**2 + (natural("C_10", "1") * f_plus) ** 2 * switch("axial", axial)
    coupling = natural("G_F", "GeV^-2") / natural("1/alpha(M_Z)", "1", inputs) * natural("|V_ts*V_tb|", "1", inputs)
    rate = coupling**2 * natural("tau_B+", "GeV^-1", inputs) / (192.0 * np.pi**5) * momentum**3 * current
    return np.where(q2 < end, rate, 0.0)[()]


def _virtual(q2: Array, g_x: npt.ArrayLike) -> Array:
    """Branching ratio into K and a Z' of squared mass q2."""
    mixing = np.square(np.abs(epsilon(g_x, q2)))
    value: Array = 3.0 * np.pi * natural("1/alpha(M_Z)", "1", "belle2") * q2 * mixing
    return value * dbr_dq2_b_to_k_leptons(q2, axial=False)


@public
def br_b_to_k_zp(m_zp: npt.ArrayLike, g_x: npt.ArrayLike) -> Array:
    """Branching ratio of B+ -> K+ Z' through kinetic mixing.

    Parameters
    ----------
    m_zp : array_like
        Mass of the Z' in GeV, above 0 up to 5.
    g_x : array_like
        Gauge coupling, above 0 up to 1.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero above m_B - m_K.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The rate is ``|epsilon|^2 (3 pi/alpha) m_Z'^2 dBR_V/dq2(m_Z'^2)`` with the vector part of `dbr_dq2_b_to_k_leptons`.
    The factor comes from the width of a photon of mass sqrt(q2) into leptons, which is ``alpha sqrt(q2)/3``.
    Because the current is conserved, the rate vanishes like ``m_Z'^2`` for a light Z'.

    Examples
    --------
    >>> from darkhiggs import photon_penguin
    >>> f"{photon_penguin.br_b_to_k_zp(0.0115, 5e-4):.1e}"
    '1.4e-19'
    """
    m = checked("m_zp", m_zp, 0.0, 5.0, "GeV", open_low=True)
    g_x = checked("g_x", g_x, 0.0, 1.0, open_low=True)
    together(m_zp=m, g_x=g_x)
    return _virtual(np.square(m), g_x)


@public
def br_b_to_k_xx(sector: DarkSector) -> Array:
    """Branching ratio of B+ -> K+ X X* through the Z', without the dark Higgs.

    Parameters
    ----------
    sector : DarkSector
        Needs m_x and q_x.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for 2 m_X above m_B - m_K.

    Raises
    ------
    ParameterError
        If m_x or q_x is not set.

    Notes
    -----
    This is ``1/pi BR(B -> K Z')(q2) sqrt(q2) Gamma(Z' -> X X*)(q2)/|q2 - m_Z'^2 + i m_Z' Gamma_Z'|^2``, integrated over q2,
    with ``Gamma = (g Q_X)^2 sqrt(q2)/(48 pi) (1 - 4 m_X^2/q2)^(3/2)``.

    Examples
    --------
    >>> from darkhiggs import model, photon_penguin
    >>> f"{photon_penguin.br_b_to_k_xx(model.benchmark('A').replace(m_x=0.05, q_x=1.0)):.1e}"
    '3.1e-24'
    """
    _ = sector.require("m_x"), sector.require("q_x")
    return sector.pointwise(_br_b_to_k_xx)


def _br_b_to_k_xx(sector: DarkSector) -> Array:
    """Integrate over q2 at the points of a flat sector without masked points."""
    end = (natural("m_B+") - natural("m_K+")) ** 2
    pole = np.broadcast_to(np.square(sector.m_zp), sector.shape)
    low = np.minimum(4.0 * np.square(sector.require("m_x")), end)
    line = sector.m_zp * gamma_zp(sector)
    # the mixing has a cusp at the threshold of each loop
    cusps = (np.clip(4.0 * natural(f"m_{lepton}") ** 2, low, end) for lepton in ("mu", "tau"))
    breaks = np.stack(np.broadcast_arrays(np.clip(pole, low, end), low, *cusps, end))
    scales = 1e-9 * breaks
    scales[0] = np.where(breaks[0] == pole, line, scales[0])
    q2, weights = composite(breaks, scales, _ORDER)
    beta_2 = np.maximum(1.0 - 4.0 * np.square(sector.m_x) / q2, 0.0)
    width = np.square(sector.g_x * sector.require("q_x")) / (48.0 * np.pi) * beta_2**1.5
    shape = q2 * width / (np.square(q2 - pole) + np.square(line)) / np.pi
    return np.sum(weights * _virtual(q2, sector.g_x) * shape, axis=0)
