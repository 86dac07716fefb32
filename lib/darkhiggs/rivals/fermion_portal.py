"""A dark Higgs H1 that decays to a Dirac fermion chi: the decays of B mesons and of the Higgs boson, and the relic density.

The Lagrangian is L = -m_chi chibar chi - y_D phi chibar chi, and phi mixes with the Higgs boson of the Standard Model,
phi = cos(theta) H1 + sin(theta) H2 and h = -sin(theta) H1 + cos(theta) H2.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .. import belle2, light_higgs, meson_decays, relic, scan, units
from .._amplitudes import angular_averages, beta_squared, momentum_squared, propagator
from .._arrays import Array, checked, choice, composite, single, together
from .._higgs_invisible import branching_ratio, checked_limit, room
from .._public import public
from .._rival_row import Row, against_the_data, annihilation, kaon_pair, scattering
from ..constraints import compare
from ..inputs import natural, sets, use
from ..model import v_higgs
from ..thermodynamics import g_rho, g_s

__all__ = [
    "br_b_to_k",
    "br_b_to_kstar",
    "br_higgs_invisible",
    "coupling_max",
    "dbr_dq2_b_to_k",
    "gamma_h1",
    "gamma_higgs_like",
    "omega_h2",
    "omega_h2_hot",
    "omega_h2_p_wave",
    "omega_h2_printed",
    "rate",
    "row",
    "sigma_nucleon",
    "spectra",
]

# descriptions of the hadrons, and their names in `light_higgs`
_HADRONS = {"dispersive": "dispersive", "leading": "chiral"}
_FINAL = (*light_higgs.CHANNELS, "h1h1")
_NAMES = "m_chi", "y_d", "sin_theta", "m_h1"
# Gauss-Legendre nodes in each half of an interval of q2, and the smallest Gamma/m of a line that is resolved.
_ORDER, _NARROW = 40, 1e-10
# m_chi in GeV, y_D and m_H1 in GeV of the row; distances of 2 m_chi from m_H1 at which the right density is looked for
_BEST = 0.1, 0.3, 2.15
_NEAR = np.geomspace(0.05, 3e-4, 60)
# sine of a mixing that does not widen H1
_WEAK = 1e-4


def _higgs_like(m: Array, hadrons: str, channel: str | None = None) -> Array:
    """Width of a scalar with the couplings of the Higgs boson."""
    return light_higgs.gamma_sm_like(m, channel, _HADRONS[hadrons])


@public
def gamma_higgs_like(mass: npt.ArrayLike, channel: str | None = None, hadrons: str = "dispersive") -> Array:
    """Width of a light scalar with the couplings of the Higgs boson into the Standard Model.

    Parameters
    ----------
    mass : array_like
        Mass, or virtuality, in GeV, 1e-3 to 1e3.
    channel : {"ee", "mumu", "tautau", "gamma", "hadrons"}, optional
        By default the sum.
    hadrons : {"dispersive", "leading"}
        Published widths of pions and kaons from a dispersive analysis, arXiv:1809.01876; or the leading order of chiral
        perturbation theory, which has no interaction of the mesons in the final state.
        Their distance is the error of the hadronic width.

    Returns
    -------
    ndarray or float
        Width in GeV at unit mixing; H1 has sin^2(theta) times it.

    Raises
    ------
    ParameterError
        If the mass is out of range or not finite, or a word is unknown.

    Notes
    -----
    It is `light_higgs.gamma_sm_like`, with its chiral description as "leading".

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> print(*(f"{fermion_portal.gamma_higgs_like(0.5, 'hadrons', name):.2e}" for name in ("dispersive", "leading")))
    2.19e-08 5.14e-09
    """
    return light_higgs.gamma_sm_like(mass, channel, _HADRONS[choice("hadrons", hadrons, tuple(_HADRONS))])


def _point(
    m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike, m_h1: npt.ArrayLike
) -> tuple[tuple[Array, Array, Array, Array], tuple[int, ...]]:
    """Return the four checked parameters and their common shape."""
    given = {
        "m_chi": checked("m_chi", m_chi, 1e-3, 10.0, "GeV"),
        "y_d": checked("y_d", y_d, 1e-8, 4.0 * np.pi),
        "sin_theta": checked("sin_theta", sin_theta, 1e-8, 1.0),
        "m_h1": checked("m_h1", m_h1, 1e-3, 100.0, "GeV"),
    }
    shape = together(**given)
    return (given["m_chi"], given["y_d"], given["sin_theta"], given["m_h1"]), shape


def _to_chi(m: Array, m_chi: Array, y_d: Array) -> Array:
    """Width of a scalar phi of mass m into chi and its antiparticle."""
    return y_d**2 * m / (8.0 * np.pi) * np.maximum(1.0 - (2.0 * m_chi / m) ** 2, 0.0) ** 1.5


def _width(m: Array, m_chi: Array, y_d: Array, sin_theta: Array, hadrons: str) -> Array:
    """Total width of a virtual H1."""
    return (1.0 - sin_theta**2) * _to_chi(m, m_chi, y_d) + sin_theta**2 * _higgs_like(m, hadrons)


def _exchange(s: Array, m_chi: Array, y_d: Array, sin_theta: Array, m_h1: Array, hadrons: str) -> Array:
    """Squared difference of the propagators of H1 and H2, in GeV^-4."""
    q = np.sqrt(s)
    light = propagator(s - m_h1**2, q * _width(q, m_chi, y_d, sin_theta, hadrons))
    m_2 = natural("m_h")
    wide = (1.0 - sin_theta**2) * natural("Gamma_h") + sin_theta**2 * _to_chi(np.asarray(m_2), m_chi, y_d)
    heavy = propagator(s - m_2**2, m_2 * wide)
    return (light[0] - heavy[0]) ** 2 + (light[1] - heavy[1]) ** 2


@public
def gamma_h1(
    m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike, m_h1: npt.ArrayLike, hadrons: str = "dispersive"
) -> tuple[Array, Array]:
    """Width of H1 into chi and its antiparticle, and into the Standard Model.

    Parameters
    ----------
    m_chi : array_like
        Mass of the Dirac fermion in GeV, 1e-3 to 10.
    y_d : array_like
        Yukawa coupling of chi to phi, 1e-8 to 4 pi.
    sin_theta : array_like
        Sine of the mixing angle, 1e-8 to 1.
    m_h1 : array_like
        Mass of H1 in GeV, 1e-3 to 100.
    hadrons : {"dispersive", "leading"}
        See `gamma_higgs_like`.

    Returns
    -------
    invisible, visible : ndarray or float
        Widths in GeV; the first is exactly zero below 2 m_chi.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``cos^2 y_D^2 m/(8 pi) (1 - 4 m_chi^2/m^2)^(3/2)`` and ``sin^2`` times `gamma_higgs_like`.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> print(*(f"{width:.2e}" for width in fermion_portal.gamma_h1(0.1, 1e-4, 1e-3, 1.0)))
    3.74e-10 7.62e-13
    """
    (m_chi, y_d, sin_theta, m_h1), shape = _point(m_chi, y_d, sin_theta, m_h1)
    choice("hadrons", hadrons, tuple(_HADRONS))
    share = sin_theta**2
    invisible, visible = (1.0 - share) * _to_chi(m_h1, m_chi, y_d), share * _higgs_like(m_h1, hadrons)
    return np.broadcast_to(invisible, shape)[()], np.broadcast_to(visible, shape)[()]


def _rate(m_chi: Array, y_d: Array, sin_theta: Array, m_h1: Array, s: Array, hadrons: str, channel: str | None = None) -> Array:
    """Squared amplitude W(s); see `rate`."""
    beta_2 = beta_squared(s, m_chi, "m_chi")
    cos_2 = 1.0 - sin_theta**2
    total = np.zeros(np.broadcast_shapes(beta_2.shape, np.shape(m_h1), np.shape(y_d), np.shape(sin_theta)))
    if channel != "h1h1":
        width = _higgs_like(np.sqrt(s), hadrons, channel)
        mixing = y_d**2 * sin_theta**2 * cos_2
        total = total + mixing * s**1.5 * beta_2 * width * _exchange(s, m_chi, y_d, sin_theta, m_h1, hadrons)
    if channel in (None, "h1h1"):
        m_2, x_2 = m_h1**2, m_chi**2
        k_2 = momentum_squared(s, m_h1, m_h1)
        a = np.where(k_2 > 0.0, 0.5 * s - m_2, s)
        _, _, one, cos, quartic = angular_averages(s, beta_2, a, k_2, m_2**2)
        b_2 = s * beta_2 * k_2
        trace = 32.0 * x_2 * s * beta_2 / a**2 * one + b_2 * (8.0 * s * k_2 - 64.0 * x_2 * a) / a**4 * cos
        trace = trace - 8.0 * (b_2 / a**2) ** 2 * quartic
        total = total + (y_d**2 * cos_2) ** 2 * np.sqrt(k_2 / s) / (32.0 * np.pi) * trace
    return total


@public
def rate(
    m_chi: npt.ArrayLike,
    y_d: npt.ArrayLike,
    sin_theta: npt.ArrayLike,
    m_h1: npt.ArrayLike,
    s: npt.ArrayLike,
    channel: str | None = None,
    hadrons: str = "dispersive",
) -> Array:
    """Squared amplitude of chi chibar annihilation, integrated over phase space.

    Parameters
    ----------
    m_chi, y_d, sin_theta, m_h1 : array_like
        As for `gamma_h1`.
    s : array_like
        Squared energy in the centre of mass in GeV^2, 4 m_chi^2 to 1e6.
    channel : {"ee", "mumu", "tautau", "gamma", "hadrons", "h1h1"}, optional
        By default the sum.
    hadrons : {"dispersive", "leading"}
        See `gamma_higgs_like`.

    Returns
    -------
    ndarray or float
        ``W = Int |M|^2 dPhi_2``, averaged over the spins of both particles; sigma v = W/s. All channels are p-wave.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, s below 4 m_chi^2, or a word unknown.

    Notes
    -----
    Through H1 and H2, which couple with opposite signs, ``W = y_D^2 sin^2 cos^2 s^(3/2) beta^2 Gamma_h(sqrt s) |D_1 - D_2|^2``,
    with the width of `gamma_higgs_like` and the running width of H1 in its propagator D_1.
    For H1H1 the trace over the t and u channels, with ``a = s/2 - m^2``, ``b = s beta beta_H/2`` and ``n = a^2 - b^2 cos^2``,
    is ``[32 m_chi^2 a^2 s beta^2 - 64 m_chi^2 a b^2 cos^2 + 2 s^2 beta_H^2 b^2 cos^2 - 8 b^4 cos^4]/n^2`` in units of y_D^4.
    The cubic coupling of H1, which the talk does not give, is left out.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{fermion_portal.rate(0.1, 1e-4, 1e-3, 1.0, 0.05, 'ee') / 0.05:.2e}"
    '1.90e-29'
    """
    (m_chi, y_d, sin_theta, m_h1), _ = _point(m_chi, y_d, sin_theta, m_h1)
    s = checked("s", s, 1e-6, 1e6, "GeV^2")
    choice("hadrons", hadrons, tuple(_HADRONS))
    if channel is not None:
        choice("channel", channel, _FINAL)
    together(s=s, m_chi=m_chi, y_d=y_d, sin_theta=sin_theta, m_h1=m_h1)
    return _rate(m_chi, y_d, sin_theta, m_h1, s, hadrons, channel)[()]


@public
def omega_h2(
    m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike, m_h1: npt.ArrayLike, hadrons: str = "dispersive"
) -> Array:
    """Relic density of chi and its antiparticle.

    Parameters
    ----------
    m_chi, y_d, sin_theta, m_h1 : array_like
        As for `gamma_h1`.
    hadrons : {"dispersive", "leading"}
        See `gamma_higgs_like`.

    Returns
    -------
    ndarray or float
        Omega h^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the word unknown.

    Notes
    -----
    `relic.omega_h2_for` averages `rate` thermally, over the pole of H1 too, and solves the Boltzmann equation.
    It starts in equilibrium at T = m_chi and uses Maxwell-Boltzmann statistics.
    A chi that decouples earlier keeps the number that it has there, which is good to about 20 %; `omega_h2_hot` has the
    exact number of a relativistic fermion.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{fermion_portal.omega_h2(0.1, 1e-4, 1e-3, 1.0):.1e}"
    '7.8e+05'
    """
    point, shape = _point(m_chi, y_d, sin_theta, m_h1)
    choice("hadrons", hadrons, tuple(_HADRONS))
    mass, y, sine, m_1 = (np.broadcast_to(part, shape).ravel() for part in point)
    edges = light_higgs.edges(_HADRONS[hadrons])
    positions = np.stack([np.full(mass.shape, edge) for edge in edges] + [2.0 * m_1, m_1])
    widths = np.zeros_like(positions)
    widths[-1] = _width(m_1, mass, y, sine, hadrons)
    value = relic.omega_h2_for(
        mass, lambda s: _rate(mass, y, sine, m_1, s, hadrons), np.float64(2.0), False, (positions, widths)
    )
    return np.reshape(value, shape)[()]


@public
def omega_h2_p_wave(
    m_chi: npt.ArrayLike,
    y_d: npt.ArrayLike,
    sin_theta: npt.ArrayLike,
    m_h1: npt.ArrayLike,
    x_f: npt.ArrayLike = 20.0,
    channel: str | None = None,
    hadrons: str = "dispersive",
) -> Array:
    """Density by the textbook formula for cold particles, with a freeze-out that is put in by hand.

    Parameters
    ----------
    m_chi, y_d, sin_theta, m_h1 : array_like
        As for `gamma_h1`.
    x_f : array_like
        m_chi/T at freeze-out, 1 to 100.
    channel : {"ee", "mumu", "tautau", "gamma", "hadrons"}, optional
        By default the sum of the channels that are open for particles at rest, without H1H1.
    hadrons : {"dispersive", "leading"}
        See `gamma_higgs_like`.

    Returns
    -------
    ndarray or float
        Omega h^2 of chi and its antiparticle; infinite where the channel is closed at rest.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or a word is unknown.

    Notes
    -----
    ``1.75e-10 GeV^-2 x_f^2/(3 b sqrt(g_*))`` with sigma v = b v^2 and
    ``b = y_D^2 sin^2 cos^2 m_chi Gamma_h(2 m_chi) |D_1 - D_2|^2/2``.
    For a heavy H1 and electrons the powers of y_D, sin(theta), m_chi and m_H1 are -2, -2, -2 and 4.
    The formula knows no largest density; `omega_h2_hot` does.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{fermion_portal.omega_h2_p_wave(0.1, 1e-4, 1e-3, 1.0, channel='ee'):.1e}"
    '3.8e+20'
    """
    (m_chi, y_d, sin_theta, m_h1), _ = _point(m_chi, y_d, sin_theta, m_h1)
    x_f = checked("x_f", x_f, 1.0, 100.0)
    shape = together(m_chi=m_chi, y_d=y_d, sin_theta=sin_theta, m_h1=m_h1, x_f=x_f)
    choice("hadrons", hadrons, tuple(_HADRONS))
    if channel is not None:
        choice("channel", channel, light_higgs.CHANNELS)
    s = 4.0 * m_chi**2
    b = 0.5 * y_d**2 * sin_theta**2 * (1.0 - sin_theta**2) * m_chi * _higgs_like(2.0 * m_chi, hadrons, channel)
    b = np.broadcast_to(b * _exchange(s, m_chi, y_d, sin_theta, m_h1, hadrons), shape)
    front = natural("talk.omega_h2", "GeV^-2") * x_f**2 / (3.0 * np.sqrt(g_rho(np.maximum(m_chi / x_f, 1e-5))))
    closed = b == 0.0
    return np.where(closed, np.inf, front / np.where(closed, 1.0, b))[()]


@public
def omega_h2_printed(m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike, m_h1: npt.ArrayLike) -> Array:
    """Density by the formula that the talk prints.

    Parameters
    ----------
    m_chi, y_d, sin_theta, m_h1 : array_like
        As for `gamma_h1`.

    Returns
    -------
    ndarray or float
        ``1e20 (1e-4/y_D)^2 (sin(theta)/1e-3)^2 (m_chi/100 MeV)^2 (1 GeV/m_H1)^2``.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{fermion_portal.omega_h2_printed(0.1, 1e-4, 1e-3, 1.0):.3g}"
    '1e+20'
    """
    (m_chi, y_d, sin_theta, m_h1), _ = _point(m_chi, y_d, sin_theta, m_h1)
    powers = natural("talk.fermion_portal.powers", "1")
    ratios = y_d / 1e-4, sin_theta / 1e-3, m_chi / 0.1, m_h1
    value = np.asarray(natural("talk.fermion_portal.omega_h2", "1"))
    for ratio, power in zip(ratios, powers, strict=True):
        value = value * ratio**power
    return value[()]


@public
def omega_h2_hot(m_chi: npt.ArrayLike) -> Array:
    """Density of a Dirac fermion that decouples at T = m_chi with the number of a relativistic particle.

    Parameters
    ----------
    m_chi : array_like
        Mass in GeV, 1e-3 to 10.

    Returns
    -------
    ndarray or float
        Omega h^2 of particle and antiparticle. No fermion that was in equilibrium has more, since a later decoupling leaves
        fewer of them, and an earlier one finds more other particles.

    Raises
    ------
    ParameterError
        If the mass is out of range or not finite.

    Notes
    -----
    ``m n/s s_0/(rho_c/h^2)`` with ``n = 4 (3/4) zeta(3) T^3/pi^2`` and ``s = 2 pi^2 g_s T^3/45``.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{fermion_portal.omega_h2_hot(0.1):.1e}"
    '1.3e+06'
    """
    m = checked("m_chi", m_chi, 1e-3, 10.0, "GeV")
    zeta_3 = 1.2020569031595942
    front = 2.0 * np.pi**2 / 45.0
    entropy = front * g_s(1e-5) * natural("T_CMB") ** 3
    critical = 3.0 / (8.0 * np.pi) * (units.convert(100.0, "km/s/Mpc", "GeV") * natural("M_Pl")) ** 2
    return (m * 3.0 * zeta_3 / np.pi**2 / (front * g_s(m)) * entropy / critical)[()]


@public
def sigma_nucleon(m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike, m_h1: npt.ArrayLike) -> Array:
    """Elastic cross-section of chi with one nucleon at rest, through H1 and H2.

    Parameters
    ----------
    m_chi, y_d, sin_theta, m_h1 : array_like
        As for `gamma_h1`.

    Returns
    -------
    ndarray or float
        In GeV^-2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``mu^2/pi [y_D sin cos (f_n m_n/v_H) (1/m_H1^2 - 1/m_H2^2)]^2`` with the reduced mass mu and f_n as in
    `direct_detection.sigma_nucleon`.

    Examples
    --------
    >>> from darkhiggs import units
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{units.convert(fermion_portal.sigma_nucleon(1.0, 0.3, 4e-3, 2.15), 'GeV^-2', 'cm^2'):.1e}"
    '2.6e-42'
    """
    (m_chi, y_d, sin_theta, m_h1), _ = _point(m_chi, y_d, sin_theta, m_h1)
    nucleon = 0.5 * (natural("m_p") + natural("m_n"))
    mixed = y_d * sin_theta * np.sqrt(1.0 - sin_theta**2)
    exchange = mixed * natural("f_n", "1") * nucleon / v_higgs() * (1.0 / m_h1**2 - 1.0 / natural("m_h") ** 2)
    return ((m_chi * nucleon / (m_chi + nucleon) * exchange) ** 2 / np.pi)[()]


@public
def br_higgs_invisible(m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike) -> Array:
    """Invisible branching ratio of the Higgs boson H2.

    Parameters
    ----------
    m_chi, y_d, sin_theta : array_like
        As for `gamma_h1`.

    Returns
    -------
    ndarray or float
        Between BR(h -> ZZ* -> 4 nu) and 1.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The new width is that of H2 -> chi chibar, ``sin^2 y_D^2 m_H2/(8 pi) (1 - 4 m_chi^2/m_H2^2)^(3/2)``.
    H2 -> H1 H1, which depends on the potential of phi, is left out; it makes the branching ratio larger.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{fermion_portal.br_higgs_invisible(0.1, 1.0, 0.01):.3f}"
    '0.109'
    """
    (m_chi, y_d, sin_theta, _), _ = _point(m_chi, y_d, sin_theta, 1.0)
    new = sin_theta**2 * _to_chi(np.asarray(natural("m_h")), m_chi, y_d)
    return branching_ratio(new, 1.0 - sin_theta**2)[()]


@public
def coupling_max(m_chi: npt.ArrayLike, br_limit: npt.ArrayLike | None = None) -> Array:
    """Largest y_D sin(theta) that a limit on BR(H2 -> invisible) allows, for small mixing.

    Parameters
    ----------
    m_chi : array_like
        Mass of chi in GeV, 1e-3 to 10.
    br_limit : array_like, optional
        Upper limit, above BR(h -> ZZ* -> 4 nu) = 1.06e-3 up to 0.99; by default the input ``bound.higgs_invisible``, 0.13 in
        the talk.

    Returns
    -------
    ndarray or float
        The product of the couplings.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    `br_higgs_invisible` = br_limit at cos(theta) = 1.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{fermion_portal.coupling_max(0.1):.4f}"
    '0.0110'
    """
    m = checked("m_chi", m_chi, 1e-3, 10.0, "GeV")
    limit = checked_limit(br_limit, 0.99)
    together(m_chi=m, br_limit=limit)
    return np.sqrt(room(limit) / _to_chi(np.asarray(natural("m_h")), m, np.asarray(1.0)))[()]


def _spectrum(
    q2: Array, point: tuple[Array, Array, Array, Array], two_body: Callable[..., Array], floor: npt.ArrayLike = 0.0
) -> Array:
    """Spectrum of B -> K H1* -> K chi chibar; a line narrower than `floor`, in GeV^2, is widened at constant area."""
    m_chi, y_d, sin_theta, m_h1 = point
    q = np.sqrt(q2)
    width = q * _width(q, m_chi, y_d, sin_theta, "dispersive")
    wide = np.maximum(width, floor)
    light = propagator(q2 - m_h1**2, wide)
    heavy = 1.0 / (q2 - natural("m_h") ** 2)
    # the area of a line is pi/width
    line = wide / np.where(width > 0.0, width, 1.0) * ((light[0] - heavy) ** 2 + light[1] ** 2)
    pair = (1.0 - sin_theta**2) * q * _to_chi(q, m_chi, y_d) / np.pi
    return sin_theta**2 * two_body(q, 1.0) * pair * line


@public
def dbr_dq2_b_to_k(
    q2: npt.ArrayLike, m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike, m_h1: npt.ArrayLike
) -> Array:
    """Spectrum of B+ -> K+ chi chibar through an on-shell or off-shell H1.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the pair in GeV^2, 1e-6 to 1e4; broadcasts against the other parameters.
    m_chi, y_d, sin_theta, m_h1 : array_like
        As for `gamma_h1`.

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
    ``1/pi BR(B -> K H1)(q2) sqrt(q2) Gamma(q2) |1/(q2 - m_1^2 + i sqrt(q2) Gamma_1(q2)) - 1/(q2 - m_2^2)|^2`` with
    Gamma = cos^2 y_D^2 q beta^3/(8 pi), as in `meson_decays.dbr_dq2_b_to_k_invisible`.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> print(*(f"{x:.2e}" for x in fermion_portal.dbr_dq2_b_to_k([1.0, 9.0, 25.0], 0.1, 1.0, 0.01, 6.0)))
    5.15e-10 8.99e-09 0.00e+00
    """
    point, _ = _point(m_chi, y_d, sin_theta, m_h1)
    q2 = checked("q2", q2, 1e-6, 1e4, "GeV^2")
    together(q2=q2, **dict(zip(_NAMES, point, strict=True)))
    return _spectrum(q2, point, meson_decays.br_b_to_k_scalar)[()]


@public
def spectra(m_chi: float, y_d: float, m_h1: npt.ArrayLike) -> belle2.Spectrum:
    """Spectra of B+ -> K+ chi chibar for many masses of H1, folded with the efficiency of Belle II.

    Parameters
    ----------
    m_chi, y_d : float
        As for `gamma_h1`, with a pair of chi below m_B - m_K.
    m_h1 : array_like
        Masses of H1 in GeV, as for `gamma_h1`.

    Returns
    -------
    belle2.Spectrum
        Of the shape of `m_h1`, with `br` equal to 1: a narrow line up to m_B - m_K, the spectrum of an off-shell H1 of small
        mixing above.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or H1 is so close to m_B - m_K that no bin has an efficiency for it.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> print(fermion_portal.spectra(0.1, 0.3, [2.15, 6.0]).efficiency.sum(axis=1).round(4))
    [0.1439 0.0176]
    """
    end = float(natural("m_B+") - natural("m_K+"))
    light, coupling = float(single("m_chi", m_chi, 1e-3, 0.49 * end, "GeV")), float(single("y_d", y_d, 1e-8, 4.0 * np.pi))
    point, _ = _point(light, coupling, _WEAK, m_h1)
    m = point[3]
    on, rows = m <= end, np.empty((*m.shape, 18))
    rows[on] = belle2.Spectrum.line(m[on]).efficiency
    if not on.all():
        rows[~on] = belle2.Spectrum.from_function(
            lambda q2: dbr_dq2_b_to_k(q2[:, None], light, coupling, _WEAK, m[~on]), q2_min=4.0 * light**2
        ).efficiency
    return belle2.Spectrum(rows, np.ones(m.shape))


def _integral(point: tuple[Array, ...], shape: tuple[int, ...], two_body: Callable[..., Array], q_max: float) -> Array:
    """Integrate the spectrum over q2."""
    m_chi, y_d, sin_theta, m_h1 = (np.broadcast_to(part, shape) for part in point)
    end = np.full(shape, q_max**2)
    breaks = np.stack([np.minimum(4.0 * m_chi**2, end), np.clip(m_h1**2, np.minimum(4.0 * m_chi**2, end), end), end])
    inside = breaks[1] == m_h1**2
    floor = np.where(inside, _NARROW * m_h1**2, 0.0)
    scales = 1e-9 * breaks
    width = m_h1 * _width(m_h1, m_chi, y_d, sin_theta, "dispersive")
    scales[1] = np.where(inside, np.maximum(width, floor), scales[1])
    q2, weights = composite(breaks, scales, _ORDER)
    return np.sum(weights * _spectrum(q2, (m_chi, y_d, sin_theta, m_h1), two_body, floor), axis=0)[()]


@public
def br_b_to_k(m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike, m_h1: npt.ArrayLike) -> Array:
    """Branching ratio of B+ -> K+ chi chibar, on shell and off shell.

    Parameters
    ----------
    m_chi, y_d, sin_theta, m_h1 : array_like
        As for `gamma_h1`.

    Returns
    -------
    ndarray or float
        Dimensionless, without the Standard Model; exactly zero for 2 m_chi above m_B - m_K.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The q2 integral of `dbr_dq2_b_to_k`, with nodes dense at the pole of H1; one formula on both sides of m_B - m_K.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> print(*(f"{x:.2e}" for x in fermion_portal.br_b_to_k(0.1, 0.1, 4e-3, [2.0, 6.0])))
    8.81e-06 7.32e-10
    """
    point, shape = _point(m_chi, y_d, sin_theta, m_h1)
    return _integral(point, shape, meson_decays.br_b_to_k_scalar, natural("m_B+") - natural("m_K+"))


@public
def br_b_to_kstar(m_chi: npt.ArrayLike, y_d: npt.ArrayLike, sin_theta: npt.ArrayLike, m_h1: npt.ArrayLike) -> Array:
    """Branching ratio of B0 -> K*0 chi chibar, on shell and off shell.

    Parameters
    ----------
    m_chi, y_d, sin_theta, m_h1 : array_like
        As for `gamma_h1`.

    Returns
    -------
    ndarray or float
        Dimensionless, without the Standard Model; exactly zero for 2 m_chi above m_B - m_K*.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    As `br_b_to_k`, with the two-body rate of `meson_decays.br_b_to_kstar_scalar`.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> f"{fermion_portal.br_b_to_kstar(0.1, 0.1, 4e-3, 2.0):.2e}"
    '8.07e-06'
    """
    point, shape = _point(m_chi, y_d, sin_theta, m_h1)
    return _integral(point, shape, meson_decays.br_b_to_kstar_scalar, natural("m_B0") - natural("m_K*0"))


@public
def row(inputs: str = "talk") -> Row:
    """Hold an H1 on its mass shell, the line that fits best, against the data.

    Parameters
    ----------
    inputs : str
        Name of an input set.

    Returns
    -------
    Row
        See `rivals.summary`.

    Raises
    ------
    ParameterError
        If the set is unknown.

    Examples
    --------
    >>> from darkhiggs.rivals import fermion_portal
    >>> row = fermion_portal.row()
    >>> print(f"{row.rate:.1e} {row.delta_chi2:.1f} {row.kstar:.2f}")
    8.2e-06 13.6 0.78
    """
    with use(choice("inputs", inputs, sets())):
        m_chi, y_d, m_h1 = _BEST
        spectrum = spectra(m_chi, y_d, m_h1)
        kaon = br_b_to_k(m_chi, y_d, _WEAK, m_h1)
        sine = _WEAK * np.sqrt(belle2.Likelihood().fit_rate(spectrum).rate / kaon)
        observed = natural("Omega h^2", "1")
        density = omega_h2(m_chi, y_d, sine, m_h1) / observed
        pion = _integral(*_point(m_chi, y_d, sine, m_h1), meson_decays.br_k_to_pi_scalar, natural("m_K+") - natural("m_pi+"))
        # at rest; every channel is a p-wave
        s = 4.0 * m_chi**2
        still = rate(m_chi, y_d, sine, m_h1, s) / s
        near = scan.crossing(1.0 - _NEAR, omega_h2(0.5 * m_h1 * (1.0 - _NEAR), y_d, sine, m_h1), float(observed))
        return against_the_data(
            "fermion dark matter",
            "rival_fermion_portal",
            spectrum,
            statements=("S35", "S38"),
            point=f"on shell, m_H1 = {m_h1:g} GeV, m_chi = {m_chi:g} GeV, y_D = {y_d:g}",
            kstar=float(br_b_to_kstar(m_chi, y_d, _WEAK, m_h1) / kaon),
            cells={
                "kaons": kaon_pair(float(pion)),
                "Higgs": compare(br_higgs_invisible(m_chi, y_d, sine), "bound.higgs_invisible"),
                "relic density": compare(density * observed, "Omega h^2"),
                "CMB": annihilation(float(still), m_chi),
                "direct detection": scattering(float(sigma_nucleon(m_chi, y_d, sine, m_h1)), m_chi),
            },
            bears=(
                f"sin(theta) = {sine:.4f}",
                f"invisible decays of the Higgs boson leave y_D up to {coupling_max(m_chi) / sine:.1f}",
                f"the relic density is {density:.0e} times the observed one",
                f"it is the observed one where 2 m_chi is {100.0 * (1.0 - near):.1f} % below m_H1",
            ),
        )
