"""Two-body decays of B and K mesons into a light scalar H1 that mixes with the Higgs boson.

All rates follow from the penguin L = kappa sin(theta) H1 sbar_L b_R + h.c. and its s -> d analogue.
"""

import numpy as np
import numpy.typing as npt

from . import form_factors
from ._arrays import Array, checked, choice
from .inputs import natural
from .kinematics import kallen

__all__ = [
    "br_b_to_k_scalar",
    "br_b_to_kstar_scalar",
    "br_k_to_pi_scalar",
    "br_kl_to_pi0_scalar",
    "sin_theta_for",
]


def _penguin(kappa: npt.ArrayLike | None, sin_theta: npt.ArrayLike) -> Array:
    """(kappa sin theta)^2 after validation."""
    kappa = natural("kappa", "1") if kappa is None else checked("kappa", kappa, 0.0, 1e-3)
    value: Array = np.square(kappa * checked("sin_theta", sin_theta, -1.0, 1.0))
    return value


def _open(m_scalar: npt.ArrayLike, m_parent: float, m_daughter: float) -> tuple[npt.NDArray[np.bool_], Array, Array]:
    """Where the decay is open; a mass that is safe to evaluate everywhere; sqrt of the Källén function in GeV^2."""
    m = checked("m_scalar", m_scalar, 0.0, 1e3, "GeV")
    inside = m <= m_parent - m_daughter
    safe = np.minimum(m, m_parent - m_daughter)
    root = np.sqrt(np.maximum(kallen(m_parent**2, m_daughter**2, safe**2), 0.0))
    return inside, safe, root


def br_b_to_k_scalar(
    m_scalar: npt.ArrayLike,
    sin_theta: npt.ArrayLike,
    charge: str = "+",
    *,
    kappa: npt.ArrayLike | None = None,
    form_factor: str = "HPQCD22",
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B -> K H1.

    Parameters
    ----------
    m_scalar : array_like
        Mass of H1 in GeV, 0 to 1000.
    sin_theta : array_like
        Sine of the mixing angle, -1 to 1.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    kappa : array_like, optional
        Penguin coupling, 0 to 1e-3; default the 6.7e-6 of the talk.
    form_factor : {"HPQCD22", "BallZwicky"}
        Set for f_0.
    nuisance : array_like, shape (8,) or (toys, 8), default 0
        See `form_factors.b_to_k`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_scalar above m_B - m_K.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``kappa^2 sin^2/(64 pi m_B^3) ((m_B^2 - m_K^2)/(m_b - m_s))^2 f_0^2 sqrt(K(m_B^2, m_K^2, m^2))``, arXiv:2401.10112.

    Examples
    --------
    >>> from darkhiggs import meson_decays
    >>> f"{meson_decays.br_b_to_k_scalar(2.0, 5e-3):.3e}"
    '1.376e-05'
    """
    choice("charge", charge, ("+", "0"))
    m_b, m_k = natural(f"m_B{charge}"), natural(f"m_K{charge}")
    inside, m, root = _open(m_scalar, m_b, m_k)
    density = (m_b**2 - m_k**2) / (natural("m_b") - natural("m_s"))
    density = density * form_factors.b_to_k(np.square(m), "f0", form_factor, nuisance=nuisance)
    width = _penguin(kappa, sin_theta) / (64.0 * np.pi * m_b**3) * density**2 * root
    value: Array = np.where(inside, width * natural(f"tau_B{charge}", "GeV^-1", inputs), 0.0)
    return value[()]


def br_b_to_kstar_scalar(
    m_scalar: npt.ArrayLike,
    sin_theta: npt.ArrayLike,
    charge: str = "0",
    *,
    kappa: npt.ArrayLike | None = None,
    form_factor: str = "BSZ15",
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B -> K* H1.

    Parameters
    ----------
    m_scalar : array_like
        Mass of H1 in GeV, 0 to 1000.
    sin_theta : array_like
        Sine of the mixing angle, -1 to 1.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    kappa : array_like, optional
        Penguin coupling, 0 to 1e-3; default the 6.7e-6 of the talk.
    form_factor : {"BSZ15", "BallZwicky"}
        Set for A_0.
    nuisance : array_like, shape (11,) or (toys, 11), default 0
        See `form_factors.b_to_kstar`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_scalar above m_B - m_K*.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``kappa^2 sin^2/(64 pi m_B^3) K(m_B^2, m_K*^2, m^2)^(3/2) A_0^2/(m_b + m_s)^2``.

    Examples
    --------
    >>> from darkhiggs import meson_decays
    >>> f"{meson_decays.br_b_to_kstar_scalar(2.0, 5e-3):.3e}"
    '1.261e-05'
    """
    choice("charge", charge, ("+", "0"))
    m_b, m_v = natural(f"m_B{charge}"), natural(f"m_K*{charge}")
    inside, m, root = _open(m_scalar, m_b, m_v)
    density = form_factors.b_to_kstar(np.square(m), "A0", form_factor, nuisance=nuisance)
    density = density / (natural("m_b") + natural("m_s"))
    width = _penguin(kappa, sin_theta) / (64.0 * np.pi * m_b**3) * density**2 * root**3
    value: Array = np.where(inside, width * natural(f"tau_B{charge}", "GeV^-1", inputs), 0.0)
    return value[()]


def _kaon(
    m_scalar: npt.ArrayLike,
    sin_theta: npt.ArrayLike,
    kappa: npt.ArrayLike | None,
    mesons: tuple[str, str, str],
    ckm: str,
) -> Array:
    """K -> pi H1 with the b -> s coupling rescaled by CKM product and quark mass; m_d is neglected beside m_s."""
    m_k, m_pi, lifetime = natural(mesons[0]), natural(mesons[1]), natural(mesons[2], "GeV^-1")
    inside, _, root = _open(m_scalar, m_k, m_pi)
    scale = natural(ckm, "1") / natural("|V_ts*V_tb|", "1", "belle2") * natural("m_s") / natural("m_b")
    density = (m_k**2 - m_pi**2) / natural("m_s") * natural("f_0^Kpi(0)", "1")
    width = _penguin(kappa, sin_theta) * scale**2 / (64.0 * np.pi * m_k**3) * density**2 * root
    value: Array = np.where(inside, width * lifetime, 0.0)
    return value[()]


def br_k_to_pi_scalar(m_scalar: npt.ArrayLike, sin_theta: npt.ArrayLike, *, kappa: npt.ArrayLike | None = None) -> Array:
    """Branching ratio of K+ -> pi+ H1.

    Parameters
    ----------
    m_scalar : array_like
        Mass of H1 in GeV, 0 to 1000.
    sin_theta : array_like
        Sine of the mixing angle, -1 to 1.
    kappa : array_like, optional
        The b -> s penguin coupling, 0 to 1e-3, from which that of s -> d is scaled; default 6.7e-6.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_scalar above m_K - m_pi.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    As for B -> K H1, with ``kappa |V_ts* V_td|/|V_ts* V_tb| m_s/m_b``, m_s for m_b - m_s, and f_0(q2) = f_0(0).

    Examples
    --------
    >>> from darkhiggs import meson_decays
    >>> f"{meson_decays.br_k_to_pi_scalar(0.05, 1e-3):.3e}"
    '1.488e-09'
    """
    return _kaon(m_scalar, sin_theta, kappa, ("m_K+", "m_pi+", "tau_K+"), "|V_ts*V_td|")


def br_kl_to_pi0_scalar(m_scalar: npt.ArrayLike, sin_theta: npt.ArrayLike, *, kappa: npt.ArrayLike | None = None) -> Array:
    """Branching ratio of K_L -> pi0 H1.

    Parameters
    ----------
    m_scalar : array_like
        Mass of H1 in GeV, 0 to 1000.
    sin_theta : array_like
        Sine of the mixing angle, -1 to 1.
    kappa : array_like, optional
        The b -> s penguin coupling, 0 to 1e-3; default 6.7e-6.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_scalar above m_K - m_pi0.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    As `br_k_to_pi_scalar` with the real part of ``V_ts* V_td``: K_L is CP odd, pi0 H1 in an S wave too.

    Examples
    --------
    >>> from darkhiggs import meson_decays
    >>> f"{meson_decays.br_kl_to_pi0_scalar(0.05, 1e-3):.3e}"
    '5.418e-09'
    """
    return _kaon(m_scalar, sin_theta, kappa, ("m_K0", "m_pi0", "tau_KL"), "Re(V_ts*V_td)")


def sin_theta_for(br: npt.ArrayLike, br_at_unit_mixing: npt.ArrayLike) -> Array:
    """Mixing angle at which a two-body rate, proportional to sin^2(theta), takes a wanted value.

    Parameters
    ----------
    br : array_like
        Wanted branching ratio, 0 to 1.
    br_at_unit_mixing : array_like
        The rate of any function of this module at sin_theta = 1, not negative.

    Returns
    -------
    ndarray or float
        sin(theta); infinity where no mixing up to 1 is enough, or the decay is closed.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs import meson_decays
    >>> unit = meson_decays.br_b_to_k_scalar([2.0, 5.0], 1.0)
    >>> print(meson_decays.sin_theta_for(1.8e-5, unit).round(5))
    [0.00572     inf]
    """
    wanted = checked("br", br, 0.0, 1.0)
    unit = checked("br_at_unit_mixing", br_at_unit_mixing, 0.0)
    ratio = np.divide(wanted, unit, out=np.full(np.broadcast_shapes(wanted.shape, unit.shape), np.inf), where=unit > 0.0)
    value: Array = np.where(ratio <= 1.0, np.sqrt(ratio), np.inf)
    return value[()]
