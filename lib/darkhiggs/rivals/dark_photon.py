"""A dark photon X that decays to Majorana dark matter psi, which freezes out into dark Higgs bosons phi (arXiv:2502.04900).

A Weyl fermion of charge 1 and a complex scalar of charge 2 get their masses from one vacuum expectation value w:

    L = psibar (i dslash - m) psi/2 + (g/2) psibar Xslash gamma5 psi - (y/(2 sqrt 2)) psibar (phi + i gamma5 a) psi
        + m_X^2 (1 + phi/w)^2 X.X/2 - m_phi^2 phi^2 (1 + phi/w)/2 + ...

with ``m_X = 2 g w``, ``m = y w/sqrt 2`` and the quartic coupling ``m_phi^2/(2 w^2)``, so that ``y = 2 sqrt 2 g m/m_X``.
The coupling of phi to psi, in the normalisation ``-kappa phi psibar psi/2``, is ``kappa = y/sqrt 2 = 2 g m/m_X``.
X couples to the charges of the Standard Model by the kinetic mixing, ``epsilon e J.X``.
phi couples to them by its mixing with the Higgs boson.
"""

import numpy as np
import numpy.typing as npt

from .. import belle2, constraints, direct_detection, meson_decays, neutrinos, photon_penguin, relic
from .._amplitudes import angular_averages, beta_squared, momentum_squared
from .._arrays import Array, checked, choice, legendre, together
from .._public import public
from .._rival_row import Row, against_the_data, annihilation, scattering
from ..errors import ParameterError
from ..inputs import get, natural, sets, use
from ..model import v_higgs
from ..units import convert

__all__ = [
    "alpha_for",
    "born_parameter",
    "br_b_to_k",
    "couplings",
    "gamma_x",
    "lifetime",
    "omega_h2",
    "p_wave",
    "rate",
    "row",
    "sigma_over_mass",
    "sigma_target",
    "sigma_v_phiphi",
]

_CHANNELS = "phiphi", "xphi", "sm"
_FORMULAS = "tree", "printed"
_LEPTONS = "m_e", "m_mu", "m_tau"
_ORDER = 24  # angles of X phi
_STEPS = 8  # of the iteration for alpha_X, whose error falls by a factor of ten in each
# Mass of X, of psi and of phi in GeV, and lifetime of phi in seconds, of the row.
_POINT = 2.0, 0.5, 0.004, 0.1
# m_phi in GeV, in the band of the slide, at which the limits are taken
_HEAVIER = 0.01


def _masses(m_dm: npt.ArrayLike, m_x: npt.ArrayLike) -> tuple[Array, Array]:
    """Check the masses of psi and X."""
    return checked("m_dm", m_dm, 1e-3, 1e3, "GeV"), checked("m_x", m_x, 1e-3, 1e4, "GeV")


def _alpha(alpha_x: npt.ArrayLike) -> Array:
    return checked("alpha_x", alpha_x, 1e-12, 4.0 * np.pi)


def _couplings(m_dm: Array, m_x: Array, alpha_x: Array) -> tuple[Array, Array]:
    """Gauge coupling g and scalar coupling kappa."""
    g = np.sqrt(4.0 * np.pi * alpha_x)
    return g, 2.0 * g * m_dm / m_x


@public
def couplings(m_dm: npt.ArrayLike, m_x: npt.ArrayLike, alpha_x: npt.ArrayLike, m_phi: npt.ArrayLike = 0.0) -> dict[str, Array]:
    """Couplings that the symmetry breaking fixes.

    Parameters
    ----------
    m_dm : array_like
        Mass of psi in GeV, 1e-3 to 1e3.
    m_x : array_like
        Mass of X in GeV, 1e-3 to 1e4.
    alpha_x : array_like
        ``g^2/(4 pi)``, 1e-12 to 4 pi.
    m_phi : array_like
        Mass of phi in GeV, 0 to 1e3.

    Returns
    -------
    dict of ndarray or float
        ``"g"``, ``"y"`` of the Lagrangian of the talk, ``"vev"`` in GeV, ``"quartic"`` (of ``lambda (|Phi|^2 - w^2/2)^2``),
        and ``"alpha_phi"``, the strength ``y^2/(8 pi)`` of the Yukawa potential between two psi.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``y = 2 sqrt 2 g m/m_X`` and ``w = m_X/(2 g)``.
    With any other y, the amplitude of ``psi psi -> psi psi`` would depend on the gauge.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> print(*(f"{name} {x:.3g}" for name, x in dark_photon.couplings(0.5, 2.0, 0.002, 0.004).items()))
    g 0.159 y 0.112 vev 6.31 quartic 2.01e-07 alpha_phi 0.0005
    """
    m_dm, m_x = _masses(m_dm, m_x)
    alpha_x, m_phi = _alpha(alpha_x), checked("m_phi", m_phi, 0.0, 1e3, "GeV")
    together(m_dm=m_dm, m_x=m_x, alpha_x=alpha_x, m_phi=m_phi)
    g, kappa = _couplings(m_dm, m_x, alpha_x)
    vev = m_x / (2.0 * g)
    values = {
        "g": g,
        "y": np.sqrt(2.0) * kappa,
        "vev": vev,
        "quartic": 0.5 * (m_phi / vev) ** 2,
        "alpha_phi": kappa**2 / (4.0 * np.pi),
    }
    return {name: value[()] for name, value in values.items()}


def _phiphi(s: Array, beta_2: Array, m: Array, m_phi: Array) -> Array:
    """Rate into two phi over kappa^4; see `rate`."""
    k_2 = momentum_squared(s, m_phi, m_phi)
    open_ = k_2 > 0.0
    a = np.where(open_, 0.5 * s - m_phi**2, s)
    pole = 3.0 * m_phi**2 / (m * np.where(open_, s - m_phi**2, s))
    t_0, t_1, u_0, u_1, u_2 = angular_averages(s, beta_2, a, k_2, m_phi**4)
    r = k_2 / a
    same = (4.0 * m / a) ** 2 * (u_0 - 2.0 * r * u_1 + r**2 * u_2) - 8.0 * m * pole / a * (t_0 - r * t_1) + pole**2
    opposite = 4.0 * s * (k_2 / a**2) ** 2 * (u_1 - u_2)
    # identical products; 2 p^2 = s beta^2/2
    return np.sqrt(k_2 / s) / (8.0 * np.pi) * 0.5 * s * beta_2 * (same + opposite)


def _xphi(s: Array, beta_2: Array, m: Array, m_x: Array, m_phi: Array) -> Array:
    """Rate into X phi over g^2 kappa^2; see `rate`."""
    k_2 = momentum_squared(s, m_x, m_phi)
    shape = np.broadcast_shapes(k_2.shape, beta_2.shape, np.shape(m))
    open_ = np.broadcast_to(k_2 > 0.0, shape)
    total = np.zeros(shape)
    if not open_.any():
        return total
    s, beta_2, m, m_x, m_phi, k_2 = (np.broadcast_to(part, shape)[open_] for part in (s, beta_2, m, m_x, m_phi, k_2))
    k, p, root = np.sqrt(k_2), 0.5 * np.sqrt(s * beta_2), np.sqrt(s)
    e_x, e_phi = np.sqrt(k_2 + m_x**2), np.sqrt(k_2 + m_phi**2)
    a, b = 0.5 * (s - m_x**2 - m_phi**2), 2.0 * p * k
    nodes, weights = legendre(_ORDER)
    c_2 = np.square(nodes).reshape(-1, *(1,) * s.ndim)
    s_2 = 1.0 - c_2
    n = a**2 - b**2 * c_2
    pole = 2.0 * m_x**2 / (m * (s - m_x**2))
    current = 2.0 * p * (4.0 * m * a / n - pole)
    turn = 4.0 * m * k * b / n
    same = (
        (4.0 * p * b / n * e_phi) ** 2 * s_2 * c_2
        + (2.0 * root * k * b / n) ** 2 * s_2 * c_2
        + (4.0 / m_x * (k * (1.0 - 2.0 * a * p**2 / n) + p * b * c_2 * (e_phi * e_x + k_2) / n)) ** 2
    )
    opposite = (current - turn) ** 2 * c_2 + (current - turn * c_2) ** 2 + (current * e_x / m_x) ** 2 * s_2
    average = 0.5 * np.sum(weights.reshape(c_2.shape) * (same + opposite), axis=0)
    total[open_] = k / (4.0 * np.pi * root) * average
    return total


def _visible(m: Array) -> Array:
    """Width of a dark photon of mass m into the Standard Model, over epsilon^2."""
    channels = np.where(m > 2.0 * natural("m_pi+"), natural("R.continuum", "1"), 0.0)
    for name in _LEPTONS:
        ratio = np.minimum((natural(name) / m) ** 2, 0.25)
        channels = channels + np.sqrt(1.0 - 4.0 * ratio) * (1.0 + 2.0 * ratio)
    return m / (3.0 * natural("1/alpha(0)", "1")) * channels


def _invisible(m: Array, m_dm: Array) -> Array:
    """Width of a vector of mass m into two psi, over g^2."""
    return m / (24.0 * np.pi) * np.maximum(1.0 - (2.0 * m_dm / m) ** 2, 0.0) ** 1.5


@public
def gamma_x(m_dm: npt.ArrayLike, m_x: npt.ArrayLike, alpha_x: npt.ArrayLike, epsilon: npt.ArrayLike) -> tuple[Array, Array]:
    """Width of X into two psi, and into the Standard Model.

    Parameters
    ----------
    m_dm : array_like
        As for `couplings`.
    m_x : array_like
        Mass of X in GeV, 1.55 to 3.5, where the hadrons are three free quarks.
    alpha_x : array_like
        As for `couplings`.
    epsilon : array_like
        Kinetic mixing, 0 to 1.

    Returns
    -------
    invisible, visible : ndarray or float
        Widths in GeV; the first is exactly zero below 2 m.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``alpha_X m_X (1 - 4 m^2/m_X^2)^(3/2)/6``, and ``alpha epsilon^2 m_X/3`` times the leptons and R = 2.2 +- 0.3 for hadrons.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> print(*(f"{width:.2e}" for width in dark_photon.gamma_x(0.5, 2.0, 0.002, 1e-3)))
    4.33e-04 2.04e-08
    """
    m_dm, m_x = checked("m_dm", m_dm, 1e-3, 1e3, "GeV"), checked("m_x", m_x, 1.55, 3.5, "GeV")
    alpha_x, epsilon = _alpha(alpha_x), checked("epsilon", epsilon, 0.0, 1.0)
    shape = together(m_dm=m_dm, m_x=m_x, alpha_x=alpha_x, epsilon=epsilon)
    invisible, visible = 4.0 * np.pi * alpha_x * _invisible(m_x, m_dm), epsilon**2 * _visible(m_x)
    return np.broadcast_to(invisible, shape)[()], np.broadcast_to(visible, shape)[()]


def _rate(m: Array, m_phi: Array, alpha_x: Array, s: Array, m_x: Array, epsilon: Array, channel: str | None = None) -> Array:
    """Squared amplitude W(s)."""
    beta_2 = beta_squared(s, m, "m_dm")
    g, kappa = _couplings(m, m_x, alpha_x)
    total = np.zeros(np.broadcast_shapes(beta_2.shape, *(np.shape(part) for part in (m_phi, alpha_x, m_x, epsilon))))
    if channel in (None, "phiphi"):
        total = total + kappa**4 * _phiphi(s, beta_2, m, m_phi)
    if channel in (None, "xphi"):
        # an X that decays back into two psi changes nothing
        lost = 1.0 if channel == "xphi" else np.where(2.0 * m < m_x, 0.0, 1.0)
        total = total + lost * (g * kappa) ** 2 * _xphi(s, beta_2, m, m_x, m_phi)
    if channel in (None, "sm"):
        q = np.sqrt(s)
        visible = epsilon**2 * _visible(q)
        width = g**2 * _invisible(m_x, m) + epsilon**2 * _visible(m_x)
        line = (s - m_x**2) ** 2 + (m_x * width) ** 2
        total = total + 2.0 * g**2 * s * beta_2 * q * visible / np.maximum(line, 1e-300)
    return total


def _point(
    m_dm: npt.ArrayLike, m_phi: npt.ArrayLike, alpha_x: npt.ArrayLike, m_x: npt.ArrayLike, epsilon: npt.ArrayLike
) -> tuple[tuple[Array, Array, Array, Array, Array], tuple[int, ...]]:
    """Return the checked parameters of an annihilation and their common shape."""
    m_dm, m_x = _masses(m_dm, m_x)
    m_phi, alpha_x = checked("m_phi", m_phi, 0.0, 1e3, "GeV"), _alpha(alpha_x)
    epsilon = checked("epsilon", epsilon, 0.0, 1.0)
    shape = together(m_dm=m_dm, m_phi=m_phi, alpha_x=alpha_x, m_x=m_x, epsilon=epsilon)
    if np.any(m_phi > m_dm):
        raise ParameterError("m_phi is above m_dm, where the annihilation into two phi is closed for slow particles")
    if np.any(m_dm >= m_x):
        raise ParameterError("m_dm is not below m_x; the annihilation into two X is not included")
    return (m_dm, m_phi, alpha_x, m_x, epsilon), shape


@public
def rate(
    m_dm: npt.ArrayLike,
    m_phi: npt.ArrayLike,
    alpha_x: npt.ArrayLike,
    s: npt.ArrayLike,
    m_x: npt.ArrayLike = 2.0,
    epsilon: npt.ArrayLike = 0.0,
    channel: str | None = None,
) -> Array:
    """Squared amplitude of psi psi annihilation, integrated over phase space.

    Parameters
    ----------
    m_dm : array_like
        Mass of psi in GeV, 1e-3 to 1e3 and below m_x.
    m_phi : array_like
        Mass of phi in GeV, 0 to m_dm.
    alpha_x : array_like
        As for `couplings`.
    s : array_like
        Squared energy in the centre of mass in GeV^2, 4 m_dm^2 to 1e8.
    m_x : array_like
        Mass of X in GeV, 1e-3 to 1e4.
    epsilon : array_like
        Kinetic mixing, 0 to 1.
    channel : {"phiphi", "xphi", "sm"}, optional
        By default the sum of those that reduce the number of psi: X phi only for ``2 m_dm >= m_x``, because a heavier X decays
        back into two psi.

    Returns
    -------
    ndarray or float
        ``W = Int |M|^2 dPhi_2``, averaged over the spins of both particles; sigma v = W/s.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, s below 4 m_dm^2, or the channel unknown.

    Notes
    -----
    In the centre of mass p, k and c are the momenta before and after and the cosine between them, ``b = 2 p k`` and
    ``n = a^2 - b^2 c^2``.
    Two phi have ``a = s/2 - m_phi^2`` and come from the t and u channels and from phi in the s channel.
    Equal helicities have ``M = 2 p kappa^2 [4 m (a - k^2 c^2)/n - 3 m_phi^2/(m (s - m_phi^2))]``, opposite ones
    ``M = 2 p sqrt(s) kappa^2 k^2 sin(2 theta)/n``: all are proportional to p.
    For X phi, with X in the s channel, the longitudinal X with equal helicities has ``M = 4 g kappa k/m_X`` at threshold, an
    s-wave.
    X to the Standard Model has ``W = 4 p^2 g^2 2 sqrt(s) Gamma(sqrt s)/|s - m_X^2 + i m_X Gamma_X|^2``.
    The annihilation into two X, which is open above m_X only, is left out.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> f"{dark_photon.rate(0.5, 0.004, 0.002, 1.1):.3e}"
    '4.099e-07'
    """
    point, _ = _point(m_dm, m_phi, alpha_x, m_x, epsilon)
    s = checked("s", s, 1e-8, 1e8, "GeV^2")
    together(s=s, m_dm=point[0], m_phi=point[1], alpha_x=point[2], m_x=point[3], epsilon=point[4])
    if channel is not None:
        choice("channel", channel, _CHANNELS)
    m, phi, alpha, heavy, mixing = point
    return _rate(m, phi, alpha, s, heavy, mixing, channel)[()]


@public
def sigma_v_phiphi(
    m_dm: npt.ArrayLike, m_phi: npt.ArrayLike, alpha_x: npt.ArrayLike, v_rel: npt.ArrayLike, m_x: npt.ArrayLike = 2.0
) -> Array:
    """Cross-section of psi psi -> phi phi times the relative velocity.

    Parameters
    ----------
    m_dm, m_phi, alpha_x : array_like
        As for `rate`.
    v_rel : array_like
        Twice the velocity of each particle in the centre of mass, 0 to 1.99 in units of c.
    m_x : array_like
        As for `rate`.

    Returns
    -------
    ndarray or float
        In GeV^-2; exactly zero at rest.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    `rate` over s.
    Two psi at rest form a pseudoscalar, which is odd under CP; two phi are even: CP forbids the s-wave.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> print(*(f"{x:.3e}" for x in dark_photon.sigma_v_phiphi(0.5, 0.004, 0.002, [0.0, 1e-3, 0.1])))
    0.000e+00 1.178e-12 1.174e-08
    """
    (m, phi, alpha, heavy, _), _ = _point(m_dm, m_phi, alpha_x, m_x, 0.0)
    v = checked("v_rel", v_rel, 0.0, 1.99)
    together(m_dm=m, m_phi=phi, alpha_x=alpha, v_rel=v, m_x=heavy)
    beta_2 = 0.25 * v**2
    s = 4.0 * m**2 / (1.0 - beta_2)
    kappa = _couplings(m, heavy, alpha)[1]
    return (kappa**4 * _phiphi(s, beta_2, m, phi) / s)[()]


@public
def p_wave(m_dm: npt.ArrayLike, m_phi: npt.ArrayLike, alpha_x: npt.ArrayLike, m_x: npt.ArrayLike = 2.0) -> Array:
    """Coefficient b of ``sigma v = b v^2`` for psi psi -> phi phi.

    Parameters
    ----------
    m_dm, m_phi, alpha_x, m_x : array_like
        As for `rate`.

    Returns
    -------
    ndarray or float
        b in GeV^-2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``kappa^4/(128 pi) (k/m) (A^2 - 2 A B/3 + B^2/3)`` with ``k^2 = m^2 - m_phi^2``, ``a = 2 m^2 - m_phi^2``,
    ``A = 4 m/a - 3 m_phi^2/(m (4 m^2 - m_phi^2))`` and ``B = 4 m k^2/a^2``.
    For a light phi this is ``3 kappa^4/(128 pi m^2) = 6 pi alpha_X^2 m^2/m_X^4``.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> f"{dark_photon.p_wave(0.5, 0.004, 0.002):.3e}"
    '1.178e-06'
    """
    (m, phi, alpha, heavy, _), _ = _point(m_dm, m_phi, alpha_x, m_x, 0.0)
    k_2, a = m**2 - phi**2, 2.0 * m**2 - phi**2
    one = 4.0 * m / a - 3.0 * phi**2 / (m * (4.0 * m**2 - phi**2))
    two = 4.0 * m * k_2 / a**2
    kappa = _couplings(m, heavy, alpha)[1]
    return (kappa**4 / (128.0 * np.pi) * np.sqrt(k_2) / m * (one**2 - 2.0 * one * two / 3.0 + two**2 / 3.0))[()]


def _omega(point: tuple[Array, ...]) -> Array:
    """Relic density of flat arrays of points."""
    m, phi, alpha, heavy, mixing = point
    g, _ = _couplings(m, heavy, alpha)
    width = g**2 * _invisible(heavy, m) + mixing**2 * _visible(heavy)
    breaks = np.stack([heavy + phi, heavy]), np.stack([np.zeros_like(width), width])
    return relic.omega_h2_for(m, lambda s: _rate(m, phi, alpha, s, heavy, mixing), 2.0, True, breaks)


@public
def omega_h2(
    m_dm: npt.ArrayLike,
    m_phi: npt.ArrayLike,
    alpha_x: npt.ArrayLike,
    m_x: npt.ArrayLike = 2.0,
    epsilon: npt.ArrayLike = 0.0,
) -> Array:
    """Relic density of psi from its freeze-out.

    Parameters
    ----------
    m_dm, m_phi, alpha_x, m_x, epsilon : array_like
        As for `rate`.

    Returns
    -------
    ndarray or float
        Omega h^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The thermal average of `rate` and the Boltzmann equation are those of `relic.omega_h2_for`.
    phi is taken to have the temperature of the bath of the Standard Model.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> f"{dark_photon.omega_h2(0.5, 0.004, 0.002):.5f}"
    '0.00430'
    """
    point, shape = _point(m_dm, m_phi, alpha_x, m_x, epsilon)
    return _omega(tuple(np.broadcast_to(part, shape).ravel() for part in point)).reshape(shape)[()]


@public
def alpha_for(
    m_dm: npt.ArrayLike,
    m_phi: npt.ArrayLike,
    omega_h2: npt.ArrayLike | None = None,
    m_x: npt.ArrayLike = 2.0,
) -> Array:
    """Coupling that gives a relic density.

    Parameters
    ----------
    m_dm, m_phi : array_like
        As for `rate`.
    omega_h2 : array_like, optional
        Wanted density, 1e-4 to 10; by default the observed one.
    m_x : array_like
        As for `rate`.

    Returns
    -------
    ndarray or float
        alpha_X, without kinetic mixing.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    All rates are proportional to alpha_X^2, and Omega to 1/alpha_X^2 up to a logarithm; the equation is solved by iteration.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> print(*(f"{x:.2e}" for x in dark_photon.alpha_for(0.5, [0.004, 0.5])))
    3.22e-04 4.28e-04
    """
    wanted = checked("omega_h2", natural("Omega h^2", "1") if omega_h2 is None else omega_h2, 1e-4, 10.0)
    (m, phi, _, heavy, mixing), _ = _point(m_dm, m_phi, 1e-3, m_x, 0.0)
    shape = together(m_dm=m, m_phi=phi, omega_h2=wanted, m_x=heavy)
    m, phi, heavy, mixing, wanted = (np.broadcast_to(part, shape).ravel() for part in (m, phi, heavy, mixing, wanted))
    alpha = np.full(m.shape, 1e-3)
    for _ in range(_STEPS):
        alpha = alpha * np.sqrt(_omega((m, phi, alpha, heavy, mixing)) / wanted)
    return alpha.reshape(shape)[()]


@public
def born_parameter(m_dm: npt.ArrayLike, m_x: npt.ArrayLike, alpha_x: npt.ArrayLike, m_phi: npt.ArrayLike) -> Array:
    """Strength of the Yukawa potential, which has to be small for the Born approximation of `sigma_over_mass`.

    Parameters
    ----------
    m_dm, m_x, alpha_x : array_like
        As for `couplings`.
    m_phi : array_like
        Mass of phi in GeV, 1e-6 to 1e3.

    Returns
    -------
    ndarray or float
        ``alpha_phi m/m_phi``; the first bound state appears at 1.68.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> f"{dark_photon.born_parameter(0.5, 2.0, 0.002, 0.004):.4f}"
    '0.0625'
    """
    m, heavy = _masses(m_dm, m_x)
    alpha, phi = _alpha(alpha_x), checked("m_phi", m_phi, 1e-6, 1e3, "GeV")
    together(m_dm=m, m_x=heavy, alpha_x=alpha, m_phi=phi)
    return (4.0 * alpha * m**3 / (heavy**2 * phi))[()]


@public
def sigma_over_mass(
    m_dm: npt.ArrayLike,
    m_x: npt.ArrayLike,
    alpha_x: npt.ArrayLike,
    v: npt.ArrayLike,
    m_phi: npt.ArrayLike | None = None,
    formula: str = "tree",
) -> Array:
    """Cross-section of psi psi -> psi psi over the mass of psi.

    Parameters
    ----------
    m_dm, m_x, alpha_x : array_like
        As for `couplings`.
    v : array_like
        Relative velocity, 1e-8 to 0.1 in units of c.
    m_phi : array_like, optional
        Mass of phi in GeV, 1e-6 to 1e3; without it only X is exchanged.
    formula : {"tree", "printed"}
        The tree amplitude for slow particles, or the formula of the talk, which has X only.

    Returns
    -------
    ndarray or float
        In cm^2/g.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or the formula unknown.

    Notes
    -----
    X contributes to the spin singlet with a scattering length, ``f_X = 8 alpha_X m/m_X^2``; alone it gives
    ``sigma/m = 32 pi alpha_X^2 m/m_X^4``, whatever the velocity.
    A vector with an axial coupling has no pole in this wave: at ``x = m/m_X = 1/2`` it needs the p-wave, whose cross-section is
    proportional to v^4.
    phi adds ``f = alpha_phi m/(m_phi^2 + q^2)`` (Born), which attracts while X repels.
    Singlet and triplet have ``f(theta) +- f(pi - theta)`` and the weights 1/4 and 3/4; ``sigma = (1/2) Int |f|^2 dOmega``.
    The talk has ``16 pi alpha_X^2 v^2/m_X^3 x (3 - 20 x^2 + 40 x^4)/(1 - 4 x^2)^2``.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> speed = 1000 / 299792.458
    >>> print(*(f"{dark_photon.sigma_over_mass(0.5, 2.0, 0.01, speed, formula=name):.2e}" for name in ("tree", "printed")))
    6.86e-08 1.29e-12
    >>> f"{dark_photon.sigma_over_mass(0.5, 2.0, 3e-4, speed, 0.004):.4f}"
    '0.0129'
    """
    m, heavy = _masses(m_dm, m_x)
    alpha, v = _alpha(alpha_x), checked("v", v, 1e-8, 0.1)
    choice("formula", formula, _FORMULAS)
    phi = None if m_phi is None else checked("m_phi", m_phi, 1e-6, 1e3, "GeV")
    shape = together(m_dm=m, m_x=heavy, alpha_x=alpha, v=v, m_phi=np.asarray(1.0) if phi is None else phi)
    unit = convert(1.0, "GeV^-2", "cm^2") / natural("dark_photon.gram", "1")
    if formula == "printed":
        if phi is not None:
            raise ParameterError("formula = 'printed' has no phi; leave out m_phi")
        x = m / heavy
        function = x * (3.0 - 20.0 * x**2 + 40.0 * x**4) / (1.0 - 4.0 * x**2) ** 2
        return (16.0 * np.pi * (alpha * v) ** 2 / heavy**3 * function * unit)[()]
    f_x = 8.0 * alpha * m / heavy**2
    total = np.broadcast_to(0.5 * f_x**2, shape)
    if phi is not None:
        strength = 4.0 * alpha * (m / heavy) ** 2 * m
        # integrals over the cosine, with z = 4 p^2/m_phi^2
        z = (m * v / phi) ** 2
        log = np.log1p(z) / z
        square, crossed = 2.0 / (1.0 + z), 2.0 * log / (1.0 + 0.5 * z)
        total = total + (strength / phi**2) ** 2 * (2.0 * square - crossed) - f_x * strength / phi**2 * 2.0 * log
    return (np.pi * total / m * unit)[()]


def _scalar_width(m: Array, coupling: Array) -> Array:
    """Width into charged leptons, for a coupling to them in units of their mass."""
    total = 0.0 * m * coupling
    for name in _LEPTONS:
        lepton = natural(name)
        total = total + (coupling * lepton) ** 2 * m / (8.0 * np.pi) * np.maximum(1.0 - (2.0 * lepton / m) ** 2, 0.0) ** 1.5
    return total


@public
def lifetime(
    m_phi: npt.ArrayLike,
    sin_theta: npt.ArrayLike = 0.0,
    epsilon: npt.ArrayLike = 0.0,
    m_x: npt.ArrayLike = 2.0,
    alpha_x: npt.ArrayLike = 1e-3,
) -> Array:
    """Lifetime of phi, through its mixing with the Higgs boson and through a loop with two X.

    Parameters
    ----------
    m_phi : array_like
        Mass of phi in GeV, 1e-6 to 0.27, below two pions.
    sin_theta : array_like
        Sine of the mixing angle, -1 to 1.
    epsilon : array_like
        Kinetic mixing, 0 to 1.
    m_x, alpha_x : array_like
        As for `couplings`; they matter for the loop only.

    Returns
    -------
    ndarray or float
        In seconds; infinite below two electrons or without mixing.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The coupling to a lepton is ``m_l [sin(theta)/v_H + 3 alpha epsilon^2/(2 pi w)]``, and
    ``Gamma = y^2 m_phi (1 - 4 m_l^2/m_phi^2)^(3/2)/(8 pi)``.
    The second term is the triangle of two X and a lepton, with ``2 m_X^2/w`` at its vertex and ``w = m_X/(2 g)``, for
    masses far below m_X.
    The decay into two photons through the mixing, which is 1e-4 of that into electrons at 4 MeV, is left out.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> print(f"{dark_photon.lifetime(0.004, 1e-4):.2f} s, {dark_photon.lifetime(0.004, 0.0, 1e-3, 2.0, 3e-4):.0e} s")
    0.11 s, 4e+05 s
    """
    m, sine = checked("m_phi", m_phi, 1e-6, 0.27, "GeV"), checked("sin_theta", sin_theta, -1.0, 1.0)
    mixing, alpha = checked("epsilon", epsilon, 0.0, 1.0), _alpha(alpha_x)
    heavy = checked("m_x", m_x, 1e-3, 1e4, "GeV")
    together(m_phi=m, sin_theta=sine, epsilon=mixing, m_x=heavy, alpha_x=alpha)
    vev = heavy / (2.0 * np.sqrt(4.0 * np.pi * alpha))
    loop = 3.0 * mixing**2 / (2.0 * np.pi * natural("1/alpha(0)", "1") * vev)
    width = _scalar_width(m, sine / v_higgs() + loop)
    with np.errstate(divide="ignore"):
        return convert(np.divide(1.0, width), "GeV^-1", "s")[()]


@public
def sigma_target(
    m_dm: npt.ArrayLike,
    m_x: npt.ArrayLike,
    alpha_x: npt.ArrayLike,
    epsilon: npt.ArrayLike = 0.0,
    m_phi: npt.ArrayLike = 0.004,
    sin_theta: npt.ArrayLike = 0.0,
    target: str = "xenon",
    exchange: str = "x",
) -> Array:
    """Cross-section of psi with a nucleus, as that of one nucleon, at the largest speed in the halo.

    Parameters
    ----------
    m_dm, m_x, alpha_x : array_like
        As for `couplings`.
    epsilon : array_like
        Kinetic mixing, 0 to 1.
    m_phi : array_like
        Mass of phi in GeV, 1e-6 to 1e3.
    sin_theta : array_like
        Sine of the mixing with the Higgs boson, -1 to 1.
    target : str
        One of `direct_detection.TARGETS` that is a nucleus.
    exchange : {"x", "phi"}
        The particle that is exchanged.

    Returns
    -------
    ndarray or float
        In GeV^-2, to be compared with the curves of `direct_detection`.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite, or a word unknown.

    Notes
    -----
    X has the axial current of psi on one side and the charge on the other:
    ``sigma = mu^2 (g epsilon e Z/A)^2/(pi m_X^4) v^2/2``, where ``v^2/2`` is the mean of ``v^2 - q^2/(4 mu_A^2)``.
    phi has ``mu^2 (kappa sin(theta) f_n m_n/v_H)^2/(pi (m_phi^2 + q^2)^2)``, the Higgs boson being heavy, at the largest q,
    where it is smallest; see `direct_detection.momentum_transfer`.

    Examples
    --------
    >>> from darkhiggs import units
    >>> from darkhiggs.rivals import dark_photon
    >>> for some in ({"epsilon": 1e-3}, {"sin_theta": 1e-4, "exchange": "phi"}):
    ...     print(f"{units.convert(dark_photon.sigma_target(0.5, 2.0, 3e-4, **some), 'GeV^-2', 'cm^2'):.1e}")
    1.7e-46
    3.1e-37
    """
    m, heavy = _masses(m_dm, m_x)
    alpha, mixing = _alpha(alpha_x), checked("epsilon", epsilon, 0.0, 1.0)
    phi, sine = checked("m_phi", m_phi, 1e-6, 1e3, "GeV"), checked("sin_theta", sin_theta, -1.0, 1.0)
    together(m_dm=m, m_x=heavy, alpha_x=alpha, epsilon=mixing, m_phi=phi, sin_theta=sine)
    choice("target", target, direct_detection.TARGETS[3:])
    nucleon = 0.5 * (natural("m_p") + natural("m_n"))
    reduced = m * nucleon / (m + nucleon)
    g, kappa = _couplings(m, heavy, alpha)
    if choice("exchange", exchange, ("x", "phi")) == "x":
        speed = natural("halo.escape", "1") + natural("halo.sun", "1")
        charge = natural(f"target.{target}.charge", "1") / natural(f"target.{target}.mass_number", "1")
        e = np.sqrt(4.0 * np.pi / natural("1/alpha(0)", "1"))
        amplitude = g * mixing * e * charge / heavy**2 * speed * np.sqrt(0.5)
    else:
        q = direct_detection.momentum_transfer(m, target, largest=True)
        amplitude = kappa * sine * natural("f_n", "1") * nucleon / v_higgs() / (phi**2 + q**2)
    return ((reduced * amplitude) ** 2 / np.pi)[()]


@public
def br_b_to_k(m_x: npt.ArrayLike, epsilon: npt.ArrayLike) -> Array:
    """Branching ratio of B+ -> K+ X by the kinetic mixing alone.

    Parameters
    ----------
    m_x : array_like
        Mass of X in GeV, 0.1 to 5.
    epsilon : array_like
        Kinetic mixing, 0 to 1.

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
    ``3 pi m_X^2 epsilon^2/alpha(M_Z)`` times the spectrum of a virtual photon,
    `photon_penguin.dbr_dq2_b_to_k_leptons` with ``axial=False``, which is good to a quarter.

    Examples
    --------
    >>> from darkhiggs.rivals import dark_photon
    >>> f"{dark_photon.br_b_to_k(2.0, 1e-3):.1e}"
    '8.2e-11'
    """
    m, mixing = checked("m_x", m_x, 0.1, 5.0, "GeV"), checked("epsilon", epsilon, 0.0, 1.0)
    together(m_x=m, epsilon=mixing)
    virtual = photon_penguin.dbr_dq2_b_to_k_leptons(m**2, axial=False)
    return (3.0 * np.pi * (m * mixing) ** 2 * natural("1/alpha(M_Z)", "1", "belle2") * virtual)[()]


def _limits(m: float, m_x: float, m_phi: float, tau: float) -> dict[str, constraints.Row]:
    """Limits at the relic coupling, with the mixing of phi for a lifetime in seconds; phi decays into electrons."""
    alpha, sine = alpha_for(m, m_phi, m_x=m_x), np.sqrt(lifetime(m_phi, 1.0) / tau)
    slow = p_wave(m, m_phi, alpha, m_x) * 6.0 * natural("dark_photon.T_cmb") / m
    shift = neutrinos.n_eff([neutrinos.Species(m_phi, 1, couples_to="e")]) - neutrinos.n_eff()
    speed = natural("talk.dark_photon.speed", "1")
    pion = meson_decays.br_k_to_pi_scalar(m_phi, sine)
    upper = meson_decays.br_k_to_pi_scalar(m_phi, constraints.mixing_limits(m_phi)["NA62"])
    # phi heats the electrons and lowers N_eff; its shift is held to the limit on one upwards
    found = {
        "kaons": constraints.compare(pion, "limit.NA62.upper", upper),
        "relic density": constraints.compare(omega_h2(m, m_phi, alpha, m_x), "Omega h^2"),
        "CMB": annihilation(float(slow), m, "ee", True),
        "N_eff": constraints.compare(np.abs(shift), "bound.delta_n_eff"),
        "direct detection": scattering(float(sigma_target(m, m_x, alpha, 0.0, m_phi, sine, exchange="phi")), m),
        "other": constraints.compare(sigma_over_mass(m, m_x, alpha, speed, m_phi), "dark_photon.clusters"),
    }
    return {kind: one for kind, one in found.items() if one is not None}


@public
def row(inputs: str = "talk") -> Row:
    """Hold X of 2 GeV and phi of 4 MeV against the data.

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
    >>> from darkhiggs.rivals import dark_photon
    >>> row = dark_photon.row()
    >>> print(f"{row.rate:.1e} {row.delta_chi2:.1f} {row.kstar:.2f}")
    8.6e-06 11.6 nan
    """
    with use(choice("inputs", inputs, sets())):
        m_x, m, m_phi, tau = _POINT
        spectrum = belle2.Spectrum.line(m_x)
        needed = belle2.Likelihood().fit_rate(spectrum).rate
        alpha = alpha_for(m, m_phi, m_x=m_x)
        sine = np.sqrt(lifetime(m_phi, 1.0) / tau)
        kaon = constraints.mixing_limits(m_phi)["NA62"]
        mixing, cap = np.sqrt(needed / br_b_to_k(m_x, 1.0)), natural("dark_photon.BaBar", "1")
        at_point = _limits(m, m_x, m_phi, tau)
        limit = direct_detection.nucleon_limit(m)
        scatter = [sigma_target(m, m_x, alpha, cap, m_phi, sine, exchange=exchange) / limit for exchange in ("x", "phi")]
        n_eff = neutrinos.n_eff([neutrinos.Species(m_phi, 1, couples_to="e")])
        measured = get("measured.n_eff")
        away = (n_eff - measured.value) / measured.uncertainty
        return against_the_data(
            "dark photon, freeze-out",
            "rival_dark_photon",
            spectrum,
            statements=("S41", "S49"),
            point=f"m_X = {m_x:g} GeV, m_DM = {m:g} GeV, m_phi = {1e3 * m_phi:g} MeV; limits at {1e3 * _HEAVIER:g} MeV",
            cells=_limits(m, m_x, _HEAVIER, tau),
            free={"K*": "an axial coupling of the quarks, which is not given, is small"},
            bears=(
                f"the relic density is the observed one at alpha_X = {alpha:.1e}",
                f"B -> K X by kinetic mixing alone needs epsilon = {mixing:.2f}, and BaBar allows {cap:g}",
                f"a lifetime of {tau:g} s needs sin(theta) = {sine:.1e}, and NA62 allows {kaon:.1e}",
                f"phi in equilibrium gives N_eff = {n_eff:.2f}, {abs(away):.1f} sigma from the measured one",
                f"scattering on nuclei is {scatter[0]:.0e} times its limit by X and {scatter[1]:.1g} times by phi",
                f"self-interaction at 1000 km/s is {at_point['other'].value:.2g} cm2/g",
                f"annihilation at recombination is below {at_point['CMB'].value / at_point['CMB'].limit:.0e} of its limit",
            ),
        )
