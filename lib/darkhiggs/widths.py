"""Decay widths of the dark Higgs H1, of the Z' and of the Higgs boson H2 into the dark sector."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ._arrays import Array, checked, together
from ._higgs_invisible import branching_ratio, checked_limit
from ._public import public
from ._scalars import clip, divisor, square_root
from .errors import ParameterError
from .inputs import cached, natural
from .kinetic_mixing import epsilon
from .model import DarkSector, scalar_potential, v_higgs

__all__ = [
    "br_h1_invisible",
    "br_higgs_invisible",
    "br_zp_invisible",
    "gamma_h1",
    "gamma_h1_to_leptons",
    "gamma_h1_to_xx",
    "gamma_h1_to_zpzp",
    "gamma_higgs_to_h1h1",
    "gamma_higgs_to_xx",
    "gamma_higgs_to_zpzp",
    "gamma_zp",
    "gamma_zp_to_leptons",
    "sin_theta_max",
]


_16_PI, _32_PI = 16.0 * np.pi, 32.0 * np.pi
# Number of halvings of the interval in ln(sin theta), which reach 6e-15. They never reach sin(theta) = 1 exactly, where the
# ratio of the widths is 0/0 if no decay is open.
_HALVINGS = 52


def _beta_squared(m: Array, m_product: Array) -> Array:
    """Squared velocity of the products, 1 - 4 m_product^2/m^2; zero below threshold."""
    return clip(1.0 - 4.0 * (m_product / m) ** 2, 0.0)


def _vector_pair(m: Array, m_vector: Array, v: Array) -> Array:
    """Width of a scalar into two identical massive vectors, L = (m_V^2/v) S V.V."""
    r = m_vector / m
    r = r * r
    beta_2 = 1.0 - 4.0 * r
    return m * m * m / (_32_PI * v * v) * square_root(clip(beta_2, 0.0)) * (beta_2 + 12.0 * r * r)


def _scalar_pair(m: Array, m_scalar: Array, coupling: Array) -> Array:
    """Width of a scalar into a complex scalar pair, L = -coupling S X* X."""
    return coupling * coupling / (_16_PI * m) * square_root(_beta_squared(m, m_scalar))


def _mass(sector: DarkSector, mass: npt.ArrayLike | None) -> Array:
    """Mass of an on-shell H1, or the virtuality of an off-shell one."""
    if mass is None:
        return sector.require("m_h1") if sector.m_h1 is None else sector.m_h1
    return checked("mass", mass, 1e-12, 1e4, "GeV")[()]


@public
def gamma_h1_to_zpzp(sector: DarkSector, mass: npt.ArrayLike | None = None) -> Array:
    """Width of H1 -> Z' Z'.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 unless `mass` is given.
    mass : array_like, optional
        Virtuality sqrt(q2) in GeV of an off-shell H1; by default m_h1.

    Returns
    -------
    ndarray or float
        Width in GeV; exactly zero below 2 m_Z'.

    Raises
    ------
    ParameterError
        If the mass is not set or out of range.

    Notes
    -----
    ``cos^2 m^3/(32 pi v_Phi^2) sqrt(1-4r) (1-4r+12r^2)``, ``r = m_Z'^2/m^2``, from ``L = (m_Z'^2/v_Phi) phi Z'.Z'``.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{widths.gamma_h1_to_zpzp(model.benchmark('A').replace(m_h1=2.0)):.3e}"
    '1.504e-04'
    """
    return _h1_to_zpzp(sector, _mass(sector, mass))


def _h1_to_zpzp(sector: DarkSector, m: Array) -> Array:
    return sector.cos_theta**2 * _vector_pair(m, sector.m_zp, sector.v_phi)


@public
def gamma_h1_to_xx(sector: DarkSector, mass: npt.ArrayLike | None = None) -> Array:
    """Width of H1 -> X X*.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 unless `mass` is given, and lambda_phi_x; without m_x the width is zero.
    mass : array_like, optional
        Virtuality sqrt(q2) in GeV of an off-shell H1; by default m_h1.

    Returns
    -------
    ndarray or float
        Width in GeV; exactly zero below 2 m_X.

    Raises
    ------
    ParameterError
        If the mass is not set or out of range.

    Notes
    -----
    ``cos^2 lambda_PhiX^2 v_Phi^2/(16 pi m) sqrt(1-4 m_X^2/m^2)``, from ``L = -lambda_PhiX v_Phi phi |X|^2``.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> sector = model.benchmark("A").replace(m_h1=2.0, m_x=0.5, lambda_phi_x=0.01)
    >>> f"{widths.gamma_h1_to_xx(sector):.3e}"
    '4.557e-04'
    """
    return _h1_to_xx(sector, _mass(sector, mass))


def _h1_to_xx(sector: DarkSector, m: Array) -> Array:
    if sector.m_x is None:
        return np.zeros(np.broadcast_shapes(sector.shape, np.shape(m)))[()]
    return sector.cos_theta**2 * _scalar_pair(m, sector.m_x, sector.require("lambda_phi_x") * sector.v_phi)


@public
def gamma_h1_to_leptons(sector: DarkSector, mass: npt.ArrayLike | None = None) -> Array:
    """Width of H1 into e+e-, mu+mu- and tau+tau- through the mixing.

    Parameters
    ----------
    sector : DarkSector
        Needs sin_theta, and m_h1 unless `mass` is given.
    mass : array_like, optional
        Virtuality sqrt(q2) in GeV of an off-shell H1; by default m_h1.

    Returns
    -------
    ndarray or float
        Width in GeV.

    Raises
    ------
    ParameterError
        If the mass is not set or out of range.

    Notes
    -----
    sin^2 m_l^2 m/(8 pi v_H^2) (1-4 m_l^2/m^2)^(3/2), summed over the leptons.
    Hadrons are left out.
    Between 2 m_pi and 4 GeV they increase the visible width by up to a few hundred times (arXiv:1809.01876); it is still below
    1e-4 of the width into Z' Z' for sin(theta) < 0.01 and v_Phi < 100 GeV.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{widths.gamma_h1_to_leptons(model.benchmark('A').replace(m_h1=2.0, sin_theta=0.01)):.2e}"
    '1.44e-12'
    """
    sector.require("sin_theta")
    return _h1_to_leptons(sector, _mass(sector, mass))


def _h1_to_leptons(sector: DarkSector, m: Array) -> Array:
    total: Any = 0.0
    m_2 = m * m
    for threshold, strength in _leptons():
        beta_2 = clip(1.0 - threshold / m_2, 0.0)
        total += strength * beta_2 * square_root(beta_2)
    return sector._sine * sector._sine * m * total


@cached
def _leptons() -> list[tuple[float, float]]:
    """Squared threshold energies of pairs of e, mu and tau, and their squared couplings over 8 pi."""
    squares = [natural(f"m_{lepton}") ** 2 for lepton in ("e", "mu", "tau")]
    return [(4.0 * square, square / (8.0 * np.pi * v_higgs() ** 2)) for square in squares]


@public
def gamma_h1(sector: DarkSector, mass: npt.ArrayLike | None = None) -> Array:
    """Total width of H1: Z' Z', X X* and charged leptons.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 unless `mass` is given, and lambda_phi_x if there is an m_x; without sin_theta there are no leptons.
    mass : array_like, optional
        Virtuality sqrt(q2) in GeV of an off-shell H1, for its running width; by default m_h1.

    Returns
    -------
    ndarray or float
        Width in GeV.

    Raises
    ------
    ParameterError
        If the mass is not set or out of range.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{widths.gamma_h1(model.benchmark('B').replace(m_h1=2.0)):.3e}"
    '7.957e-06'
    """
    m = _mass(sector, mass)
    return _h1_to_zpzp(sector, m) + _h1_to_xx(sector, m) + _h1_to_leptons(sector, m)


@public
def br_h1_invisible(sector: DarkSector) -> Array:
    """Branching ratio of H1 into invisible final states.

    Parameters
    ----------
    sector : DarkSector
        As for `gamma_h1`.

    Returns
    -------
    ndarray or float
        Width into X X* and into Z' Z' with two invisible Z', over the total width. Where every invisible two-body channel is
        closed the value is 0, although such an H1 may leave the detector before it decays.

    Raises
    ------
    ParameterError
        If m_h1 is not set.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{1 - widths.br_h1_invisible(model.benchmark('A').replace(m_h1=2.0, sin_theta=3e-3)):.1e}"
    '3.8e-05'
    """
    invisible = gamma_h1_to_zpzp(sector) * br_zp_invisible(sector) ** 2 + gamma_h1_to_xx(sector)
    total = gamma_h1(sector)
    return invisible / divisor(total)


def _gamma_zp_parts(sector: DarkSector) -> tuple[Array, Array]:
    """Invisible and visible width of the Z'."""
    m, g = sector.m_zp, sector.g_x
    neutrinos = g**2 * m / (12.0 * np.pi)
    dark = 0.0 * m
    if sector.m_x is not None and sector.q_x is not None:
        beta_2 = _beta_squared(m, sector.m_x)
        dark = (g * sector.q_x) ** 2 * m / (48.0 * np.pi) * (beta_2 * square_root(beta_2))
    e = np.sqrt(4.0 * np.pi / natural("1/alpha(0)", "1"))

    def leptons(lepton: str, coupling: Array) -> Array:
        ratio = (natural(f"m_{lepton}") / m) ** 2
        beta = square_root(clip(1.0 - 4.0 * ratio, 0.0))
        return coupling**2 * m / (12.0 * np.pi) * beta * (1.0 + 2.0 * ratio)

    # epsilon is linear in g; the nan of a masked point is restored by the factors g and m
    safe = np.where(np.isnan(m), 1.0, m) if isinstance(m, np.ndarray) else m
    mixing = g * abs(epsilon(1.0, safe**2))
    electrons = leptons("e", e * mixing)
    return neutrinos + dark, electrons + leptons("mu", g) + leptons("tau", g)


@public
def gamma_zp(sector: DarkSector) -> Array:
    """Total width of the Z' into two neutrinos, mu, tau, e (through kinetic mixing), and X if q_x is given.

    Parameters
    ----------
    sector : DarkSector
        Only m_zp and g_x are needed.

    Returns
    -------
    ndarray or float
        Width in GeV; g^2 m/(12 pi) below the thresholds.

    Notes
    -----
    The width is g^2 m/(24 pi) for each left-handed neutrino, g^2 m/(12 pi) beta (1 + 2 m_l^2/m^2) for each charged lepton, and
    g^2 Q_X^2 m/(48 pi) beta^3 for a complex scalar.
    Hadrons, whose width is proportional to epsilon^2, are left out.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{widths.gamma_zp(model.benchmark('B')):.4e}"
    '2.6526e-12'
    """
    invisible, visible = _gamma_zp_parts(sector)
    value: Array = invisible + visible
    return value[()]


@public
def gamma_zp_to_leptons(sector: DarkSector) -> Array:
    """Width of the Z' into e+e- (through kinetic mixing), mu+mu- and tau+tau-.

    Parameters
    ----------
    sector : DarkSector
        Only m_zp and g_x are needed.

    Returns
    -------
    ndarray or float
        Width in GeV.

    Notes
    -----
    See `gamma_zp`.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{widths.gamma_zp_to_leptons(model.benchmark('B')):.3e}"
    '5.070e-17'
    """
    return _gamma_zp_parts(sector)[1][()]


@public
def br_zp_invisible(sector: DarkSector) -> Array:
    """Branching ratio of the Z' into neutrinos and X.

    Parameters
    ----------
    sector : DarkSector
        Only m_zp and g_x are needed.

    Returns
    -------
    ndarray or float
        1 - 2e-5 below the muon threshold, where only e+e- is visible.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{1 - widths.br_zp_invisible(model.benchmark('A')):.2e}"
    '1.91e-05'
    """
    invisible, visible = _gamma_zp_parts(sector)
    value: Array = invisible / (invisible + visible)
    return value[()]


@public
def gamma_higgs_to_h1h1(sector: DarkSector) -> Array:
    """Width of H2 -> H1 H1.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 and sin_theta.

    Returns
    -------
    ndarray or float
        Width in GeV, which is sin^2 m_H2^3/(32 pi v_Phi^2) for small mixing and light H1, and zero for m_h1 above m_H2/2.

    Raises
    ------
    ParameterError
        If m_h1 or sin_theta is not set.

    Notes
    -----
    g_211^2 beta/(32 pi m_H2), with the cubic coupling of `scalar_potential`.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{widths.gamma_higgs_to_h1h1(model.benchmark('A').replace(m_h1=2.0, sin_theta=3e-3)):.4e}"
    '3.3192e-04'
    """
    sector.require("sin_theta")
    m_2 = natural("m_h")
    coupling = scalar_potential(sector)["g_211"]
    return coupling**2 / (32.0 * np.pi * m_2) * np.sqrt(_beta_squared(m_2, sector.require("m_h1")))


@public
def gamma_higgs_to_zpzp(sector: DarkSector) -> Array:
    """Width of H2 -> Z' Z'.

    Parameters
    ----------
    sector : DarkSector
        Needs sin_theta.

    Returns
    -------
    ndarray or float
        Width in GeV.

    Raises
    ------
    ParameterError
        If sin_theta is not set.

    Notes
    -----
    The formula is that of `gamma_h1_to_zpzp` with sin^2 in place of cos^2 and the mass of H2, arXiv:2401.10112.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{widths.gamma_higgs_to_zpzp(model.benchmark('A').replace(sin_theta=3e-3)):.4e}"
    '3.3157e-04'
    """
    return np.square(sector.require("sin_theta")) * _vector_pair(natural("m_h"), sector.m_zp, sector.v_phi)


@public
def gamma_higgs_to_xx(sector: DarkSector) -> Array:
    """Width of H2 -> X X*.

    Parameters
    ----------
    sector : DarkSector
        Needs sin_theta and lambda_phi_x; without m_x the width is zero.

    Returns
    -------
    ndarray or float
        Width in GeV.

    Raises
    ------
    ParameterError
        If there is an m_x, but no sin_theta or lambda_phi_x.

    Notes
    -----
    sin^2 lambda_PhiX^2 v_Phi^2/(16 pi m_H2) beta, arXiv:2401.10112.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> sector = model.benchmark("A").replace(sin_theta=3e-3, m_x=0.5, lambda_phi_x=0.1)
    >>> f"{widths.gamma_higgs_to_xx(sector):.4e}"
    '7.5692e-09'
    """
    if sector.m_x is None:
        return np.zeros(sector.shape)[()]
    coupling = sector.require("lambda_phi_x") * sector.v_phi
    return np.square(sector.require("sin_theta")) * _scalar_pair(natural("m_h"), sector.m_x, coupling)


@public
def br_higgs_invisible(sector: DarkSector) -> Array:
    """Invisible branching ratio of the Higgs boson H2.

    Parameters
    ----------
    sector : DarkSector
        Needs m_h1 and sin_theta, and lambda_phi_x if there is an m_x.

    Returns
    -------
    ndarray or float
        Between BR(h -> ZZ* -> 4 nu) and 1.

    Raises
    ------
    ParameterError
        If a parameter that is needed is not set.

    Notes
    -----
    As in arXiv:2401.10112 and the talk, this is (ZZ* -> 4 nu + H1H1 + Z'Z' + XX)/(SM + H1H1 + Z'Z' + XX), where the Standard
    Model widths are multiplied by cos^2.
    H1 and Z' count as invisible, as in the talk; their visible part is below 1e-4.

    Examples
    --------
    >>> from darkhiggs import model, widths
    >>> f"{widths.br_higgs_invisible(model.benchmark('A').replace(m_h1=2.0, sin_theta=3e-3)):.3f}"
    '0.140'
    """
    new = gamma_higgs_to_h1h1(sector) + gamma_higgs_to_zpzp(sector) + gamma_higgs_to_xx(sector)
    return branching_ratio(new, sector.cos_theta**2)


@public
def sin_theta_max(
    v_phi: npt.ArrayLike,
    br_limit: npt.ArrayLike | None = None,
    *,
    m_h1: npt.ArrayLike = 1e-3,
    m_zp: npt.ArrayLike = 1e-3,
    m_x: npt.ArrayLike | None = None,
    lambda_phi_x: npt.ArrayLike = 0.0,
) -> Array:
    """Largest mixing angle compatible with a limit on BR(H2 -> invisible).

    Parameters
    ----------
    v_phi : array_like
        Vacuum expectation value of Phi in GeV, 0.1 to 1e6.
    br_limit : array_like
        Upper limit on BR(H2 -> inv), above BR(h -> ZZ* -> 4 nu) = 1.06e-3 and below 1; by default the input
        ``bound.higgs_invisible``, 0.13 in the talk.
    m_h1, m_zp : array_like, optional
        Masses in GeV; the defaults give the limit of light particles.
    m_x, lambda_phi_x : array_like, optional
        Mass of X in GeV and its coupling; by default there is no X.

    Returns
    -------
    ndarray or float
        sin(theta), 0 to 1.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The equation `br_higgs_invisible` = br_limit is solved by bisection in ln(sin theta), to 1e-12.
    For light H1 and Z' the solution is linear in v_Phi up to some hundred GeV.
    For larger v_Phi it stays finite because of H2 -> H1 H1 through the Higgs component of H1.

    Examples
    --------
    >>> from darkhiggs import widths
    >>> print(widths.sin_theta_max([23.0, 100.0]).round(5))
    [0.00287 0.01245]
    """
    v_phi = checked("v_phi", v_phi, 0.1, 1e6, "GeV")
    br_limit = checked_limit(br_limit, 1.0)
    if np.any(br_limit >= 1.0):
        raise ParameterError(f"br_limit = 1 is outside its range ({natural('BR(h->ZZ*->4nu)', '1'):g}, 1)")
    m_zp = checked("m_zp", m_zp, 1e-12, 1e3, "GeV")
    m_h1, lambda_phi_x = (
        checked("m_h1", m_h1, 1e-12, natural("m_h"), "GeV"),
        checked("lambda_phi_x", lambda_phi_x, 0.0, 4.0 * np.pi),
    )
    parts = {"v_phi": v_phi, "br_limit": br_limit, "m_h1": m_h1, "m_zp": m_zp, "lambda_phi_x": lambda_phi_x}
    if m_x is not None:
        m_x = parts["m_x"] = checked("m_x", m_x, 1e-12, 1e4, "GeV")
    shape = together(**parts)
    # g_X and Q_Phi enter only through v_Phi, so that any pair with the right product can be used
    sector = DarkSector(m_zp=m_zp, g_x=1.0, q_phi=m_zp / v_phi, m_h1=m_h1, m_x=m_x, lambda_phi_x=lambda_phi_x, _reason="")
    low, high = np.full(shape, np.log(1e-12)), np.zeros(shape)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        allowed = br_higgs_invisible(sector.replace(sin_theta=np.exp(middle))) <= br_limit
        low, high = np.where(allowed, middle, low), np.where(allowed, high, middle)
    return np.exp(low)[()]
