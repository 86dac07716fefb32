"""An axion-like particle a between quarks and dark matter chi, made in b -> s a and in b plasma: arXiv:2502.04900.

The interaction is, with flavour-violating and flavour-diagonal couplings of the b quark and a fermion chi of dark matter,

    L = d_m a/(2 f_a) [sbar gamma^m (C_V + C_A gamma5) b + h.c.] + d_m a/(2 f_a) C_bb bbar gamma^m gamma5 b
        + d_m a/(2 f_a) C_chi chibar gamma^m gamma5 chi.

The arguments are ratios in GeV^-1: ``coupling = C_V/f_a``, ``axial = C_A/f_a``, ``diagonal = C_bb/f_a``, ``dark = C_chi/f_a``.
A diagonal vector coupling drops out by the equations of motion, and an axial one acts as the pseudoscalar coupling m C/f_a.
The chi is a Dirac fermion; a Majorana fermion with the same Lagrangian has twice the width.

In the early universe the particles obey Maxwell-Boltzmann statistics.
The b quarks have their mass m_b, and the gluon is massless.
A mass m_a > 0 keeps the gluon away from zero energy in b bbar -> a g and b g -> b a, so that no thermal mass is needed.
Below the temperature `t_cut` there are no free quarks, and a is made and lost only by its own decays.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import belle2, form_factors, units
from .._arrays import Array, checked, choice, legendre, single, switch, together
from .._owned import Owned
from .._public import public
from .._rival_row import Row, against_the_data
from .._scalars import clip, kept, square_root
from ..inputs import cached, natural, sets, use
from ..kinematics import kallen
from ..limits import kstar_room
from ..thermodynamics import g_s, hubble

__all__ = [
    "Evolution",
    "br_b_to_k",
    "br_b_to_kstar",
    "br_b_to_xs",
    "evolve",
    "gamma_a_to_chi",
    "gamma_a_to_gluons",
    "gamma_b_to_s_alp",
    "mass_difference",
    "mass_for",
    "omega_h2",
    "production",
    "row",
    "sigma_bb_to_ag",
    "sigma_bg_to_ba",
    "warm_limit",
    "yield_off_shell",
]

# Range of the mass of a in GeV, of the couplings in GeV^-1 and of the widths in GeV.
_M_LOW, _M_HIGH, _G_MAX, _WIDTH_MAX = 0.1, 8.0, 1.0, 1.0
# First and last temperature in GeV, and steps in ln T above and below the cut.
_T_FIRST, _T_LAST, _STEPS = 100.0, 1e-5, (400, 400)
# Cross sections fall as 1/s and the Boltzmann factor to 1e-21 at this v, with sqrt(s) = threshold + T v^2.
_V_MAX, _NODES = 7.0, 64
# Spin, colour, particle and antiparticle: b decays; b bbar; b g and bbar g.
_DECAYING, _PAIRS, _WITH_GLUON = 12.0, 36.0, 192.0
# Root mean square momentum of a relativistic Fermi-Dirac gas over its temperature.
_FERMI = float(np.sqrt(15.0 * 1.0369277551433699 / 1.2020569031595942))
# mass of a in GeV and of chi in GeV of the row
_POINT = 2.0, 1e-3
# widths of a in GeV to chi and to visible particles for which chi is heavy enough
_SLOW = 1e-22, 1e-18


def _coupling(name: str, value: npt.ArrayLike) -> Array:
    return checked(name, value, -_G_MAX, _G_MAX, "GeV^-1")[()]


def _couplings(coupling: npt.ArrayLike, axial: npt.ArrayLike, diagonal: npt.ArrayLike) -> tuple[Array, ...]:
    names = {"coupling": coupling, "axial": axial, "diagonal": diagonal}
    return tuple(np.asarray(_coupling(name, value)) for name, value in names.items())


def _mass(m_a: npt.ArrayLike) -> Array:
    return checked("m_a", m_a, _M_LOW, _M_HIGH, "GeV")[()]


def _two_body(m_a: Array, m: float, m_1: float) -> tuple[npt.NDArray[np.bool_], Array, Array]:
    """Mask of the open decays, mass limited to their range, and square root of the Källén function in GeV^2."""
    inside = m_a <= m - m_1
    safe = clip(m_a, 0.0, m - m_1)
    return inside, safe, square_root(clip(kallen(m**2, m_1**2, safe**2), 0.0))


@public
def gamma_b_to_s_alp(m_a: npt.ArrayLike, coupling: npt.ArrayLike, axial: npt.ArrayLike = 0.0) -> Array:
    """Width of a free b quark for b -> s a.

    Parameters
    ----------
    m_a : array_like
        Mass of a in GeV, 0.1 to 8.
    coupling, axial : array_like
        Vector and axial coupling C_V/f_a and C_A/f_a in GeV^-1, -1 to 1.

    Returns
    -------
    ndarray or float
        Width in GeV; exactly zero for m_a above m_b - m_s.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``Gamma = K^(1/2)/(64 pi m_b^3 f_a^2) {C_V^2 m_-^2 (m_+^2 - m_a^2) + C_A^2 m_+^2 (m_-^2 - m_a^2)}`` with
    ``m_+- = m_b +- m_s`` and the Källén function K; ``(C_V^2 + C_A^2) m_b^3/(64 pi f_a^2)`` for massless s and a.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.gamma_b_to_s_alp(2.0, 1e-8):.3e}"
    '2.183e-17'
    """
    m_a, vector, gamma5 = _mass(m_a), _coupling("coupling", coupling), _coupling("axial", axial)
    together(m_a=np.asarray(m_a), coupling=np.asarray(vector), axial=np.asarray(gamma5))
    m_b, m_s = natural("m_b"), natural("m_s")
    inside, m, root = _two_body(m_a, m_b, m_s)
    low, high = m_b - m_s, m_b + m_s
    squares = (vector * low) ** 2 * (high**2 - m * m) + (gamma5 * high) ** 2 * (low**2 - m * m)
    return kept(inside, squares * root / (64.0 * np.pi * m_b**3))


@public
def br_b_to_xs(m_a: npt.ArrayLike, coupling: npt.ArrayLike, axial: npt.ArrayLike = 0.0) -> Array:
    """Inclusive branching ratio of B+ -> X_s a from the decay of the free b quark.

    Parameters
    ----------
    m_a, coupling, axial : array_like
        As in `gamma_b_to_s_alp`.

    Returns
    -------
    ndarray or float
        Width times the lifetime of B+, dimensionless.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.br_b_to_xs(2.0, 1e-8):.2e}"
    '5.43e-05'
    """
    return gamma_b_to_s_alp(m_a, coupling, axial) * natural("tau_B+", "GeV^-1")


@public
def br_b_to_k(
    m_a: npt.ArrayLike,
    coupling: npt.ArrayLike,
    charge: str = "+",
    *,
    form_factor: str = "HPQCD22",
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B -> K a.

    Parameters
    ----------
    m_a : array_like
        Mass of a in GeV, 0.1 to 8.
    coupling : array_like
        Vector coupling C_V/f_a in GeV^-1, -1 to 1.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    form_factor : {"HPQCD22", "BallZwicky"}
        Set for f_0.
    nuisance : array_like, shape (8,) or (toys, 8), default 0
        See `form_factors.b_to_k`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Width times lifetime, dimensionless; exactly zero for m_a above m_B - m_K.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``Gamma = (C_V/f_a)^2 (m_B^2 - m_K^2)^2 f_0(m_a^2)^2 K^(1/2)/(64 pi m_B^3)``; parity forbids the axial current.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.br_b_to_k(2.0, 1e-8):.3e}"
    '2.048e-05'
    """
    m_a, g = _mass(m_a), _coupling("coupling", coupling)
    together(m_a=np.asarray(m_a), coupling=np.asarray(g))
    choice("charge", charge, ("+", "0"))
    choice("form_factor", form_factor, form_factors.B_TO_K)
    m_b, m_k = natural(f"m_B{charge}"), natural(f"m_K{charge}")
    inside, m, root = _two_body(m_a, m_b, m_k)
    current = (m_b**2 - m_k**2) * form_factors.b_to_k(m * m, "f0", form_factor, nuisance=nuisance)
    width = (g * current) ** 2 * root / (64.0 * np.pi * m_b**3)
    return kept(inside, width * natural(f"tau_B{charge}", "GeV^-1", inputs))


@public
def br_b_to_kstar(
    m_a: npt.ArrayLike,
    axial: npt.ArrayLike,
    charge: str = "0",
    *,
    nuisance: npt.ArrayLike = 0.0,
    inputs: str = "belle2",
) -> Array:
    """Branching ratio of B -> K* a.

    Parameters
    ----------
    m_a : array_like
        Mass of a in GeV, 0.1 to 8.
    axial : array_like
        Axial coupling C_A/f_a in GeV^-1, -1 to 1.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    nuisance : array_like, shape (19,) or (toys, 19), default 0
        See `form_factors.b_to_kstar`.
    inputs : str
        Name of an input set.

    Returns
    -------
    ndarray or float
        Width times lifetime, dimensionless; exactly zero for m_a above m_B - m_K*.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``Gamma = (C_A/f_a)^2 A_0(m_a^2)^2 K^(3/2)/(64 pi m_B^3)``; the divergence of the vector current has no B -> K* element.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.br_b_to_kstar(2.0, 1e-8):.3e}"
    '2.052e-05'
    """
    m_a, g = _mass(m_a), _coupling("axial", axial)
    together(m_a=np.asarray(m_a), axial=np.asarray(g))
    choice("charge", charge, ("+", "0"))
    m_b, m_v = natural(f"m_B{charge}"), natural(f"m_K*{charge}")
    inside, m, root = _two_body(m_a, m_b, m_v)
    width = (g * form_factors.b_to_kstar(m * m, "A0", nuisance=nuisance)) ** 2 * (root * root * root) / (64.0 * np.pi * m_b**3)
    return kept(inside, width * natural(f"tau_B{charge}", "GeV^-1", inputs))


@public
def mass_difference(m_a: npt.ArrayLike, axial: npt.ArrayLike) -> Array:
    """Share of the mass difference of the B_s mesons that the exchange of a makes.

    Parameters
    ----------
    m_a : array_like
        Mass of a in GeV, 0.1 to 5.
    axial : array_like
        Axial coupling C_A/f_a in GeV^-1, -1 to 1.

    Returns
    -------
    ndarray or float
        Size of the change of the mass difference over the measured one, dimensionless.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    B_s mixes with a by ``<0|d_m(sbar gamma^m gamma5 b)|B_s> = f_Bs m_Bs^2``, which gives
    ``2 |M_12| = (C_A/f_a)^2 f_Bs^2 m_Bs^3/(4 |m_Bs^2 - m_a^2|)`` in the approximation of one intermediate vacuum.
    A vector coupling of the same size contributes at the same order through other matrix elements.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.mass_difference(2.0, 1e-8):.1e}"
    '7.1e-07'
    """
    m_a, g = checked("m_a", m_a, _M_LOW, 5.0, "GeV")[()], _coupling("axial", axial)
    together(m_a=np.asarray(m_a), axial=np.asarray(g))
    m = natural("m_Bs")
    return (g * natural("f_Bs")) ** 2 * m**3 / (4.0 * (m * m - m_a * m_a)) / natural("alp.delta_m_bs")


@public
def gamma_a_to_chi(m_a: npt.ArrayLike, m_chi: npt.ArrayLike, dark: npt.ArrayLike, majorana: bool = False) -> Array:
    """Width of a into a pair of dark matter.

    Parameters
    ----------
    m_a : array_like
        Mass of a in GeV, 0.1 to 8.
    m_chi : array_like
        Mass of chi in GeV, 1e-9 to 10.
    dark : array_like
        Coupling C_chi/f_a in GeV^-1, 0 to 1e9.
    majorana : bool
        A Majorana fermion with the same Lagrangian, in place of a Dirac fermion.

    Returns
    -------
    ndarray or float
        Width in GeV; exactly zero below the threshold.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``Gamma = (C_chi m_chi/f_a)^2 m_a beta/(8 pi)``.
    For a Majorana fermion it is twice as much: the amplitude doubles, and the phase space of identical particles is halved.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.gamma_a_to_chi(2.0, 1e-3, 1e-8):.2e}"
    '7.96e-24'
    """
    m_a = _mass(m_a)
    m_chi = checked("m_chi", m_chi, 1e-9, 10.0, "GeV")[()]
    dark = checked("dark", dark, 0.0, 1e9, "GeV^-1")[()]
    together(m_a=np.asarray(m_a), m_chi=np.asarray(m_chi), dark=np.asarray(dark))
    beta = square_root(clip(1.0 - 4.0 * (m_chi / m_a) ** 2, 0.0))
    return (2.0 if switch("majorana", majorana) else 1.0) * (dark * m_chi) ** 2 * m_a * beta / (8.0 * np.pi)


@public
def gamma_a_to_gluons(m_a: npt.ArrayLike, diagonal: npt.ArrayLike) -> Array:
    """Width of a into gluons through a loop of b quarks, the only decay to hadrons that C_bb alone allows at this order.

    Parameters
    ----------
    m_a : array_like
        Mass of a in GeV, 0.1 to 8.
    diagonal : array_like
        Coupling C_bb/f_a in GeV^-1, -1 to 1.

    Returns
    -------
    ndarray or float
        Width in GeV.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``Gamma = alpha_s^2 m_a^3 (C_bb/f_a)^2/(32 pi^3) [1 - tau arcsin^2(tau^(-1/2))]^2`` with ``tau = 4 m_b^2/m_a^2``.
    The derivative coupling cancels the anomaly, so that a heavy quark decouples: the bracket is -m_a^2/(12 m_b^2).

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.gamma_a_to_gluons(2.0, 1e-8):.1e}"
    '1.6e-23'
    """
    m_a, g = _mass(m_a), _coupling("diagonal", diagonal)
    together(m_a=np.asarray(m_a), diagonal=np.asarray(g))
    tau = (2.0 * natural("m_b") / m_a) ** 2
    loop = 1.0 - tau * np.arcsin(tau**-0.5) ** 2
    return (natural("alp.alpha_s", "1") * g * loop) ** 2 * m_a**3 / (32.0 * np.pi**3)


def _strength() -> float:
    """Squared strong coupling."""
    return 4.0 * np.pi * natural("alp.alpha_s", "1")


def _pair(s: Array, m_a: Array, m_b: float) -> Array:
    """Cross section of b bbar -> a g in GeV^-2 for C_bb/f_a = 1/GeV, above threshold."""
    a = m_a * m_a
    beta = np.sqrt(1.0 - 4.0 * m_b**2 / s)
    n = s - a
    log = np.arctanh(beta)
    # integrals of n^2/(tu) and n^4/(tu)^2 over t, with t = -n (1 - beta cos)/2
    first = 4.0 * n * log
    second = 8.0 * n * (beta * s / (4.0 * m_b**2) + log)
    total = 4.0 * m_b**2 * (first * (1.0 + 2.0 * a / n + 2.0 * (a / n) ** 2) - 2.0 * a * m_b**2 / n**2 * second)
    # colours 4/9, spins 1/4
    return _strength() * total / 9.0 / (16.0 * np.pi * s * s * beta**2)


def _gluon(s: Array, m_a: Array, m_b: float) -> Array:
    """Cross section of b g -> b a in GeV^-2 for C_bb/f_a = 1/GeV, above threshold."""
    a, b = m_a * m_a, m_b**2
    c = s - b
    root = np.sqrt(np.maximum(kallen(s, b, a), 0.0))
    # u - m_b^2 = m_a^2 - 2 p_b p_a runs over centre +- half
    centre, half = a - (s + b) * (s + a - b) / (2.0 * s), c * root / (2.0 * s)
    low, high = centre - half, centre + half
    log = np.log(high / low)
    area, square, inverse = 2.0 * half, 2.0 * centre * half, 2.0 * half / (low * high)
    bracket = c * log + square / c + 2.0 * area - 2.0 * a * (area / c + log) + 2.0 * a * a * log / c
    bracket = bracket - 2.0 * a * b * (area / c**2 + 2.0 * log / c + inverse)
    # colours 1/6, spins 1/4
    return -_strength() * 4.0 * b * bracket / 24.0 / (16.0 * np.pi * c * c)


@public
def sigma_bb_to_ag(s: npt.ArrayLike, m_a: npt.ArrayLike, diagonal: npt.ArrayLike) -> Array:
    """Cross section of b bbar -> a g, averaged over spins and colours.

    Parameters
    ----------
    s : array_like
        Squared energy in GeV^2, 0 to 1e8.
    m_a : array_like
        Mass of a in GeV, 0.1 to 8.
    diagonal : array_like
        Coupling C_bb/f_a in GeV^-1, -1 to 1.

    Returns
    -------
    ndarray or float
        Cross section in GeV^-2; zero up to s = 4 m_b^2, above which it diverges as the inverse velocity.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    With ``T = t - m_b^2``, ``U = u - m_b^2`` and ``N = -(T + U) = s - m_a^2`` the sum over spins is, without colour,
    ``4 g_s^2 m_b^2 (C_bb/f_a)^2 [N^2/(TU) + 2 m_a^2 N/(TU) + 2 m_a^4/(TU) - 2 m_a^2 m_b^2 N^2/(TU)^2]``.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.sigma_bb_to_ag(100.0, 2.0, 1e-8):.2e}"
    '3.51e-18'
    """
    s, m_a = checked("s", s, 0.0, 1e8, "GeV^2")[()], _mass(m_a)
    g, m_b = _coupling("diagonal", diagonal), natural("m_b")
    together(s=np.asarray(s), m_a=np.asarray(m_a), diagonal=np.asarray(g))
    inside = (s > 4.0 * m_b**2) & (s > m_a * m_a)
    return kept(inside, g * g * _pair(np.where(inside, s, 1e3)[()], m_a, m_b))


@public
def sigma_bg_to_ba(s: npt.ArrayLike, m_a: npt.ArrayLike, diagonal: npt.ArrayLike) -> Array:
    """Cross section of b g -> b a, averaged over spins and colours.

    Parameters
    ----------
    s : array_like
        Squared energy in GeV^2, 0 to 1e8.
    m_a : array_like
        Mass of a in GeV, 0.1 to 8.
    diagonal : array_like
        Coupling C_bb/f_a in GeV^-1, -1 to 1.

    Returns
    -------
    ndarray or float
        Cross section in GeV^-2; exactly zero below the threshold (m_b + m_a)^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    With ``S = s - m_b^2`` and ``U = u - m_b^2`` the sum over spins is, without colour, ``-4 g_s^2 m_b^2 (C_bb/f_a)^2``
    times ``(S + U)^2/(SU) - 2 m_a^2 (S + U)/(SU) + 2 m_a^4/(SU) - 2 m_a^2 m_b^2 (S + U)^2/(SU)^2``.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.sigma_bg_to_ba(100.0, 2.0, 1e-8):.2e}"
    '1.01e-19'
    """
    s, m_a = checked("s", s, 0.0, 1e8, "GeV^2")[()], _mass(m_a)
    g, m_b = _coupling("diagonal", diagonal), natural("m_b")
    together(s=np.asarray(s), m_a=np.asarray(m_a), diagonal=np.asarray(g))
    inside = s > (m_b + m_a) ** 2
    return kept(inside, g * g * _gluon(np.where(inside, s, 1e4)[()], m_a, m_b))


def _bessel(order: int, x: Array) -> Array:
    """Bessel function K times exp(x)."""
    from scipy.special import kve  # type: ignore[import-untyped]

    return np.asarray(kve(order, x))


def _equilibrium(T: Array, m: Array) -> Array:
    """Density of one state in GeV^3, Maxwell-Boltzmann."""
    return m * m * T / (2.0 * np.pi**2) * _bessel(2, m / T) * np.exp(-m / T)


def _reactions(T: Array, m_a: Array) -> tuple[Array, Array, Array]:
    """Reactions per equilibrium particle a in GeV: of b of unit width, of b bbar and of b g for C_bb/f_a = 1/GeV."""
    m_b = natural("m_b")
    x = m_b / T
    number = m_a * m_a * T / (2.0 * np.pi**2) * _bessel(2, m_a / T)
    decays = _DECAYING * m_b**2 * T / (2.0 * np.pi**2) * _bessel(1, x) * np.exp((m_a - m_b) / T) / number
    nodes, weights = legendre(_NODES)
    v = _V_MAX * nodes
    found = []
    for threshold, states, sigma in ((2.0 * m_b, _PAIRS, _pair), (m_b + m_a, _WITH_GLUON, _gluon)):
        y = threshold + T[..., None] * v**2
        s = y * y
        flux = s * (s - 4.0 * m_b**2) if sigma is _pair else (s - m_b**2) ** 2
        z = y / T[..., None]
        factor = _bessel(1, z) * np.exp(m_a / T[..., None] - z)
        integral = np.sum(weights * 2.0 * v * _V_MAX * flux * sigma(s, m_a, m_b) * factor, axis=-1)
        # T/(32 pi^4) ds/sqrt(s), ds = 2 sqrt(s) T d(v^2)
        found.append(states * T**2 / (16.0 * np.pi**4) * integral / number)
    return decays, found[0], found[1]


@public
def production(
    T: npt.ArrayLike,
    m_a: float,
    coupling: npt.ArrayLike,
    axial: npt.ArrayLike = 0.0,
    diagonal: npt.ArrayLike = 0.0,
) -> Array:
    """Rate at which a plasma of b quarks makes a, over that which keeps a in equilibrium.

    Parameters
    ----------
    T : array_like
        Temperature in GeV, 0.05 to 100.
    m_a : float
        Mass of a in GeV, 0.1 to 4.
    coupling, axial, diagonal : array_like
        Couplings C_V/f_a, C_A/f_a and C_bb/f_a in GeV^-1, -1 to 1.

    Returns
    -------
    ndarray, shape (3,) + broadcast shape
        Reactions per unit volume and time of b -> s a, b bbar -> a g and b g -> b a, with their antiparticles, over
        ``H n_a`` with the equilibrium density n_a; a thermalises where the sum is above one.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    Decays: ``12 m_b^2 T/(2 pi^2) K_1(m_b/T) Gamma(b -> s a)``.
    Collisions: ``g_1 g_2 T/(32 pi^4) Int ds sigma K(s, m_1^2, m_2^2)/s^(1/2) K_1(s^(1/2)/T)``, with 36 and 192 states.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> print(alp.production(1.0, 2.0, 1e-8, 0.0, 1e-8).round(2))
    [40.37  0.27  0.22]
    """
    T = checked("T", T, 0.05, _T_FIRST, "GeV")
    m = single("m_a", m_a, _M_LOW, 4.0, "GeV")
    vector, gamma5, g = _couplings(coupling, axial, diagonal)
    together(T=T, coupling=vector, axial=gamma5, diagonal=g)
    width = gamma_b_to_s_alp(m, vector, gamma5)
    decays, pairs, gluons = (rate / hubble(T) for rate in _reactions(T, np.asarray(m)))
    return np.stack(np.broadcast_arrays(decays * width, pairs * g * g, gluons * g * g))


@dataclass(frozen=True, eq=False, repr=False)
class Evolution(Owned):
    """The particles a and chi through the early universe.

    Parameters
    ----------
    T : ndarray, shape (n,)
        Temperatures in GeV, falling.
    y_a, y_equilibrium, y_chi : ndarray, shape (n,) + shape
        Densities over the entropy density of a, of a in equilibrium, and of chi with its antiparticle.
    y_final : ndarray
        Density of chi with its antiparticle over the entropy density after the last decay of a.
    momentum : ndarray
        Root mean square momentum of chi today in GeV.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> alp.evolve(2.0, 6e-9, [1e-23, 1e-22]).y_chi.shape
    (801, 2)
    """

    T: Array
    y_a: Array
    y_equilibrium: Array
    y_chi: Array
    y_final: Array
    momentum: Array


@cached
def _plasma(m_a: float, t_cut: float) -> tuple[Array, ...]:
    """Edges in T; steps of ln(scale factor), three rates, dilation, all over H, squared momentum of chi; Y_eq at the edges."""
    edges = np.concatenate([np.geomspace(_T_FIRST, t_cut, _STEPS[0] + 1), np.geomspace(t_cut, _T_LAST, _STEPS[1] + 1)[1:]])
    log_a = -np.log(edges * np.cbrt(g_s(edges)))
    middle = np.sqrt(edges[1:] * edges[:-1])
    h = hubble(middle)
    free = middle > t_cut
    rates = tuple(np.where(free, rate, 0.0) / h for rate in _reactions(np.where(free, middle, 1.0), np.asarray(m_a)))
    x = m_a / middle
    k_2 = _bessel(2, x)
    # (E^2 + p^2/3)/4 averaged over the decays, that is with the weight m/E, which makes <p^2> = 3 m T K_2/K_1; scaled to today
    squared = 0.25 * (m_a**2 + 4.0 * m_a * middle * k_2 / _bessel(1, x))
    today = natural("T_CMB") * np.cbrt(g_s(_T_LAST))
    squared = squared * (today / middle) ** 2 / np.cbrt(g_s(middle)) ** 2
    entropy = 2.0 * np.pi**2 / 45.0 * g_s(edges) * edges**3
    return edges, np.diff(log_a), *rates, _bessel(1, x) / k_2 / h, squared, _equilibrium(edges, np.asarray(m_a)) / entropy


def _cut(t_cut: float | None) -> float:
    value = natural("alp.t_cut") if t_cut is None else t_cut
    return single("t_cut", value, 0.1, 2.0, "GeV")


@public
def evolve(
    m_a: float,
    coupling: npt.ArrayLike,
    width: npt.ArrayLike,
    *,
    axial: npt.ArrayLike = 0.0,
    diagonal: npt.ArrayLike = 0.0,
    visible: npt.ArrayLike = 0.0,
    t_cut: float | None = None,
) -> Evolution:
    """Solve the Boltzmann equations of a and of the dark matter from its decays.

    Parameters
    ----------
    m_a : float
        Mass of a in GeV, 0.1 to 4.
    coupling : array_like
        Coupling C_V/f_a in GeV^-1, -1 to 1.
    width : array_like
        Width of a -> chi chibar in GeV, 1e-40 to 1.
    axial, diagonal : array_like
        Couplings C_A/f_a and C_bb/f_a in GeV^-1, -1 to 1.
    visible : array_like
        Width of a into particles of the plasma other than b quarks in GeV, 0 to 1.
    t_cut : float, optional
        Temperature in GeV below which there are no free quarks, 0.1 to 2; by default the input "alp.t_cut".

    Returns
    -------
    Evolution
        From 100 GeV, without a and chi, to 1e-5 GeV; `y_final` adds what decays later.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    With N the logarithm of the scale factor, at constant entropy,
    ``dY_a/dN = R (Y_eq - Y_a) - D Y_a`` and ``dY_chi/dN = 2 D Y_a``, ``D = Gamma(a -> chi chibar) K_1(m_a/T)/[K_2(m_a/T) H]``.
    R is the sum of `production` and of the visible decays.
    The equations are linear, and each of the 800 steps is solved exactly with its coefficients at the middle.
    Annihilation of chi back to a is left out: the result is too large where Y_chi reaches its equilibrium value, about 0.01.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.evolve(2.0, 6e-9, 1e-23).y_final:.1e}"
    '3.8e-04'
    """
    m, cut = single("m_a", m_a, _M_LOW, 4.0, "GeV"), _cut(t_cut)
    vector, gamma5, g = _couplings(coupling, axial, diagonal)
    dark = checked("width", width, 1e-40, _WIDTH_MAX, "GeV")
    seen = checked("visible", visible, 0.0, _WIDTH_MAX, "GeV")
    shape = together(coupling=vector, axial=gamma5, diagonal=g, width=dark, visible=seen)
    quark = gamma_b_to_s_alp(m, vector, gamma5)
    edges, steps, decays, pairs, gluons, dilation, squared, equilibrium = _plasma(m, cut)
    square = g * g
    y, chi, moment = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    path_a, path_chi = [y], [chi]
    for i, step in enumerate(steps):
        rate = decays[i] * quark + (pairs[i] + gluons[i]) * square + dilation[i] * seen
        loss = dilation[i] * dark
        total = rate + loss
        target = rate / total * np.sqrt(equilibrium[i] * equilibrium[i + 1])
        decay = -np.expm1(-total * step)
        # Int Y dN of the exact solution
        made = 2.0 * loss * (target * step + (y - target) * decay / total)
        y = y + (target - y) * decay
        chi, moment = chi + made, moment + made * squared[i]
        path_a.append(y)
        path_chi.append(chi)
    rest = 2.0 * y * dark / (dark + seen)
    final = chi + rest
    # what is left decays at rest when H = Gamma
    late = (0.5 * m * natural("T_CMB") / _T_LAST) ** 2 * np.maximum(hubble(_T_LAST) / (dark + seen), 1.0)
    ones = (-1,) + (1,) * len(shape)
    return Evolution(
        edges,
        np.array(path_a),
        equilibrium.reshape(ones) * np.ones(shape),
        np.array(path_chi),
        final[()],
        np.sqrt((moment + rest * late) / np.where(final > 0.0, final, 1.0))[()],
    )


def _today() -> tuple[float, float]:
    """Entropy density in GeV^3 and critical density over h^2 in GeV^4 of today."""
    entropy = 2.0 * np.pi**2 / 45.0 * g_s(_T_LAST) * natural("T_CMB") ** 3
    return float(entropy), float(3.0 / (8.0 * np.pi) * (units.convert(100.0, "km/s/Mpc", "GeV") * natural("M_Pl")) ** 2)


@public
def mass_for(solution: Evolution, omega_h2: float | None = None) -> Array:
    """Mass of chi that makes all of the dark matter.

    Parameters
    ----------
    solution : Evolution
        Result of `evolve`.
    omega_h2 : float, optional
        Density of dark matter, 1e-6 to 10; by default the measured one.

    Returns
    -------
    ndarray or float
        Mass in GeV.

    Raises
    ------
    ParameterError
        If the density is out of range, or the solution is not one.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{1e6 * alp.mass_for(alp.evolve(2.0, 6e-9, 1e-23)):.1f} keV"
    '1.1 keV'
    """
    value = natural("Omega h^2", "1") if omega_h2 is None else single("omega_h2", omega_h2, 1e-6, 10.0)
    entropy, critical = _today()
    return np.asarray(value * critical / (entropy * solution.y_final))[()]


@public
def warm_limit(solution: Evolution) -> Array:
    """Smallest mass of chi that the Lyman-alpha forest allows, if chi is all of the dark matter.

    Parameters
    ----------
    solution : Evolution
        Result of `evolve`.

    Returns
    -------
    ndarray or float
        Mass in GeV.

    Raises
    ------
    ParameterError
        If the solution is not one.

    Notes
    -----
    The root mean square velocity is set equal to that of a thermal relic at the published limit: its temperature follows from
    ``Omega h^2 = (T_X/T_nu)^3 m/94.1 eV``, and its momentum is 3.6 T_X.
    For freeze-in by decays this gives the 15 keV of arXiv:2111.09321 within its printed digits.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{1e6 * alp.warm_limit(alp.evolve(2.0, 6e-9, 1e-23)):.0f} keV"
    '3794 keV'
    """
    mass = natural("alp.wdm_mass")
    t_nu = np.cbrt(4.0 / 11.0) * natural("T_CMB")
    t_x = t_nu * np.cbrt(natural("Omega h^2", "1") * 94.1e-9 / mass)
    return np.asarray(mass * solution.momentum / (_FERMI * t_x))[()]


@public
def omega_h2(
    m_chi: npt.ArrayLike,
    m_a: float,
    coupling: npt.ArrayLike,
    dark: npt.ArrayLike,
    *,
    axial: npt.ArrayLike = 0.0,
    diagonal: npt.ArrayLike = 0.0,
    visible: npt.ArrayLike = 0.0,
    majorana: bool = False,
    t_cut: float | None = None,
) -> Array:
    """Density of chi from the decays of a, in and out of equilibrium.

    Parameters
    ----------
    m_chi : array_like
        Mass of chi in GeV, 1e-9 to 10.
    m_a : float
        Mass of a in GeV, 0.1 to 4.
    coupling : array_like
        Coupling C_V/f_a in GeV^-1, -1 to 1.
    dark : array_like
        Coupling C_chi/f_a in GeV^-1, 0 to 1e9.
    axial, diagonal : array_like
        Couplings C_A/f_a and C_bb/f_a in GeV^-1, -1 to 1.
    visible : array_like
        Width of a into particles of the plasma other than b quarks in GeV, 0 to 1.
    majorana : bool
        See `gamma_a_to_chi`.
    t_cut : float, optional
        See `evolve`.

    Returns
    -------
    ndarray or float
        Omega h^2 of chi and its antiparticle; zero if a cannot decay to the pair.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.omega_h2(1e-3, 2.0, 6e-9, 1e-8):.0f}"
    '105'
    """
    chi, g_chi = checked("m_chi", m_chi, 1e-9, 10.0, "GeV"), checked("dark", dark, 0.0, 1e9, "GeV^-1")
    vector, gamma5, g = _couplings(coupling, axial, diagonal)
    seen = checked("visible", visible, 0.0, _WIDTH_MAX, "GeV")
    together(m_chi=chi, coupling=vector, dark=g_chi, axial=gamma5, diagonal=g, visible=seen)
    width = np.asarray(gamma_a_to_chi(single("m_a", m_a, _M_LOW, 4.0, "GeV"), chi, g_chi, majorana))
    found = evolve(m_a, vector, np.maximum(width, 1e-40), axial=gamma5, diagonal=g, visible=seen, t_cut=t_cut)
    entropy, critical = _today()
    return np.where(width > 0.0, chi * found.y_final * entropy / critical, 0.0)[()]


@public
def yield_off_shell(m_chi: float, m_a: float, diagonal: float, dark: float) -> float:
    """Density over entropy of chi from b bbar -> a* -> chi chibar, which never passes the mass shell of a.

    Parameters
    ----------
    m_chi : float
        Mass of chi in GeV, 1e-9 to 4.
    m_a : float
        Mass of a in GeV, 0.1 to 4.
    diagonal, dark : float
        Couplings C_bb/f_a in GeV^-1, 0 to 1, and C_chi/f_a in GeV^-1, 0 to 1e9.

    Returns
    -------
    float
        Chi and its antiparticle.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``sigma = (C_bb m_b/f_a)^2 (C_chi m_chi/f_a)^2 s beta_chi/[48 pi beta_b (s - m_a^2)^2]`` for a Dirac fermion.
    The temperatures run from 100 GeV to the input "alp.t_cut".

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> f"{alp.yield_off_shell(1e-3, 2.0, 6e-9, 1e-8):.0e}"
    '2e-25'
    """
    m_chi = single("m_chi", m_chi, 1e-9, 4.0, "GeV")
    m_a = single("m_a", m_a, _M_LOW, 4.0, "GeV")
    g, d = single("diagonal", diagonal, 0.0, _G_MAX, "GeV^-1"), single("dark", dark, 0.0, 1e9, "GeV^-1")
    m_b = natural("m_b")
    edges = np.geomspace(_T_FIRST, natural("alp.t_cut"), _STEPS[0] + 1)
    steps = -np.diff(np.log(edges * np.cbrt(g_s(edges))))
    T = np.sqrt(edges[1:] * edges[:-1])
    nodes, weights = legendre(_NODES)
    v = _V_MAX * nodes
    y = 2.0 * m_b + T[:, None] * v**2
    s = y * y
    # sigma s (s - 4 m_b^2) without the couplings
    flux = s**3 * np.sqrt(1.0 - 4.0 * m_b**2 / s) * np.sqrt(1.0 - 4.0 * m_chi**2 / s) / (48.0 * np.pi * (s - m_a**2) ** 2)
    z = y / T[:, None]
    integral = np.sum(weights * 2.0 * v * _V_MAX * flux * _bessel(1, z) * np.exp(-z), axis=-1)
    reactions = _PAIRS * T**2 / (16.0 * np.pi**4) * integral * (g * m_b * d * m_chi) ** 2
    entropy = 2.0 * np.pi**2 / 45.0 * g_s(T) * T**3
    return float(2.0 * np.sum(reactions / (entropy * hubble(T)) * steps))


@public
def row(inputs: str = "talk") -> Row:
    """Hold an axion-like particle of 2 GeV with a vector coupling against the data.

    Parameters
    ----------
    inputs : str
        Name of an input set.

    Returns
    -------
    Row
        See `rivals.summary`; the K* comes from the axial coupling, a free parameter, which is set to zero.

    Raises
    ------
    ParameterError
        If the set is unknown.

    Examples
    --------
    >>> from darkhiggs.rivals import alp
    >>> row = alp.row()
    >>> print(f"{row.rate:.1e} {row.delta_chi2:.1f} {row.kstar:.1f}")
    8.6e-06 11.6 0.0
    """
    with use(choice("inputs", inputs, sets())):
        m_a, m_chi = _POINT
        spectrum = belle2.Spectrum.line(m_a)
        rate = belle2.Likelihood().fit_rate(spectrum).rate
        g = float(np.sqrt(rate / br_b_to_k(m_a, 1.0)))
        most = float(np.sqrt(kstar_room() / br_b_to_kstar(m_a, g)))
        thermal = production(np.geomspace(0.2, 5.0, 60), m_a, g).sum(axis=0).max()
        late = evolve(m_a, g, 1e-23)
        chi, warm = mass_for(late), warm_limit(late)
        relic = omega_h2(m_chi, m_a, g, 1e-8) / natural("Omega h^2", "1")
        dark, seen = _SLOW
        slow = evolve(m_a, g, dark, visible=seen)
        heavy = float(mass_for(slow))
        free = f"m_chi = {1e6 * heavy:.0f} keV, where a decays visibly with {seen:.0e} GeV and to chi with {dark:.0e} GeV"
        xs = br_b_to_xs(m_a, g) / natural("alp.br_xs_limit", "1")
        return against_the_data(
            "ALP, freeze-in",
            "rival_alp",
            spectrum,
            statements=("S39", "S40"),
            point=f"m_a = {m_a:g} GeV, vector coupling alone",
            kstar=0.0,
            free={"relic density": free} if heavy > warm_limit(slow) else {},
            bears=(
                f"C_V/f_a = {g:.1e} GeV^-1, f_a/C_V = {1 / g:.1e} GeV",
                f"reactions are {thermal:.0f} times as fast as the expansion: a is not frozen in",
                f"if a decays to chi alone, m_chi = {1e6 * chi:.1f} keV makes all of it, 1 MeV {relic:.0f} times as much",
                f"the Lyman-alpha forest asks for {1e6 * warm:.0f} keV or more",
                f"K* leaves |C_A/C_V| up to {most:.2f}",
                f"B -> X_s is at {xs:.2f} of its limit, B_s mixing changes by {mass_difference(m_a, g):.0e} for C_A = C_V",
                "kaon decays, the Higgs boson, direct detection and the CMB see nothing at tree level",
            ),
        )
