"""A scalar mediator of any width: B -> K(*) phi*, phi* -> chi chibar with Dirac dark matter (arXiv:2502.14313, 2309.17191).

The interaction is ``L = kappa y phi sbar_L b_R + h.c. + g phi chibar chi``.
`kappa` is the penguin coupling of a Higgs boson, y the coupling of phi to the top quark in units of that of the Higgs boson,
and g the coupling to the dark matter chi.
The width of phi is that into chi chibar; a heavy phi is a contact interaction of scalar currents, a narrow one a line.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _belle2_tables, belle2
from .._arrays import Array, checked, choice, composite, shown, single, together, whole
from .._off_shell import CHUNK, at_unit_mixing
from .._public import public
from .._rival_row import Row, against_the_data, kaon_pair
from .._scalars import divisor
from ..errors import ParameterError
from ..inputs import get, natural, use
from ..kinematics import momentum
from ..meson_decays import br_b_to_k_scalar, br_b_to_kstar_scalar, br_k_to_pi_scalar
from ..standard_model import br_b_to_k_nunu

__all__ = [
    "br_b_to_k",
    "br_b_to_kstar",
    "br_k_to_pi",
    "coupling",
    "dbr_dq2_b_to_k",
    "dbr_dq2_b_to_kstar",
    "events",
    "excess",
    "kstar_ratio",
    "peak_and_mean",
    "reconstructed",
    "row",
    "spectrum",
    "width",
]

# Gauss-Legendre nodes in each half of an interval: for a rate, and for a fold with the efficiency, which has kinks.
_ORDER, _FINE = 40, 160
# Gamma/M and distances from a threshold in GeV^2 below which a line or an edge is not resolved in double precision.
_NARROW, _EDGE = 1e-11, 1e-12
_Q2_MAX = 1e6
# masses of the mediator in GeV and widths in GeV among which a search would look
_FAMILY = np.geomspace(0.5, 20.0, 16), np.geomspace(0.01, 20.0, 12)
# simulated backgrounds of inclusive tagging
_SAMPLES = "ccbar", "ddbar", "ssbar", "uubar", "charged", "mixed"
_Mediator = tuple[Array, Array, Array, int]
_DECAYS: dict[str, tuple[Callable[..., Array], str]] = {"K": (br_b_to_k_scalar, "+"), "K*": (br_b_to_kstar_scalar, "0")}


def _mediator(m_phi: npt.ArrayLike, gamma_0: npt.ArrayLike, m_chi: npt.ArrayLike, power: int) -> _Mediator:
    """Check the parameters of the mediator."""
    mass = checked("m_phi", m_phi, 0.01, 1e4, "GeV")
    gamma = checked("gamma_0", gamma_0, 0.0, 1e4, "GeV")
    dark = checked("m_chi", m_chi, 0.0, 1e3, "GeV")
    together(m_phi=mass, gamma_0=gamma, m_chi=dark)
    return mass, gamma, dark, whole("power", power, 0, 2)


def _cube(q2: Array, m_chi: Array) -> Array:
    """Cube of the velocity of chi in the rest frame of the pair; zero below the threshold."""
    beta_2 = np.maximum(q2 - 4.0 * np.square(m_chi), 0.0) / divisor(q2)
    return beta_2 * np.sqrt(beta_2)


def _line(q2: Array, m_phi: Array, gamma_0: Array, m_chi: Array, power: int, floor: npt.ArrayLike = 0.0) -> Array:
    """sqrt(q2) times the width of a virtual phi, over pi Gamma_0, times its squared propagator, in GeV^-3."""
    cube = _cube(q2, m_chi)
    cut = np.maximum(m_phi * gamma_0 * (np.sqrt(q2) / m_phi) ** power * cube, floor)
    pole = np.square(q2 - np.square(m_phi)) + np.square(cut)
    return q2 * cube / (np.pi * m_phi * divisor(pole))


def _end(meson: str, charge: str) -> float:
    return float(natural(f"m_B{charge}") - natural(f"m_{meson}{charge}")) ** 2


def _rule(m_phi: Array, gamma_0: Array, m_chi: Array, end: float, order: int) -> tuple[Array, Array, Array]:
    """Nodes and weights in q2 that resolve the line at every point of flat arrays, and the floor of M Gamma."""
    pole, low = np.square(m_phi), np.minimum(4.0 * np.square(m_chi), end)
    edges = np.stack([low, np.clip(pole, low, end), np.full(pole.shape, end)])
    inside = edges[1] == pole
    scales = np.full(edges.shape, _EDGE)
    scales[1] = np.where(inside, np.maximum(m_phi * gamma_0, _NARROW * pole), _EDGE)
    q2, weights = composite(edges, scales, order)
    return q2, weights, np.where(inside, _NARROW * pole, 0.0)


def _rate(meson: str, charge: str, options: dict[str, Any]) -> Callable[[Array], Array]:
    """Two-body rate at y = 1 as a function of q2; the arguments are checked here."""
    two_body = at_unit_mixing(_DECAYS[meson][0], charge, None, options)
    return lambda q2: two_body(np.sqrt(q2))


def _strength(y_top: npt.ArrayLike, options: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
    """Squared coupling of b -> s phi relative to that of y = 1, and the options without kappa."""
    y_2 = np.square(checked("y_top", y_top, -10.0, 10.0))
    kappa = options.get("kappa")
    if kappa is not None:
        kappa = checked("kappa", kappa, 0.0, 1e-3)
        together(y_top=y_2, kappa=kappa)
        y_2 = y_2 * np.square(kappa / natural("kappa", "1"))
    return y_2, {name: value for name, value in options.items() if name != "kappa"}


def _integral(two_body: Callable[[Array], Array], end: float, mediator: _Mediator) -> Array:
    """Integral over q2 of the rate divided by Gamma_0."""
    *given, power = mediator
    arrays = np.broadcast_arrays(*given)
    shape = arrays[0].shape
    parts = []
    for points in np.array_split(np.stack([array.ravel() for array in arrays], axis=-1), max(arrays[0].size // CHUNK, 1)):
        m_phi, gamma_0, m_chi = points.T
        q2, weights, floor = _rule(m_phi, gamma_0, m_chi, end, _ORDER)
        parts.append(np.sum(weights * two_body(q2) * _line(q2, m_phi, gamma_0, m_chi, power, floor), axis=0))
    return np.concatenate(parts).reshape(shape)


@public
def width(q2: npt.ArrayLike, m_phi: npt.ArrayLike, gamma_0: npt.ArrayLike, m_chi: npt.ArrayLike = 0.0) -> Array:
    """Width of a virtual mediator of mass sqrt(q2) into chi chibar.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the pair in GeV^2, 0 to 1e6.
    m_phi : array_like
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : array_like
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4.
    m_chi : array_like
        Mass of chi in GeV, 0 to 1000.

    Returns
    -------
    ndarray or float
        Width in GeV; exactly zero below the threshold 4 m_chi^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``Gamma(q2) = g^2 sqrt(q2) beta^3/(8 pi) = Gamma_0 (sqrt(q2)/M) beta^3`` with ``beta^2 = 1 - 4 m_chi^2/q2`` for Dirac chi,
    from ``sum |ubar v|^2 = 2 q2 beta^2`` and the two-body phase space ``beta/(8 pi)``.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(wide_scalar.width([1.96, 7.84], 2.8, 2.8))
    [1.4 2.8]
    """
    mass, gamma, dark, _ = _mediator(m_phi, gamma_0, m_chi, 2)
    q2 = checked("q2", q2, 0.0, _Q2_MAX, "GeV^2")
    together(q2=q2, m_phi=mass, gamma_0=gamma, m_chi=dark)
    return (gamma * np.sqrt(q2) / mass * _cube(q2, dark))[()]


@public
def coupling(m_phi: npt.ArrayLike, gamma_0: npt.ArrayLike) -> Array:
    """Coupling g of the mediator to chi that belongs to a width.

    Parameters
    ----------
    m_phi : array_like
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : array_like
        Its width in GeV into massless chi, 0 to 1e4.

    Returns
    -------
    ndarray or float
        ``sqrt(8 pi Gamma_0/M)``; perturbation theory needs it well below sqrt(4 pi) = 3.5.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> round(float(wide_scalar.coupling(2.8, 2.8)), 2)
    5.01
    """
    mass, gamma, _, _ = _mediator(m_phi, gamma_0, 0.0, 2)
    return np.sqrt(8.0 * np.pi * gamma / mass)[()]


def _spectrum(
    meson: str, q2: npt.ArrayLike, mediator: _Mediator, y_top: npt.ArrayLike, charge: str, options: dict[str, Any]
) -> Array:
    m_phi, gamma_0, m_chi, power = mediator
    y_2, options = _strength(y_top, options)
    q2 = checked("q2", q2, 0.0, _Q2_MAX, "GeV^2")
    together(q2=q2, m_phi=m_phi, gamma_0=gamma_0, m_chi=m_chi, y_top=y_2)
    two_body = _rate(meson, charge, options)(q2)
    return (y_2 * gamma_0 * two_body * _line(q2, m_phi, gamma_0, m_chi, power))[()]


@public
def dbr_dq2_b_to_k(
    q2: npt.ArrayLike,
    m_phi: npt.ArrayLike,
    gamma_0: npt.ArrayLike,
    m_chi: npt.ArrayLike = 0.0,
    y_top: npt.ArrayLike = 1e-3,
    charge: str = "+",
    *,
    power: int = 2,
    **options: Any,
) -> Array:
    """Spectrum of B -> K chi chibar through a scalar mediator.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the pair in GeV^2, 0 to 1e6.
    m_phi : array_like
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : array_like
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4; the rate off the pole is proportional to it.
    m_chi : array_like
        Mass of chi in GeV, 0 to 1000.
    y_top : array_like
        Coupling to the top quark in units of that of the Higgs boson, -10 to 10; for mixing with the Higgs boson sin(theta).
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    power : {2, 1, 0}
        The imaginary part of the inverse propagator is ``M Gamma_0 beta^3 (sqrt(q2)/M)^power``; 2 is that of the loop of chi.
    **options
        kappa, form_factor, nuisance and inputs as in `meson_decays.br_b_to_k_scalar`; one nuisance vector.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero below 4 m_chi^2 and above (m_B - m_K)^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``BR(B -> K phi)(q2) sqrt(q2) Gamma(q2)/pi/[(q2 - M^2)^2 + q2 Gamma(q2)^2]`` with the width of `width`: the phase space of
    three bodies factorises, and a scalar carries no spin from one factor to the other.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(*(f"{x:.2e}" for x in wide_scalar.dbr_dq2_b_to_k([1.0, 4.0, 25.0], 2.8, 2.8)))
    3.54e-09 2.28e-08 0.00e+00
    """
    return _spectrum("K", q2, _mediator(m_phi, gamma_0, m_chi, power), y_top, charge, options)


@public
def dbr_dq2_b_to_kstar(
    q2: npt.ArrayLike,
    m_phi: npt.ArrayLike,
    gamma_0: npt.ArrayLike,
    m_chi: npt.ArrayLike = 0.0,
    y_top: npt.ArrayLike = 1e-3,
    charge: str = "0",
    *,
    power: int = 2,
    **options: Any,
) -> Array:
    """Spectrum of B -> K* chi chibar through a scalar mediator.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the pair in GeV^2, 0 to 1e6.
    m_phi : array_like
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : array_like
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4; the rate off the pole is proportional to it.
    m_chi : array_like
        Mass of chi in GeV, 0 to 1000.
    y_top : array_like
        Coupling to the top quark in units of that of the Higgs boson, -10 to 10; for mixing with the Higgs boson sin(theta).
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    power : {2, 1, 0}
        As in `dbr_dq2_b_to_k`.
    **options
        kappa, form_factor, nuisance and inputs as in `meson_decays.br_b_to_kstar_scalar`; one nuisance vector.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero below 4 m_chi^2 and above (m_B - m_K*)^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    As `dbr_dq2_b_to_k` with ``|<K*|sbar gamma_5 b|B>|^2 = K(m_B^2, m_K*^2, q2) A_0^2/(m_b + m_s)^2``: only the longitudinal K*
    couples to a scalar, and no other form factor enters.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(*(f"{x:.2e}" for x in wide_scalar.dbr_dq2_b_to_kstar([1.0, 4.0, 20.0], 2.8, 2.8)))
    3.43e-09 2.09e-08 0.00e+00
    """
    return _spectrum("K*", q2, _mediator(m_phi, gamma_0, m_chi, power), y_top, charge, options)


def _total(meson: str, mediator: _Mediator, y_top: npt.ArrayLike, charge: str, options: dict[str, Any]) -> Array:
    y_2, options = _strength(y_top, options)
    together(m_phi=mediator[0], gamma_0=mediator[1], m_chi=mediator[2], y_top=y_2)
    return (y_2 * mediator[1] * _integral(_rate(meson, charge, options), _end(meson, charge), mediator))[()]


@public
def br_b_to_k(
    m_phi: npt.ArrayLike,
    gamma_0: npt.ArrayLike,
    m_chi: npt.ArrayLike = 0.0,
    y_top: npt.ArrayLike = 1e-3,
    charge: str = "+",
    *,
    power: int = 2,
    **options: Any,
) -> Array:
    """Branching ratio of B -> K chi chibar through a scalar mediator.

    Parameters
    ----------
    m_phi : array_like
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : array_like
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4.
    m_chi : array_like
        Mass of chi in GeV, 0 to 1000.
    y_top : array_like
        Coupling to the top quark in units of that of the Higgs boson, -10 to 10.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    power : {2, 1, 0}
        As in `dbr_dq2_b_to_k`.
    **options
        kappa, form_factor, nuisance and inputs as in `meson_decays.br_b_to_k_scalar`; one nuisance vector.

    Returns
    -------
    ndarray or float
        Dimensionless, the integral of `dbr_dq2_b_to_k`; that of a narrow mediator is the two-body rate.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs import meson_decays
    >>> from darkhiggs.rivals import wide_scalar
    >>> narrow = wide_scalar.br_b_to_k(2.8, 1e-6) / meson_decays.br_b_to_k_scalar(2.8, 1e-3)
    >>> print(f"{narrow:.5f} {wide_scalar.br_b_to_k(2.8, 2.8):.2e}")
    1.00000 3.04e-07
    """
    return _total("K", _mediator(m_phi, gamma_0, m_chi, power), y_top, charge, options)


@public
def br_b_to_kstar(
    m_phi: npt.ArrayLike,
    gamma_0: npt.ArrayLike,
    m_chi: npt.ArrayLike = 0.0,
    y_top: npt.ArrayLike = 1e-3,
    charge: str = "0",
    *,
    power: int = 2,
    **options: Any,
) -> Array:
    """Branching ratio of B -> K* chi chibar through a scalar mediator.

    Parameters
    ----------
    m_phi : array_like
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : array_like
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4.
    m_chi : array_like
        Mass of chi in GeV, 0 to 1000.
    y_top : array_like
        Coupling to the top quark in units of that of the Higgs boson, -10 to 10.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    power : {2, 1, 0}
        As in `dbr_dq2_b_to_k`.
    **options
        kappa, form_factor, nuisance and inputs as in `meson_decays.br_b_to_kstar_scalar`; one nuisance vector.

    Returns
    -------
    ndarray or float
        Dimensionless, the integral of `dbr_dq2_b_to_kstar`.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(f"{wide_scalar.br_b_to_kstar(2.8, 2.8):.2e}")
    2.04e-07
    """
    return _total("K*", _mediator(m_phi, gamma_0, m_chi, power), y_top, charge, options)


@public
def br_k_to_pi(
    m_phi: npt.ArrayLike,
    gamma_0: npt.ArrayLike,
    m_chi: npt.ArrayLike = 0.0,
    y_top: npt.ArrayLike = 1e-3,
    *,
    power: int = 2,
    kappa: float | None = None,
) -> Array:
    """Branching ratio of K+ -> pi+ chi chibar through a scalar mediator.

    Parameters
    ----------
    m_phi : array_like
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : array_like
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4.
    m_chi : array_like
        Mass of chi in GeV, 0 to 1000.
    y_top : array_like
        Coupling to the top quark in units of that of the Higgs boson, -10 to 10.
    power : {2, 1, 0}
        As in `dbr_dq2_b_to_k`.
    kappa : float, optional
        Penguin coupling of b -> s, from which that of s -> d is scaled as in `meson_decays.br_k_to_pi_scalar`.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for 2 m_chi above m_K - m_pi.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The integral of the two-body rate of a virtual mediator, as for `br_b_to_k`. It grows as y^2 Gamma_0/M^5 for a heavy one.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> f"{wide_scalar.br_k_to_pi(2.8, 2.8, y_top=1e-2):.1e}"
    '3.0e-12'
    """
    mediator = _mediator(m_phi, gamma_0, m_chi, power)
    y_2 = np.square(checked("y_top", y_top, -10.0, 10.0))
    together(m_phi=mediator[0], gamma_0=mediator[1], m_chi=mediator[2], y_top=y_2)
    number = None if kappa is None else single("kappa", kappa, 0.0, 1e-3)
    end = float(natural("m_K+") - natural("m_pi+")) ** 2
    return (y_2 * mediator[1] * _integral(lambda q2: br_k_to_pi_scalar(np.sqrt(q2), 1.0, kappa=number), end, mediator))[()]


@public
def kstar_ratio(q2: npt.ArrayLike, **options: Any) -> Array:
    """Ratio of B0 -> K*0 to B+ -> K+ at the same q2, for any scalar that couples to sbar_L b_R.

    Parameters
    ----------
    q2 : array_like
        Squared mass of what is not seen in GeV^2, 0 to (m_B - m_K)^2 = 22.9.
    **options
        nuisance of the form factor A_0 and inputs, as in `meson_decays.br_b_to_kstar_scalar`.

    Returns
    -------
    ndarray or float
        Ratio of the two spectra; exactly zero above (m_B - m_K*)^2.

    Raises
    ------
    ParameterError
        If q2 is out of range or not finite.

    Notes
    -----
    Mass, width and decay of the mediator cancel. The ratio is largest near q2 = 0, which bounds the rate of K* by that of K.
    For a coupling to sbar_R b_L with the same strength K* is as large, for both together K* vanishes (sbar b has no gamma_5).

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(wide_scalar.kstar_ratio([0.0, 8.0, 16.0]).round(3))
    [0.982 0.799 0.302]
    """
    q2 = checked("q2", q2, 0.0, _end("K", "+"), "GeV^2")
    plain = {name: value for name, value in options.items() if name == "inputs"}
    below = br_b_to_k_scalar(np.sqrt(q2), 1.0, **plain)
    return (_rate("K*", "0", options)(q2) / divisor(np.asarray(below)))[()]


def _too_heavy(m_chi: Array, end: float) -> None:
    """Refuse a pair that does not fit into the phase space."""
    heavy = 4.0 * np.square(m_chi) >= end
    if np.any(heavy):
        first, most = m_chi[heavy].flat[0], 0.5 * np.sqrt(end)
        raise ParameterError(f"m_chi = {first:g} GeV is not below {most:.4g} GeV, half of the mass that is left for a pair")


def _density(m_phi: float, gamma_0: float, m_chi: float, meson: str, power: int) -> tuple[Array, Array]:
    """Nodes in q2, and the rate at each node times its weight, divided by Gamma_0."""
    m, gamma, dark = (np.array([x]) for x in (m_phi, gamma_0, m_chi))
    charge = _DECAYS[meson][1]
    end = _end(meson, charge)
    _too_heavy(dark, end)
    q2, weights, floor = _rule(m, gamma, dark, end, _FINE)
    density = weights * _rate(meson, charge, {})(q2) * _line(q2, m, gamma, dark, power, floor)
    return q2[:, 0], density[:, 0]


@public
def peak_and_mean(m_phi: float, gamma_0: float, m_chi: float = 0.0, meson: str = "K", *, power: int = 2) -> tuple[float, float]:
    """Where the spectrum of B -> K(*) chi chibar has its maximum and its mean.

    Parameters
    ----------
    m_phi : float
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : float
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4.
    m_chi : float
        Mass of chi in GeV, 0 to 1000.
    meson : {"K", "K*"}
        B+ -> K+ or B0 -> K*0.
    power : {2, 1, 0}
        As in `dbr_dq2_b_to_k`.

    Returns
    -------
    tuple of float
        Position of the maximum, to 1e-3 GeV^2, and mean of q2, both in GeV^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or the pair is too heavy.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(*(f"{x:.2f}" for x in wide_scalar.peak_and_mean(20.0, 0.0)))
    19.25 14.82
    """
    choice("meson", meson, tuple(_DECAYS))
    mass, gamma = single("m_phi", m_phi, 0.01, 1e4, "GeV"), single("gamma_0", gamma_0, 0.0, 1e4, "GeV")
    dark, order = single("m_chi", m_chi, 0.0, 1e3, "GeV"), whole("power", power, 0, 2)
    q2, density = _density(mass, gamma, dark, meson, order)
    mean = np.sum(density * q2) / np.sum(density)
    # the nodes are dense at a narrow line, the grid elsewhere
    charge = _DECAYS[meson][1]
    grid = np.concatenate([q2, np.linspace(4.0 * dark**2, _end(meson, charge), 30001)])
    m, g, dark_mass = (np.array(x) for x in (mass, gamma, dark))
    values = _rate(meson, charge, {})(grid) * _line(grid, m, g, dark_mass, order, _NARROW * mass**2)
    return float(grid[np.argmax(values)]), float(mean)


@public
def spectrum(m_phi: npt.ArrayLike, gamma_0: npt.ArrayLike, m_chi: npt.ArrayLike = 0.0, *, power: int = 2) -> "belle2.Spectrum":
    """Shape of B+ -> K+ chi chibar, folded with the efficiency of Belle II.

    Parameters
    ----------
    m_phi : array_like
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : array_like
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4; zero stands for the limit of a small width.
    m_chi : array_like
        Mass of chi in GeV, 0 to 1000.
    power : {2, 1, 0}
        As in `dbr_dq2_b_to_k`.

    Returns
    -------
    Spectrum
        Of the common shape of the parameters, with `br` equal to 1.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or a pair is too heavy to be seen.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> wide_scalar.spectrum([2.8, 20.0], [2.8, 0.0]).efficiency.sum(axis=-1).round(3)
    array([0.082, 0.032])
    """
    *given, order = _mediator(m_phi, gamma_0, m_chi, power)
    arrays = np.broadcast_arrays(*given)
    shape, end = arrays[0].shape, _end("K", "+")
    _too_heavy(arrays[2], end)
    two_body, parts = _rate("K", "+", {}), []
    for points in np.array_split(np.stack([array.ravel() for array in arrays], axis=-1), max(arrays[0].size // CHUNK, 1)):
        mass, gamma, dark = points.T
        q2, weights, floor = _rule(mass, gamma, dark, end, _FINE)
        density = weights * two_body(q2) * _line(q2, mass, gamma, dark, order, floor)
        seen = np.einsum("qn,qnk->nk", density, _belle2_tables.efficiency_at(q2))
        parts.append(seen / density.sum(axis=0)[:, None])
    return belle2.Spectrum(np.concatenate(parts).reshape(*shape, parts[0].shape[-1]), np.ones(shape)[()])


@public
def reconstructed(q2: npt.ArrayLike, edges: npt.ArrayLike, meson: str = "K") -> Array:
    """Share of the decays at q2 that inclusive tagging reconstructs in each bin of q2_rec.

    Parameters
    ----------
    q2 : array_like
        True squared mass of what is not seen in GeV^2, 0 to 1e6.
    edges : array_like, shape (n + 1,)
        Edges of the bins of q2_rec in GeV^2, increasing, -100 to 100.
    meson : {"K", "K*"}
        B+ -> K+ or B0 -> K*0.

    Returns
    -------
    ndarray, shape q2.shape + (n,)
        Dimensionless; exactly zero above (m_B - m_K)^2.

    Raises
    ------
    ParameterError
        If q2 or an edge is out of range, or the edges do not increase.

    Notes
    -----
    Inclusive tagging does not know the direction of the B meson and takes it at rest in the frame of the Y(4S):
    ``q2_rec = s/4 + m_K^2 - sqrt(s) E_K*`` (arXiv:2311.14647). The B meson moves with ``p = sqrt(s/4 - m_B^2)``, and a spinless
    B meson decays isotropically, so that q2_rec is uniform around ``m_K^2 + s (q2 - m_K^2)/(4 m_B^2)`` with the half-width
    ``sqrt(s) p p_K/m_B``, where p_K is the momentum of the kaon in the rest frame of the B meson.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(wide_scalar.reconstructed(4.0, [-1.0, 4.0, 8.0, 25.0]).round(3))
    [0.495 0.505 0.   ]
    """
    choice("meson", meson, tuple(_DECAYS))
    q2 = checked("q2", q2, 0.0, _Q2_MAX, "GeV^2")
    edges = checked("edges", edges, -100.0, 100.0, "GeV^2")
    if edges.ndim != 1 or len(edges) < 2 or np.any(np.diff(edges) <= 0.0):
        raise ParameterError("edges are not an increasing list of at least two values")
    charge = _DECAYS[meson][1]
    m_b, m_k, root_s = natural(f"m_B{charge}"), natural(f"m_{meson}{charge}"), natural("wide_scalar.m_Y4S")
    inside = q2 <= _end(meson, charge)
    p_k = momentum(m_b, m_k, np.sqrt(np.where(inside, q2, 0.0)))
    centre = m_k**2 + root_s**2 * (q2 - m_k**2) / (4.0 * m_b**2)
    half = np.maximum(root_s * np.sqrt(root_s**2 / 4.0 - m_b**2) * p_k / m_b, _EDGE)
    below = np.clip(0.5 + 0.5 * (edges - centre[..., None]) / half[..., None], 0.0, 1.0)
    return np.where(inside[..., None], np.diff(below, axis=-1), 0.0)


@public
def events(
    rate: float,
    edges: npt.ArrayLike,
    m_phi: float,
    gamma_0: float,
    m_chi: float = 0.0,
    meson: str = "K",
    *,
    power: int = 2,
) -> Array:
    """Compute the excess events of Belle II in bins of q2_rec, in the most sensitive region of inclusive tagging.

    Parameters
    ----------
    rate : float
        BR(B+ -> K+ chi chibar), 0 to 1; for K* its rate follows from that of K.
    edges : array_like, shape (n + 1,)
        Edges of the bins of q2_rec in GeV^2, increasing, -1 to 25.
    m_phi : float
        Mass of the mediator in GeV, 0.01 to 1e4.
    gamma_0 : float
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4.
    m_chi : float
        Mass of chi in GeV, 0 to 1000.
    meson : {"K", "K*"}
        B+ -> K+, or B0 -> K*0 from as many B0 as B+ with the efficiency of K+ at the same q2.
    power : {2, 1, 0}
        As in `dbr_dq2_b_to_k`.

    Returns
    -------
    ndarray, shape (n,)
        Events with a classifier output above 0.98.

    Raises
    ------
    ParameterError
        If a parameter is out of range, the edges do not increase, or the pair is too heavy.

    Notes
    -----
    ``N(B+) int dq2 dBR/dq2 eff(q2) R(q2 -> bin)`` with the published efficiency and the smearing of `reconstructed`, which is
    normalised to the published range of q2_rec, -1 to 25 GeV^2.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(wide_scalar.events(2e-5, [-1.0, 4.0, 8.0, 25.0], 2.8, 2.8).round(0))
    [51. 68. 17.]
    """
    choice("meson", meson, tuple(_DECAYS))
    number = single("rate", rate, 0.0, 1.0)
    edges = checked("edges", edges, -1.0, 25.0, "GeV^2")
    mass, gamma = single("m_phi", m_phi, 0.01, 1e4, "GeV"), single("gamma_0", gamma_0, 0.0, 1e4, "GeV")
    dark, order = single("m_chi", m_chi, 0.0, 1e3, "GeV"), whole("power", power, 0, 2)
    norm = _density(mass, gamma, dark, "K", order)[1].sum()
    q2, density = _density(mass, gamma, dark, meson, order)
    seen = _belle2_tables.efficiency_at(q2)[:, 6:9].sum(axis=-1)
    all_rec = reconstructed(q2, [-1.0, 25.0], meson)
    share = reconstructed(q2, edges, meson) / np.maximum(all_rec, _EDGE)
    return natural("belle2.n_bplus", "1") * number / norm * np.einsum("q,q,qn->n", density, seen, share)


@public
def excess(m_phi: float, gamma_0: float, m_chi: float = 0.0, *, power: int = 2) -> tuple[Array, Array]:
    """Excess events in the data of Belle II, in the published bins of q2_rec of the most sensitive region.

    Parameters
    ----------
    m_phi : float
        Mass in GeV of the mediator with which the backgrounds are fitted, 0.01 to 1e4.
    gamma_0 : float
        Its width in GeV at q2 = m_phi^2 into massless chi, 0 to 1e4.
    m_chi : float
        Mass of chi in GeV, 0 to 1000.
    power : {2, 1, 0}
        As in `dbr_dq2_b_to_k`.

    Returns
    -------
    tuple of ndarray, shape (3,)
        Events over backgrounds and Standard Model from -1 to 4, 4 to 8 and 8 to 25 GeV^2, and their errors.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or the pair is too heavy.

    Notes
    -----
    The backgrounds are those of the fit in which the mediator has the rate that the spectrum needs.
    The error is the root of the observed events and of the squared statistical errors of the simulated backgrounds.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> print(*(part.round(0) for part in wide_scalar.excess(2.8, 2.8)))
    [69. 92. 12.] [26. 22. 15.]
    """
    mass, gamma = single("m_phi", m_phi, 0.01, 1e4, "GeV"), single("gamma_0", gamma_0, 0.0, 1e4, "GeV")
    dark = single("m_chi", m_chi, 0.0, 1e3, "GeV")
    fit = belle2.Likelihood().fit_rate(spectrum(mass, gamma, dark, power=power))
    parts = {name: values[6:9] for name, values in fit.expected.items()}
    squares = [get(f"belle2.ITA.{name}").uncertainty[6:9] ** 2 for name in _SAMPLES]
    return parts["observed"] - parts["total"] + parts["signal"], np.sqrt(parts["observed"] + np.sum(squares, axis=0))


@public
def row(inputs: str = "talk") -> Row:
    """Hold the wide mediator of the talk against the data.

    Parameters
    ----------
    inputs : str
        Name of an input set.

    Returns
    -------
    Row
        A row of `rivals.summary`, for a mediator of 2.8 GeV that is as wide as it is heavy and massless dark matter.

    Raises
    ------
    ParameterError
        If the input set is unknown.

    Examples
    --------
    >>> from darkhiggs.rivals import wide_scalar
    >>> row = wide_scalar.row()
    >>> print(f"{row.rate:.1e} {row.delta_chi2:.1f} {row.kstar:.1f}")
    2.2e-05 12.0 1.5
    """
    if not isinstance(inputs, str):
        raise ParameterError(f"inputs = {shown(inputs)} is not the name of an input set")
    with use(inputs):
        mass, gamma = (float(natural(f"wide_scalar.{name}", "GeV")[0]) for name in ("m_phi", "gamma_0"))
        shape, kaon = spectrum(mass, gamma), br_b_to_k(mass, gamma, y_top=1e-3)
        top = 1e-3 * np.sqrt(belle2.Likelihood().fit_rate(shape).rate / kaon)
        found = against_the_data(
            "wide scalar mediator",
            "rival_wide_scalar",
            shape,
            statements=("S50", "S51"),
            point=f"M = Gamma = {mass:g} GeV, massless fermions",
            kstar=float(br_b_to_kstar(mass, gamma) / br_b_to_k(mass, gamma)),
            family=belle2.Spectrum(np.concatenate(spectrum(*np.meshgrid(*_FAMILY)).efficiency)),
            cells={"kaons": kaon_pair(float(br_k_to_pi(mass, gamma, y_top=top)))},
        )
        neutral = found.rate * br_b_to_k(mass, gamma, charge="0") / br_b_to_k(mass, gamma) + br_b_to_k_nunu(charge="0")
        largest = np.sqrt(4.0 * np.pi)
        bears = (
            f"the coupling to dark matter is {coupling(mass, gamma):.1f}, perturbation theory ends at {largest:.1f}",
            f"the rate of B0 -> K0 is at {neutral / natural('bound.k0', '1'):.2f} of its limit",
            "kaon decays and the Higgs boson do not bear on it",
        )
        return replace(found, bears=bears)
