"""The singlet scalar of 2004: a real scalar S as dark matter, coupled to the Higgs boson alone, hep-ph/0401195.

``-L = m_0^2 S^2/2 + lambda S^2 |H|^2`` contains ``lambda v_H h S^2``.
The same coupling makes the pairs S S of b -> s S S, their annihilation in the early universe and the decay h -> S S.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import belle2, cmb, light_higgs, relic, standard_model
from .._arrays import Array, checked, choice, legendre, switch, together
from .._higgs_invisible import branching_ratio, checked_limit, room
from .._off_shell import at_unit_mixing
from .._public import public
from .._rival_row import Row, against_the_data, annihilation, scattering
from ..constraints import compare
from ..errors import ParameterError
from ..inputs import natural, sets, use
from ..kinematics import kallen
from ..meson_decays import br_b_to_k_scalar, br_b_to_kstar_scalar
from ..model import v_higgs

__all__ = [
    "HADRONS",
    "amplitude_ratio",
    "br_b_to_k",
    "br_b_to_k_2004",
    "br_b_to_kstar",
    "br_higgs_invisible",
    "coupling_for",
    "coupling_for_rate",
    "coupling_max",
    "coupling_max_cmb",
    "dbr_dq2_b_to_k",
    "gamma_higgs_to_ss",
    "gamma_virtual_higgs",
    "loop_size",
    "momentum_fraction",
    "row",
    "sigma_nucleon",
    "sigma_v",
    "spectra",
]

#: Descriptions of the hadronic width of a light Higgs boson; the first one is the default.
HADRONS = ("Winkler19", "Donoghue90", "chiral")
# their names in `light_higgs`
_NAMES = dict(zip(HADRONS, light_higgs.HADRONS, strict=True))
_NODES = 64
# Steps of the iteration in ln(lambda^2); Omega h^2 is proportional to lambda^-2 up to logarithms.
_STEPS = 5
_ANY_MASS = 1e4
# masses in GeV among which the best one is looked for
_MASSES = np.arange(1, 43) / 20.0


def _m_h(m_h: npt.ArrayLike | None) -> Array:
    return np.asarray(natural("m_h")) if m_h is None else checked("m_h", m_h, 20.0, 1e3, "GeV")


def _coupling(coupling: npt.ArrayLike) -> Array:
    return checked("coupling", coupling, 0.0, 1e6)


@public
def amplitude_ratio(coupling: npt.ArrayLike, m_h: npt.ArrayLike | None = None, m_top: npt.ArrayLike | None = None) -> Array:
    """Ratio C_DM/C_nu of the amplitudes of b -> s S S and b -> s nu nubar.

    Parameters
    ----------
    coupling : array_like
        Coupling lambda of S to the Higgs field, 0 to 1e6.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.
    m_top : array_like, optional
        Mass of the top quark in GeV, 100 to 300; by default the input m_t.

    Returns
    -------
    ndarray or float
        Dimensionless, positive.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The interaction is ``(1/2) C_DM m_b sbar_L b_R S^2 - C_nu sbar_L gamma b_L nubar_L gamma nu_L``.
    The penguin ``kappa h sbar_L b_R`` and ``lambda v_H h S^2`` give ``C_DM = 2 kappa lambda v_H/(m_b m_h^2)``, which is
    ``3 g_W^2 |V_ts* V_tb| x_t lambda/(32 pi^2 m_h^2)`` for the one-loop kappa.
    With the leading-order C_nu the ratio is ``(3 x_t/2)/X_0(x_t)`` times ``lambda M_W^2/(g_W^2 m_h^2)``.

    Examples
    --------
    >>> from darkhiggs import model
    >>> from darkhiggs.rivals import singlet
    >>> f"{singlet.amplitude_ratio(1.0, 125.0) * 4.0 * 125.0**2 / model.v_higgs()**2:.3f}"
    '4.366'
    """
    coupling, m_h = _coupling(coupling), _m_h(m_h)
    m_top = np.asarray(natural("m_t")) if m_top is None else checked("m_top", m_top, 100.0, 300.0, "GeV")
    together(coupling=coupling, m_h=m_h, m_top=m_top)
    x_t = (m_top / natural("m_W")) ** 2
    # M_W^2/g_W^2 = v_H^2/4
    value: Array = 1.5 * x_t / standard_model.inami_lim(m_top) * coupling * v_higgs() ** 2 / (4.0 * m_h**2)
    return value[()]


def _pair(q2: Array, m_s: Array) -> Array:
    """Rate of h* -> S S at lambda = m_h = 1 that multiplies the two-body rate: beta v_H^2/(8 pi^2) in GeV^2."""
    return np.sqrt(np.maximum(1.0 - 4.0 * np.square(m_s) / q2, 0.0)) * (v_higgs() ** 2 / (8.0 * np.pi**2))


def _strength(coupling: Array, m_h: Array) -> Array:
    """lambda^2/m_h^4 in GeV^-4."""
    value: Array = np.square(coupling) / np.square(np.square(m_h))
    return value


@public
def dbr_dq2_b_to_k(
    q2: npt.ArrayLike,
    m_s: npt.ArrayLike,
    coupling: npt.ArrayLike,
    m_h: npt.ArrayLike | None = None,
    charge: str = "+",
    **options: Any,
) -> Array:
    """Spectrum of B -> K S S.

    Parameters
    ----------
    q2 : array_like
        Squared mass of the pair in GeV^2, 1e-20 to 1e6.
    m_s : array_like
        Mass of S in GeV, 0 to 1e4.
    coupling : array_like
        Coupling lambda, 0 to 1e6.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    **options
        kappa, form_factor, nuisance and inputs as in `meson_decays.br_b_to_k_scalar`; one kappa and one nuisance vector.

    Returns
    -------
    ndarray or float
        dBR/dq2 in GeV^-2; exactly zero below 4 m_S^2 and above (m_B - m_K)^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``kappa^2 lambda^2 v_H^2/(512 pi^3 m_B^3 m_h^4) F^2 f_0^2 sqrt(K(m_B^2, m_K^2, q2)) sqrt(1 - 4 m_S^2/q2)`` times the
    lifetime, with ``F = (m_B^2 - m_K^2)/(m_b - m_s)``.
    This is half of the rate of two different scalars with the amplitude ``kappa (F f_0/2) 2 lambda v_H/m_h^2``.
    The 1/2 of F f_0/2 is that of the chiral projector in sbar_L b_R.
    Boiarska et al., arXiv:1904.10447, have the same rate with ``alpha = 2 lambda v_H``.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(*(f"{x:.3e}" for x in singlet.dbr_dq2_b_to_k([0.5, 4.0, 25.0], 0.5, 1.0, 125.0)))
    0.000e+00 1.499e-06 0.000e+00
    """
    two_body = at_unit_mixing(br_b_to_k_scalar, charge, None, options)
    q2, m_s = checked("q2", q2, 1e-20, 1e6, "GeV^2"), checked("m_s", m_s, 0.0, _ANY_MASS, "GeV")
    coupling, m_h = _coupling(coupling), _m_h(m_h)
    together(q2=q2, m_s=m_s, coupling=coupling, m_h=m_h)
    value: Array = two_body(np.sqrt(q2)) * _pair(q2, m_s) * _strength(coupling, m_h)
    return value[()]


def _rule(m_s: Array, end: float) -> tuple[Array, Array]:
    """Nodes and weights in q2 from 4 m_S^2 to `end`, for square roots at both ends; the nodes are the last axis."""
    t, w = legendre(_NODES)
    low = np.minimum(4.0 * np.square(m_s), end)[..., None]
    return low + (end - low) * t**2 * (3.0 - 2.0 * t), (end - low) * 6.0 * t * (1.0 - t) * w


def _integral(two_body: Callable[[Array], Array], m_s: Array, end: float) -> Array:
    """Integral over q2 at lambda = 1 and m_h = 1 GeV."""
    q2, weights = _rule(m_s, end)
    value: Array = np.sum(weights * two_body(np.sqrt(q2)) * _pair(q2, m_s[..., None]), axis=-1)
    return value


def _br(
    rate: Callable[..., Array],
    meson: str,
    charge: str,
    arguments: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike | None],
    options: dict[str, Any],
) -> Array:
    two_body = at_unit_mixing(rate, charge, None, options)
    m_s = checked("m_s", arguments[0], 0.0, _ANY_MASS, "GeV")
    coupling, m_h = _coupling(arguments[1]), _m_h(arguments[2])
    together(m_s=m_s, coupling=coupling, m_h=m_h)
    end = float(natural(f"m_B{charge}") - natural(f"m_{meson}{charge}")) ** 2
    value: Array = _integral(two_body, m_s, end) * _strength(coupling, m_h)
    return value[()]


@public
def br_b_to_k(
    m_s: npt.ArrayLike,
    coupling: npt.ArrayLike,
    m_h: npt.ArrayLike | None = None,
    charge: str = "+",
    **options: Any,
) -> Array:
    """Branching ratio of B -> K S S, without the neutrinos of the Standard Model.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0 to 1e4.
    coupling : array_like
        Coupling lambda, 0 to 1e6.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.
    charge : {"+", "0"}
        B+ -> K+ or B0 -> K0.
    **options
        kappa, form_factor, nuisance and inputs as in `meson_decays.br_b_to_k_scalar`; one kappa and one nuisance vector.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_s above (m_B - m_K)/2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    The integral of `dbr_dq2_b_to_k` by a fixed rule, good to 1e-8.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(*(f"{x:.3e}" for x in singlet.br_b_to_k([0.0, 1.0, 2.4], 1.0, 125.0)))
    3.947e-05 2.533e-05 0.000e+00
    """
    return _br(br_b_to_k_scalar, "K", charge, (m_s, coupling, m_h), options)


@public
def br_b_to_kstar(
    m_s: npt.ArrayLike,
    coupling: npt.ArrayLike,
    m_h: npt.ArrayLike | None = None,
    charge: str = "0",
    **options: Any,
) -> Array:
    """Branching ratio of B -> K* S S, without the neutrinos of the Standard Model.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0 to 1e4.
    coupling : array_like
        Coupling lambda, 0 to 1e6.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.
    charge : {"0", "+"}
        B0 -> K*0 or B+ -> K*+.
    **options
        kappa, form_factor, nuisance and inputs as in `meson_decays.br_b_to_kstar_scalar`.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_s above (m_B - m_K*)/2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    As `br_b_to_k`, with the two-body rate of B -> K* and a scalar, ``K^(3/2) A_0^2/(m_b + m_s)^2``.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> f"{singlet.br_b_to_kstar(0.5, 1.0, 125.0):.3e}"
    '1.816e-05'
    """
    return _br(br_b_to_kstar_scalar, "K*", charge, (m_s, coupling, m_h), options)


@public
def br_b_to_k_2004(m_s: npt.ArrayLike, coupling: npt.ArrayLike, m_h: npt.ArrayLike, *, projector: bool = True) -> Array:
    """Branching ratio of B -> K S S with form factor, top mass, CKM product and lifetime of 2004.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0 to 1e4.
    coupling : array_like
        Coupling lambda, 0 to 1e6.
    m_h : array_like
        Mass of the Higgs boson in GeV, 20 to 1000.
    projector : bool
        Whether the matrix element of sbar_L b_R is half of that of sbar b, as it is. Without the half the rate is four times
        larger, and the coefficient 2.8e-4 that hep-ph/0401195 prints comes out.

    Returns
    -------
    ndarray or float
        Dimensionless; exactly zero for m_s above (m_B - m_K)/2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``C_DM^2 f_0^2 m_b^2 (m_B^2 - m_K^2)^2/(2048 pi^3 m_B^3 (m_b - m_s)^2)`` times the two velocities, with
    ``f_0 = 0.3 exp(0.63 x - 0.095 x^2 + 0.591 x^3)`` and ``x = q2/m_B^2``; 512 in place of 2048 without the projector.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(*(f"{singlet.br_b_to_k_2004(0.0, 1.0, 100.0, projector=on):.2e}" for on in (True, False)))
    6.68e-05 2.67e-04
    """
    m_s, coupling, m_h = checked("m_s", m_s, 0.0, _ANY_MASS, "GeV"), _coupling(coupling), checked("m_h", m_h, 20.0, 1e3, "GeV")
    together(m_s=m_s, coupling=coupling, m_h=m_h)
    m_b, m_k = natural("m_B+"), natural("m_K+")
    q2, weights = _rule(m_s, float(m_b - m_k) ** 2)
    a, b, c, d = natural("singlet.f_0.2004", "1")
    x = q2 / m_b**2
    f_0 = a * np.exp(b * x + c * x**2 + d * x**3)
    # C_DM = 3 g_W^2 V x_t lambda/(32 pi^2 m_h^2), with g_W^2 x_t = 4 sqrt(2) G_F m_t^2
    g_x = 4.0 * np.sqrt(2.0) * natural("G_F", "GeV^-2") * natural("singlet.m_t.2004") ** 2
    c_dm = 3.0 * g_x * natural("singlet.|V_ts*V_tb|.2004", "1") / (32.0 * np.pi**2)
    half = 0.5 if switch("projector", projector) else 1.0
    density = half * natural("m_b") * (m_b**2 - m_k**2) / (natural("m_b") - natural("m_s"))
    beta = np.sqrt(np.maximum(1.0 - 4.0 * np.square(m_s)[..., None] / q2, 0.0))
    root = np.sqrt(np.maximum(kallen(m_b**2, m_k**2, q2), 0.0))
    width = np.sum(weights * f_0**2 * root * beta, axis=-1) * (c_dm * density) ** 2 / (512.0 * np.pi**3 * m_b**3)
    value: Array = width * natural("singlet.tau_B+.2004", "GeV^-1") * _strength(coupling, m_h)
    return value[()]


@public
def momentum_fraction(m_s: npt.ArrayLike, p_min: npt.ArrayLike, relative: bool = False) -> Array:
    """Share of the decays B+ -> K+ S S in which the kaon is faster than a given momentum.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0 to 2.39.
    p_min : array_like
        Momentum of the kaon in the rest frame of the B meson in GeV, 0 to 2.5.
    relative : bool
        Whether the share is divided by that of the neutrinos of the Standard Model.

    Returns
    -------
    ndarray or float
        Not negative; at most 1 if it is not relative.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(singlet.momentum_fraction([0.1, 1.0, 1.9], 1.5).round(3))
    [0.508 0.34  0.   ]
    """
    m_s, p_min = checked("m_s", m_s, 0.0, 2.39, "GeV"), checked("p_min", p_min, 0.0, 2.5, "GeV")
    together(m_s=m_s, p_min=p_min)
    m_b, m_k = float(natural("m_B+")), float(natural("m_K+"))
    two_body = at_unit_mixing(br_b_to_k_scalar, "+", None, {})
    # m_B = sqrt(p^2 + m_K^2) + sqrt(p^2 + q2)
    energy = np.sqrt(p_min**2 + m_k**2)
    end = np.clip(m_b**2 + m_k**2 - 2.0 * m_b * energy, 0.0, (m_b - m_k) ** 2)
    t, w = legendre(_NODES)
    low = np.minimum(4.0 * np.square(m_s), end)[..., None]
    step = end[..., None] - low
    q2 = np.maximum(low + step * t**2 * (3.0 - 2.0 * t), 1e-20)
    part = np.sum(step * 6.0 * t * (1.0 - t) * w * two_body(np.sqrt(q2)) * _pair(q2, m_s[..., None]), axis=-1)
    value: Array = part / _integral(two_body, m_s, (m_b - m_k) ** 2)
    if switch("relative", relative):
        neutrinos = np.sum(w * standard_model.dbr_dq2_b_to_k_nunu(end[..., None] * t), axis=-1) * end
        value = value * standard_model.br_b_to_k_nunu() / neutrinos
    return value[()]


@public
def gamma_virtual_higgs(mass: npt.ArrayLike, hadrons: str = "Winkler19") -> Array:
    """Total width of a Standard Model Higgs boson of any mass below 10 GeV.

    Parameters
    ----------
    mass : array_like
        Mass in GeV, 0.002 to 10.
    hadrons : {"Winkler19", "Donoghue90", "chiral"}
        Description of the hadrons, see the notes.

    Returns
    -------
    ndarray or float
        Width in GeV into leptons, photons and hadrons.

    Raises
    ------
    ParameterError
        If a parameter is out of range or the description is unknown.

    Notes
    -----
    It is `light_higgs.gamma_sm_like`, which has the three descriptions, with the dispersive one as "Winkler19".

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(*(f"{singlet.gamma_virtual_higgs(0.5, hadrons):.1e}" for hadrons in singlet.HADRONS))
    2.5e-08 3.1e-08 7.9e-09
    """
    m = checked("mass", mass, 2e-3, 10.0, "GeV")
    return light_higgs.gamma_sm_like(m, hadrons=_NAMES[choice("hadrons", hadrons, HADRONS)])


@public
def sigma_v(m_s: npt.ArrayLike, coupling: npt.ArrayLike, m_h: npt.ArrayLike | None = None, hadrons: str = "Winkler19") -> Array:
    """Annihilation cross-section of S S at rest, times the relative velocity.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0.001 to 5.
    coupling : array_like
        Coupling lambda, 0 to 1e6.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.
    hadrons : {"Winkler19", "Donoghue90", "chiral"}
        Description of the hadrons, see `gamma_virtual_higgs`.

    Returns
    -------
    ndarray or float
        ``sigma v`` in GeV^-2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or the description is unknown.

    Notes
    -----
    ``8 v_H^2 lambda^2/m_h^4 Gamma(m)/m`` at ``m = 2 m_S``, with the width of a virtual Higgs boson; hep-ph/0401195.
    It follows from the amplitude ``2 lambda v_H/m_h^2`` times that of h* -> X, whose square integrated over the phase space
    of X is 2 m Gamma, over the flux 4 m_S^2.

    Examples
    --------
    >>> from darkhiggs import units
    >>> from darkhiggs.rivals import singlet
    >>> f"{units.convert(singlet.sigma_v(1.0, 1.0, 125.0), 'GeV^-2', 'cm^3/s'):.2e}"
    '2.28e-27'
    """
    m_s, coupling, m_h = checked("m_s", m_s, 1e-3, 5.0, "GeV"), _coupling(coupling), _m_h(m_h)
    together(m_s=m_s, coupling=coupling, m_h=m_h)
    m = 2.0 * m_s
    value: Array = 8.0 * v_higgs() ** 2 * _strength(coupling, m_h) * gamma_virtual_higgs(m, hadrons) / m
    return value[()]


@public
def coupling_for(
    m_s: npt.ArrayLike,
    m_h: npt.ArrayLike | None = None,
    hadrons: str = "Winkler19",
    omega_h2: npt.ArrayLike | None = None,
) -> Array:
    """Coupling for which S has the density of the dark matter.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0.001 to 4.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.
    hadrons : {"Winkler19", "Donoghue90", "chiral"}
        Description of the hadrons, see `gamma_virtual_higgs`.
    omega_h2 : array_like, optional
        Relic density, 1e-3 to 10; by default the input ``Omega h^2``.

    Returns
    -------
    ndarray or float
        lambda, proportional to m_h^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or the description is unknown.

    Notes
    -----
    lambda is found by an iteration in ln(lambda^2) on the Boltzmann equation of `relic.omega_h2_for`, good to 1e-6.
    The rate at all energies enters. With `sigma_v`, the one at rest, lambda changes by up to a third just below the threshold
    of pions, by up to a quarter near the f_0(980), by a factor of two or more just above the threshold of muons, and by less
    than 12 % elsewhere.
    The result is a number of perturbation theory at tree level; where `loop_size` is of order 1 or larger it is only formal.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(singlet.coupling_for([0.3, 1.0, 2.0], 125.0).round(2))
    [5.39 4.3  1.62]
    """
    m_s, m_h = checked("m_s", m_s, 1e-3, 4.0, "GeV"), _m_h(m_h)
    target = np.asarray(natural("Omega h^2", "1")) if omega_h2 is None else checked("omega_h2", omega_h2, 1e-3, 10.0)
    together(m_s=m_s, m_h=m_h, omega_h2=target)
    choice("hadrons", hadrons, HADRONS)
    m_s, m_h, target = np.broadcast_arrays(m_s, m_h, target)
    flat, wanted = m_s.ravel(), target.ravel()
    # lambda/m_h^2 is what the density fixes; the reference is 1/(100 GeV)^2
    unit = 8.0 * v_higgs() ** 2 / 1e8
    edges, rest = light_higgs.edges(_NAMES[hadrons]), sigma_v(flat, 1.0, 100.0, hadrons)
    breaks = edges, np.zeros_like(edges)
    log = np.log(relic.thermal_cross_section(flat, "s", True) / rest)
    for _ in range(_STEPS):
        scale = np.exp(log)

        def rate(s: Array, scale: Array = scale) -> Array:
            energy = np.sqrt(s)
            return scale * unit * energy * gamma_virtual_higgs(np.minimum(energy, 10.0), hadrons)

        log = log + np.log(relic.omega_h2_for(flat, rate, 1.0, True, breaks) / wanted)
    value: Array = np.exp(0.5 * log).reshape(m_s.shape) * np.square(m_h / 100.0)
    return value[()]


@public
def coupling_for_rate(br: npt.ArrayLike, m_s: npt.ArrayLike, m_h: npt.ArrayLike | None = None) -> Array:
    """Coupling for which B+ -> K+ S S has a given branching ratio.

    Parameters
    ----------
    br : array_like
        Branching ratio, 0 to 1.
    m_s : array_like
        Mass of S in GeV, 0 to 2.39.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.

    Returns
    -------
    ndarray or float
        lambda, proportional to m_h^2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> f"{singlet.coupling_for_rate(1.8e-5, 0.5, 125.0):.3f}"
    '0.720'
    """
    br, m_s, m_h = checked("br", br, 0.0, 1.0), checked("m_s", m_s, 0.0, 2.39, "GeV"), _m_h(m_h)
    together(br=br, m_s=m_s, m_h=m_h)
    value: Array = np.sqrt(br / br_b_to_k(m_s, 1.0, m_h))
    return value[()]


@public
def loop_size(coupling: npt.ArrayLike, m_h: npt.ArrayLike | None = None) -> Array:
    """Size of the correction of a virtual Higgs boson by its own S S pairs, relative to the tree.

    Parameters
    ----------
    coupling : array_like
        Coupling lambda, 0 to 1e6.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.

    Returns
    -------
    ndarray or float
        Where it reaches 1, perturbation theory has failed.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``lambda^2 v_H^2/(8 pi m_h^2)``: the imaginary part ``sqrt(q2) Gamma(h* -> S S)`` of the self-energy for a light S, over
    the m_h^2 of the propagator far below the mass of the Higgs boson.
    The vacuum with S = 0 is the deepest one only if ``lambda_S > 2 lambda^2 v_H^2/m_h^2``, which is 16 pi times this size.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(singlet.loop_size([0.005, 1.0, 4.0], 125.0).round(6))
    [4.000000e-06 1.543780e-01 2.470049e+00]
    """
    coupling, m_h = _coupling(coupling), _m_h(m_h)
    together(coupling=coupling, m_h=m_h)
    value: Array = np.square(coupling * v_higgs() / m_h) / (8.0 * np.pi)
    return value[()]


@public
def gamma_higgs_to_ss(m_s: npt.ArrayLike, coupling: npt.ArrayLike, m_h: npt.ArrayLike | None = None) -> Array:
    """Width of the Higgs boson into S S.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0 to 1e4.
    coupling : array_like
        Coupling lambda, 0 to 1e6.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.

    Returns
    -------
    ndarray or float
        Width in GeV; exactly zero for m_s above m_h/2.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    ``lambda^2 v_H^2/(8 pi m_h) beta``: half of the width into two different scalars with the amplitude 2 lambda v_H.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> f"{singlet.gamma_higgs_to_ss(0.5, 0.01, 125.0):.3e}"
    '1.930e-03'
    """
    m_s, coupling, m_h = checked("m_s", m_s, 0.0, _ANY_MASS, "GeV"), _coupling(coupling), _m_h(m_h)
    together(m_s=m_s, coupling=coupling, m_h=m_h)
    beta = np.sqrt(np.maximum(1.0 - np.square(2.0 * m_s / m_h), 0.0))
    value: Array = np.square(coupling * v_higgs()) / (8.0 * np.pi * m_h) * beta
    return value[()]


@public
def br_higgs_invisible(m_s: npt.ArrayLike, coupling: npt.ArrayLike) -> Array:
    """Invisible branching ratio of the observed Higgs boson.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0 to 1e4.
    coupling : array_like
        Coupling lambda, 0 to 1e6.

    Returns
    -------
    ndarray or float
        Between BR(h -> ZZ* -> 4 nu) and 1.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(singlet.br_higgs_invisible(0.5, [0.0, 0.005, 1.0]).round(4))
    [0.0011 0.1061 0.9998]
    """
    return branching_ratio(gamma_higgs_to_ss(m_s, coupling))


@public
def coupling_max(m_s: npt.ArrayLike, br_limit: npt.ArrayLike | None = None) -> Array:
    """Largest coupling that a limit on invisible decays of the observed Higgs boson allows.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0 to 60.
    br_limit : array_like, optional
        Upper limit on BR(h -> inv), above BR(h -> ZZ* -> 4 nu) = 1.06e-3 and up to 0.999; by default the input
        ``bound.higgs_invisible``.

    Returns
    -------
    ndarray or float
        lambda.

    Raises
    ------
    ParameterError
        If a parameter is out of range or not finite.

    Notes
    -----
    `br_higgs_invisible` = br_limit, solved for lambda^2, which is exact.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(f"{singlet.coupling_max(0.5):.5f} {singlet.coupling_max(0.5, 0.107):.5f}")
    0.00561 0.00502
    """
    m_s = checked("m_s", m_s, 0.0, 60.0, "GeV")
    limit = checked_limit(br_limit, 0.999)
    together(m_s=m_s, br_limit=limit)
    value: Array = np.sqrt(room(limit) / gamma_higgs_to_ss(m_s, 1.0))
    return value[()]


@public
def coupling_max_cmb(m_s: npt.ArrayLike, hadrons: str = "Winkler19") -> Array:
    """Largest coupling that the CMB allows if S is all of the dark matter.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, 0.001 to 100.
    hadrons : {"Winkler19", "Donoghue90", "chiral"}
        Description of the hadrons, see `gamma_virtual_higgs`.

    Returns
    -------
    ndarray or float
        lambda, for the input m_h.

    Raises
    ------
    ParameterError
        If a mass is out of range or the description is unknown.

    Notes
    -----
    The cross-section at rest is at the limit of `cmb.annihilation_limit`, with half the efficiency of electrons.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> print(singlet.coupling_max_cmb([0.3, 1.0, 2.0]).round(2))
    [0.45 0.83 0.45]
    """
    m_s = checked("m_s", m_s, 1e-3, 100.0, "GeV")
    return np.sqrt(2.0 * cmb.annihilation_limit(m_s, "ee", True) / sigma_v(m_s, 1.0, None, hadrons))[()]


@public
def spectra(m_s: npt.ArrayLike) -> belle2.Spectrum:
    """Spectra of B+ -> K+ S S for many masses, folded with the efficiency of Belle II.

    Parameters
    ----------
    m_s : array_like
        Masses of S in GeV, 0 to (m_B - m_K)/2.

    Returns
    -------
    belle2.Spectrum
        Of the shape of `m_s`, with `br` equal to 1.

    Raises
    ------
    ParameterError
        If a mass is out of range, or so close to its upper end that no bin has an efficiency for it.

    Examples
    --------
    >>> from darkhiggs.rivals import singlet
    >>> singlet.spectra([0.1, 0.6]).efficiency.shape
    (2, 18)
    """
    m = checked("m_s", m_s, 0.0, 0.5 * float(natural("m_B+") - natural("m_K+")), "GeV")
    rows = [belle2.Spectrum.three_body(float(x)).efficiency for x in m.ravel()]
    if not rows:
        raise ParameterError("m_s holds no mass; give at least one in GeV")
    return belle2.Spectrum(np.reshape(rows, (*m.shape, -1)), np.ones(m.shape))


@public
def sigma_nucleon(m_s: npt.ArrayLike, coupling: npt.ArrayLike, m_h: npt.ArrayLike | None = None) -> Array:
    """Elastic cross-section of S with one nucleon at rest.

    Parameters
    ----------
    m_s : array_like
        Mass of S in GeV, above 0 up to 10000.
    coupling : array_like
        lambda, 0 to 1e6.
    m_h : array_like, optional
        Mass of the Higgs boson in GeV, 20 to 1000; by default the input m_h.

    Returns
    -------
    ndarray or float
        In GeV^-2.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    ``mu^2/pi [lambda f_n m_n/(m_S m_h^2)]^2`` with the reduced mass mu and f_n as in `direct_detection.sigma_nucleon`; the
    amplitude is ``4 lambda f_n m_n^2/m_h^2``.

    Examples
    --------
    >>> from darkhiggs import units
    >>> from darkhiggs.rivals import singlet
    >>> f"{units.convert(singlet.sigma_nucleon(0.6, 1.0), 'GeV^-2', 'cm^2'):.1e}"
    '1.5e-38'
    """
    m_s, coupling, m_h = checked("m_s", m_s, 0.0, _ANY_MASS, "GeV", open_low=True), _coupling(coupling), _m_h(m_h)
    together(m_s=m_s, coupling=coupling, m_h=m_h)
    nucleon = 0.5 * (natural("m_p") + natural("m_n"))
    return ((coupling * natural("f_n", "1") * nucleon**2 / (m_s + nucleon) / m_h**2) ** 2 / np.pi)[()]


@public
def row(inputs: str = "talk") -> Row:
    """Hold the mass of S that the published spectrum prefers against the data.

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
    >>> from darkhiggs.rivals import singlet
    >>> row = singlet.row()
    >>> print(f"{row.rate:.1e} {row.delta_chi2:.1f} {row.kstar:.1f}")
    3.5e-05 9.7 1.9
    """
    with use(choice("inputs", inputs, sets())):
        shapes = spectra(_MASSES)
        fit = belle2.Likelihood().fit_rate(shapes)
        best = int(np.argmax(fit.delta_chi2))
        m_s, rate = float(_MASSES[best]), float(fit.rate[best])
        kaon, higgs, thermal = br_b_to_k(m_s, 1.0), coupling_max(m_s), coupling_for(m_s)
        coupling = float(coupling_for_rate(rate, m_s))
        densities = np.geomspace(1e-2, 10.0, 13)
        density = np.exp(np.interp(-np.log(coupling), -np.log(coupling_for(m_s, omega_h2=densities)), np.log(densities)))
        return against_the_data(
            "singlet scalar of 2004",
            "rival_singlet",
            spectra(m_s),
            statements=("S138", "S143"),
            point=f"m_S = {m_s:.2f} GeV",
            kstar=float(br_b_to_kstar(m_s, 1.0) / kaon),
            family=shapes,
            cells={
                "Higgs": compare(br_higgs_invisible(m_s, coupling), "bound.higgs_invisible"),
                "relic density": compare(density, "Omega h^2"),
                "CMB": annihilation(0.5 * float(sigma_v(m_s, coupling)), m_s, "ee", True),
                "direct detection": scattering(float(sigma_nucleon(m_s, coupling)), m_s),
            },
            bears=(
                f"lambda = {coupling:.2f}",
                f"invisible decays of the Higgs boson leave lambda up to {higgs:.4f}, a rate of {kaon * higgs**2:.1e}",
                f"the relic density needs lambda = {thermal:.1f}, {kaon * thermal**2 / rate:.0f} times the rate",
                f"the CMB leaves lambda up to {coupling_max_cmb(m_s):.2f} if S is all of the dark matter",
            ),
        )
