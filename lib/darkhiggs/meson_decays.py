"""Decays of B and K mesons into a light scalar H1 that mixes with the Higgs boson, and through H1 into the dark sector.

All rates follow from the penguin interaction L = kappa sin(theta) H1 sbar_L b_R + h.c. and its s -> d and b -> d analogues.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from . import form_factors
from ._arrays import Array, checked, choice, single, together
from ._off_shell import CHUNK, at_unit_mixing, densities, line_shape, spectrum
from ._public import public
from ._scalars import clip, kept, square_root
from .inputs import cached, natural
from .kinematics import kallen
from .model import DarkSector

__all__ = [
    "br_b0_invisible",
    "br_b_to_k_invisible",
    "br_b_to_k_scalar",
    "br_b_to_kstar_invisible",
    "br_b_to_kstar_scalar",
    "br_bs_invisible",
    "br_k_to_pi_scalar",
    "br_kl_to_pi0_scalar",
    "dbr_dq2_b_to_k_invisible",
    "dbr_dq2_b_to_kstar_invisible",
    "sin_theta_for",
]


def _penguin(kappa: npt.ArrayLike | None, sin_theta: npt.ArrayLike) -> Array:
    """Squared coupling (kappa sin theta)^2; the arguments are checked here."""
    kappa = natural("kappa", "1") if kappa is None else checked("kappa", kappa, 0.0, 1e-3)
    return (kappa * checked("sin_theta", sin_theta, -1.0, 1.0)[()]) ** 2


def _open(m_scalar: npt.ArrayLike, m_parent: float, m_daughter: float) -> tuple[npt.NDArray[np.bool_], Array, Array]:
    """Mask of the points with an open decay, the mass limited to the open range, and sqrt of the Källén function in GeV^2."""
    m = checked("m_scalar", m_scalar, 0.0, 1e3, "GeV")[()]
    inside = m <= m_parent - m_daughter
    safe = clip(m, 0.0, m_parent - m_daughter)
    root = square_root(clip(kallen(m_parent**2, m_daughter**2, safe**2), 0.0))
    return inside, safe, root


@public
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
        Penguin coupling, 0 to 1e-3; by default 6.7e-6, the value of the talk.
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
    choice("form_factor", form_factor, form_factors.B_TO_K)
    inside, m, root = _open(m_scalar, m_b, m_k)
    density = (m_b**2 - m_k**2) / (natural("m_b") - natural("m_s"))
    density = density * form_factors.b_to_k(m * m, "f0", form_factor, nuisance=nuisance)
    width = _penguin(kappa, sin_theta) / (64.0 * np.pi * m_b**3) * density**2 * root
    return kept(inside, width * natural(f"tau_B{charge}", "GeV^-1", inputs))


@public
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
        Penguin coupling, 0 to 1e-3; by default 6.7e-6, the value of the talk.
    form_factor : {"BSZ15", "BallZwicky"}
        Set for A_0.
    nuisance : array_like, shape (11,), (19,) or with toys in front, default 0
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
    choice("form_factor", form_factor, form_factors.B_TO_KSTAR)
    inside, m, root = _open(m_scalar, m_b, m_v)
    density = form_factors.b_to_kstar(m * m, "A0", form_factor, nuisance=nuisance)
    density = density / (natural("m_b") + natural("m_s"))
    width = _penguin(kappa, sin_theta) / (64.0 * np.pi * m_b**3) * density**2 * (root * root * root)
    return kept(inside, width * natural(f"tau_B{charge}", "GeV^-1", inputs))


@cached
def _kaon_inputs(mesons: tuple[str, str, str], ckm: str) -> tuple[float, ...]:
    """Masses of K and pi, lifetime, ratio of the coupling to kappa, and matrix element of the scalar density."""
    m_k, m_pi, lifetime = natural(mesons[0]), natural(mesons[1]), natural(mesons[2], "GeV^-1")
    scale = natural(ckm, "1") / natural("|V_ts*V_tb|", "1", "belle2") * natural("m_s") / natural("m_b")
    return m_k, m_pi, lifetime, scale, (m_k**2 - m_pi**2) / natural("m_s") * natural("f_0^Kpi(0)", "1")


def _kaon(
    m_scalar: npt.ArrayLike,
    sin_theta: npt.ArrayLike,
    kappa: npt.ArrayLike | None,
    mesons: tuple[str, str, str],
    ckm: str,
) -> Array:
    """K -> pi H1 with the b -> s coupling scaled by CKM product and quark mass; m_d is neglected compared to m_s."""
    m_k, m_pi, lifetime, scale, density = _kaon_inputs(mesons, ckm)
    inside, _, root = _open(m_scalar, m_k, m_pi)
    width = _penguin(kappa, sin_theta) * scale**2 / (64.0 * np.pi * m_k**3) * density**2 * root
    return kept(inside, width * lifetime)


@public
def br_k_to_pi_scalar(m_scalar: npt.ArrayLike, sin_theta: npt.ArrayLike, *, kappa: npt.ArrayLike | None = None) -> Array:
    """Branching ratio of K+ -> pi+ H1.

    Parameters
    ----------
    m_scalar : array_like
        Mass of H1 in GeV, 0 to 1000.
    sin_theta : array_like
        Sine of the mixing angle, -1 to 1.
    kappa : array_like, optional
        The b -> s penguin coupling, 0 to 1e-3, from which the s -> d coupling is scaled; by default 6.7e-6.

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
    The formula is that of `br_b_to_k_scalar` with the coupling ``kappa |V_ts* V_td|/|V_ts* V_tb| m_s/m_b``, with m_s in place
    of m_b - m_s, and with f_0(q2) = f_0(0).

    Examples
    --------
    >>> from darkhiggs import meson_decays
    >>> f"{meson_decays.br_k_to_pi_scalar(0.05, 1e-3):.3e}"
    '1.488e-09'
    """
    return _kaon(m_scalar, sin_theta, kappa, ("m_K+", "m_pi+", "tau_K+"), "|V_ts*V_td|")


@public
def br_kl_to_pi0_scalar(m_scalar: npt.ArrayLike, sin_theta: npt.ArrayLike, *, kappa: npt.ArrayLike | None = None) -> Array:
    """Branching ratio of K_L -> pi0 H1.

    Parameters
    ----------
    m_scalar : array_like
        Mass of H1 in GeV, 0 to 1000.
    sin_theta : array_like
        Sine of the mixing angle, -1 to 1.
    kappa : array_like, optional
        The b -> s penguin coupling, 0 to 1e-3; by default 6.7e-6.

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
    The formula is that of `br_k_to_pi_scalar` with the real part of ``V_ts* V_td``, because K_L is CP odd and so is pi0 H1 in
    an S wave.

    Examples
    --------
    >>> from darkhiggs import meson_decays
    >>> f"{meson_decays.br_kl_to_pi0_scalar(0.05, 1e-3):.3e}"
    '5.418e-09'
    """
    return _kaon(m_scalar, sin_theta, kappa, ("m_K0", "m_pi0", "tau_KL"), "Re(V_ts*V_td)")


@public
def sin_theta_for(br: npt.ArrayLike, br_at_unit_mixing: npt.ArrayLike) -> Array:
    """Mixing angle at which a two-body rate, which is proportional to sin^2(theta), has a required value.

    Parameters
    ----------
    br : array_like
        Required branching ratio, 0 to 1.
    br_at_unit_mixing : array_like
        Two-body rate of a function of this module at sin_theta = 1, not negative.

    Returns
    -------
    ndarray or float
        sin(theta); infinity where no mixing up to 1 is large enough, or the decay is closed.

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
    with np.errstate(over="ignore"):
        ratio = np.divide(wanted, unit, out=np.full(np.broadcast_shapes(wanted.shape, unit.shape), np.inf), where=unit > 0.0)
    return np.where(ratio <= 1.0, np.sqrt(ratio), np.inf)[()]


@public
def dbr_dq2_b_to_k_invisible(
    q2: npt.ArrayLike, sector: DarkSector, final_state: str | None = None, charge: str = "+", **options: Any
) -> Array:
    """Spectrum of B -> K H1*, H1* -> X X* or Z' Z', with an on-shell or off-shell H1.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the invisible pair in GeV^2, 1e-20 to 1e6; broadcasts against the sector.
    sector : DarkSector
        Needs m_h1 and sin_theta, and lambda_phi_x if there is an m_x; without m_x only Z' Z' is left.
    final_state : {None, "xx", "zpzp"}
        X X*, Z' Z', or their sum.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    **options
        kappa, form_factor, nuisance and inputs as in `br_b_to_k_scalar`; one kappa and one nuisance vector.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero below the pair thresholds and above (m_B - m_K)^2, nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or one that is needed is not set.

    Notes
    -----
    The spectrum is
    ``1/pi BR(B -> K H1)(q2) sqrt(q2) Gamma(q2) |1/(q2 - m_1^2 + i sqrt(q2) Gamma_1(q2)) - 1/(q2 - m_2^2)|^2``.
    The three-body phase space factorises into the two-body rates at virtuality q2.
    Gamma is the width of a virtual H1 into the final state, and Gamma_1 is its running total width.
    H2 enters with the opposite sign because the mixing of the scalars is orthogonal.
    In the narrow-width limit the integral is the two-body rate times the branching ratio.
    Both Z' have to decay invisibly.
    For an off-shell H1 the penguin with a constant kappa is gauge dependent (arXiv:2003.01788): it is an effective coupling and
    not the full theory.

    Examples
    --------
    >>> from darkhiggs import meson_decays, model
    >>> sector = model.benchmark("B").replace(m_h1=5.0, sin_theta=0.01, m_x=0.2, lambda_phi_x=0.05)
    >>> print(*(f"{x:.3e}" for x in meson_decays.dbr_dq2_b_to_k_invisible([1.0, 9.0, 25.0], sector)))
    1.334e-08 3.551e-08 0.000e+00
    """
    rate = at_unit_mixing(br_b_to_k_scalar, charge, final_state, options)
    q2 = checked("q2", q2, 1e-20, 1e6, "GeV^2")[()]
    together(q2=q2, sector=sector)
    return spectrum(q2, sector, final_state, rate)[()]


@public
def br_b_to_k_invisible(sector: DarkSector, final_state: str | None = None, charge: str = "+", **options: Any) -> Array:
    """Branching ratio of B -> K X X* and K Z' Z' through an on-shell or off-shell H1.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 and sin_theta, and lambda_phi_x if there is an m_x; without m_x only Z' Z' is left.
    final_state : {None, "xx", "zpzp"}
        X X*, Z' Z', or their sum.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    **options
        kappa, form_factor, nuisance and inputs as in `br_b_to_k_scalar`; one kappa and one nuisance vector.

    Returns
    -------
    ndarray or float
        Dimensionless, of the shape of the sector, without the Standard Model rate; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or one that is needed is not set.

    Notes
    -----
    This is the full q2 integral of `dbr_dq2_b_to_k_invisible`, which is continuous across m_h1 = m_B - m_K.
    The nodes of a Gauss-Legendre rule are dense at the pole of H1, for any width, and at the thresholds.
    The result is good to 2e-4, and to 3e-3 where the pole is at the threshold 2 m_X.

    Examples
    --------
    >>> from darkhiggs import meson_decays, model
    >>> sector = model.benchmark("B").replace(m_h1=[2.0, 5.0], sin_theta=0.01, m_x=0.2, lambda_phi_x=0.05)
    >>> print(*(f"{x:.3e}" for x in meson_decays.br_b_to_k_invisible(sector)))
    5.234e-05 2.823e-06
    """
    rates = densities(br_b_to_k_scalar, "K", charge, final_state, options)
    return sector.pointwise(lambda points: rates(points)[1].sum(axis=0), CHUNK)


@public
def dbr_dq2_b_to_kstar_invisible(
    q2: npt.ArrayLike, sector: DarkSector, final_state: str | None = None, charge: str = "0", **options: Any
) -> Array:
    """Spectrum of B -> K* H1*, H1* -> X X* or Z' Z', with an on-shell or off-shell H1.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the invisible pair in GeV^2, 1e-20 to 1e6; broadcasts against the sector.
    sector : DarkSector
        Needs m_h1 and sin_theta, and lambda_phi_x if there is an m_x; without m_x only Z' Z' is left.
    final_state : {None, "xx", "zpzp"}
        X X*, Z' Z', or their sum.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    **options
        kappa, form_factor, nuisance and inputs as in `br_b_to_kstar_scalar`; one kappa and one nuisance vector.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero below the pair thresholds and above (m_B - m_K*)^2, nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or one that is needed is not set.

    Notes
    -----
    See `dbr_dq2_b_to_k_invisible`.

    Examples
    --------
    >>> from darkhiggs import meson_decays, model
    >>> sector = model.benchmark("B").replace(m_h1=5.0, sin_theta=0.01, m_x=0.2, lambda_phi_x=0.05)
    >>> print(*(f"{x:.3e}" for x in meson_decays.dbr_dq2_b_to_kstar_invisible([1.0, 9.0, 25.0], sector)))
    1.294e-08 2.697e-08 0.000e+00
    """
    rate = at_unit_mixing(br_b_to_kstar_scalar, charge, final_state, options)
    q2 = checked("q2", q2, 1e-20, 1e6, "GeV^2")[()]
    together(q2=q2, sector=sector)
    return spectrum(q2, sector, final_state, rate)[()]


@public
def br_b_to_kstar_invisible(sector: DarkSector, final_state: str | None = None, charge: str = "0", **options: Any) -> Array:
    """Branching ratio of B -> K* X X* and K* Z' Z' through an on-shell or off-shell H1.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 and sin_theta, and lambda_phi_x if there is an m_x; without m_x only Z' Z' is left.
    final_state : {None, "xx", "zpzp"}
        X X*, Z' Z', or their sum.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    **options
        kappa, form_factor, nuisance and inputs as in `br_b_to_kstar_scalar`; one kappa and one nuisance vector.

    Returns
    -------
    ndarray or float
        Dimensionless, of the shape of the sector, without the Standard Model rate; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or one that is needed is not set.

    Notes
    -----
    See `br_b_to_k_invisible`.

    Examples
    --------
    >>> from darkhiggs import meson_decays, model
    >>> sector = model.benchmark("B").replace(m_h1=[2.0, 5.0], sin_theta=0.01, m_x=0.2, lambda_phi_x=0.05)
    >>> print(*(f"{x:.3e}" for x in meson_decays.br_b_to_kstar_invisible(sector)))
    4.726e-05 4.679e-07
    """
    rates = densities(br_b_to_kstar_scalar, "K*", charge, final_state, options)
    return sector.pointwise(lambda points: rates(points)[1].sum(axis=0), CHUNK)


def _annihilation(
    sector: DarkSector, final_state: str | None, kappa: float | None, mesons: tuple[str, str, str], scale: float, m_q: float
) -> Array:
    """Invisible branching ratio of a neutral B meson, from its mass, lifetime and decay constant."""
    if final_state is not None:
        choice("final_state", final_state, ("xx", "zpzp"))
    mass, lifetime, constant = natural(mesons[0]), natural(mesons[1], "GeV^-1"), natural(mesons[2])
    kappa = natural("kappa", "1") if kappa is None else single("kappa", kappa, 0.0, 1e-3)
    # <0| q sbar P_R b |B>, up to a phase
    density = 0.5 * constant * mass**2 / (natural("m_b") + m_q)

    def rate(points: DarkSector) -> Array:
        q2 = np.full(points.shape, mass**2)
        coupling = np.square(kappa * scale * density * points.require("sin_theta"))
        share: Array = coupling * line_shape(q2, points, final_state) * lifetime
        return share / (1.0 + 2.0 * coupling * line_shape(q2, points, None) * lifetime)

    return sector.pointwise(rate, CHUNK)


@public
def br_bs_invisible(sector: DarkSector, final_state: str | None = None, *, kappa: float | None = None) -> Array:
    """Branching ratio of B_s -> X X* and Z' Z' through H1, also for an H1 with the mass of the B_s.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 and sin_theta, and lambda_phi_x if there is an m_x; without m_x only Z' Z' is left.
    final_state : {None, "xx", "zpzp"}
        X X*, Z' Z', or their sum.
    kappa : float, optional
        The b -> s penguin coupling, 0 to 1e-3; by default 6.7e-6.

    Returns
    -------
    ndarray or float
        Mean of B_s and its antiparticle over all decay times, at most 1/2; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or one that is needed is not set.

    Notes
    -----
    With ``<0|sbar gamma_5 b|B_s> = -i f_Bs m^2/(m_b + m_s)`` the penguin gives, at q2 = m^2 for a meson of mass m,
    ``Gamma = (kappa sin)^2/4 f_Bs^2 m^4/(m_b + m_s)^2 |1/(m^2 - m_1^2 + i m Gamma_1(m)) - 1/(m^2 - m_2^2)|^2 Gamma(m)``.
    The widths are those of a virtual H1 of mass m, as in `dbr_dq2_b_to_k_invisible`.
    The caveat given there about a constant kappa for an off-shell H1 applies here too.

    The final state of a scalar is even under CP, and the B_s is odd under P.
    The amplitudes of B_s and its antiparticle are therefore opposite, and only the CP-even B_sL decays, with the rate 2 Gamma.
    (The phase of kappa is that of ``V_ts* V_tb``, and is cancelled by the phase of the B_s mixing.)
    The mean is ``Gamma tau_L/(1 + 2 Gamma tau_L)``, where tau_L is the lifetime without this decay; it is at most 1/2, on the
    pole.
    The lifetime of B_sL is 6 % below the mean of both states.

    Examples
    --------
    >>> from darkhiggs import meson_decays, model
    >>> sector = model.benchmark("B").replace(m_h1=[2.0, 5.0, 5.367], sin_theta=0.01, m_x=0.2, lambda_phi_x=0.05)
    >>> print(*(f"{x:.2e}" for x in meson_decays.br_bs_invisible(sector)))
    8.86e-07 3.70e-05 2.19e-03
    """
    return _annihilation(sector, final_state, kappa, ("m_Bs", "tau_BsL", "f_Bs"), 1.0, natural("m_s"))


@public
def br_b0_invisible(sector: DarkSector, final_state: str | None = None, *, kappa: float | None = None) -> Array:
    """Branching ratio of B0 -> X X* and Z' Z' through H1, also for an H1 with the mass of the B0.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 and sin_theta, and lambda_phi_x if there is an m_x; without m_x only Z' Z' is left.
    final_state : {None, "xx", "zpzp"}
        X X*, Z' Z', or their sum.
    kappa : float, optional
        The b -> s penguin coupling, 0 to 1e-3, from which the b -> d coupling is scaled; by default 6.7e-6.

    Returns
    -------
    ndarray or float
        Mean of B0 and its antiparticle over all decay times, at most 1/2; nan at masked points.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or one that is needed is not set.

    Notes
    -----
    The formula is that of `br_bs_invisible` with the coupling ``kappa |V_td/V_ts|``.
    Here ``|V_td/V_ts| = |V_ts* V_td|/|V_ts* V_tb|^2``, because V_tb is 1 to a precision of 1e-3.
    m_d is neglected compared to m_b, and the two mass states have the same lifetime.

    Examples
    --------
    >>> from darkhiggs import meson_decays, model
    >>> sector = model.benchmark("B").replace(m_h1=[2.0, 5.0, 5.28], sin_theta=0.01, m_x=0.2, lambda_phi_x=0.05)
    >>> print(*(f"{x:.2e}" for x in meson_decays.br_b0_invisible(sector)))
    2.99e-08 2.00e-06 6.89e-05
    """
    scale = natural("|V_ts*V_td|", "1") / natural("|V_ts*V_tb|", "1") ** 2
    return _annihilation(sector, final_state, kappa, ("m_B0", "tau_B0", "f_B0"), scale, 0.0)
